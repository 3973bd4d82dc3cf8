package chaos_test

import (
	"fmt"
	"slices"
	"sync"
)

// parallelism is how many operations Terraform runs at once.
const parallelism = 10

// walk visits every node once, after those that it waits for, and up to parallelism at once. What waits for a node whose
// visit failed is not visited.
func walk(nodes map[string][]string, visit func(string) bool) {
	done := map[string]chan struct{}{}
	good := sync.Map{}
	for node := range nodes {
		done[node] = make(chan struct{})
	}
	turns := make(chan struct{}, parallelism)
	var all sync.WaitGroup
	for node, waits := range nodes {
		all.Go(func() {
			defer close(done[node])
			for _, other := range waits {
				<-done[other]
				if _, ok := good.Load(other); !ok {
					return
				}
			}
			turns <- struct{}{}
			defer func() { <-turns }()
			if visit(node) {
				good.Store(node, true)
			}
		})
	}
	all.Wait()
}

// acyclic panics where nodes wait for each other: walk would never end, and the fault would be the driver's.
func acyclic(nodes map[string][]string) {
	const visiting, visited = 1, 2
	mark := map[string]int{}
	var visit func(string, []string)
	visit = func(node string, way []string) {
		if _, ok := nodes[node]; !ok {
			panic(fmt.Sprintf("%v waits for %s, which is no node", way, node))
		}
		switch mark[node] {
		case visiting:
			panic(fmt.Sprintf("a cycle: %v", append(way, node)))
		case visited:
			return
		}
		mark[node] = visiting
		for _, other := range nodes[node] {
			visit(other, append(slices.Clone(way), node))
		}
		mark[node] = visited
	}
	for node := range nodes {
		visit(node, nil)
	}
}
