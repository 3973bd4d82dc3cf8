package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// fate is what becomes of a terraform command on its way.
type fate string

const (
	goesThrough      fate = "nothing"
	providerKilled   fate = "SIGKILL of the provider"
	terraformKilled  fate = "SIGKILL of terraform"
	interruptedOnce  fate = "SIGINT"
	interruptedTwice fate = "SIGINT twice"
)

var fates = []fate{goesThrough, providerKilled, terraformKilled, interruptedOnce, interruptedTwice}

// strike lets a fate come over a command. The result is when it did, and the providers that were at work.
func (f fate) strike(command *acctest.Process) (at time.Time, providers []int, err error) {
	terraform := command.Cmd.Process
	if providers, err = providersOf(terraform.Pid); err != nil {
		return at, nil, err
	}
	at = time.Now()
	switch f {
	case goesThrough:
	case providerKilled:
		for _, pid := range providers {
			err = errors.Join(err, syscall.Kill(pid, syscall.SIGKILL))
		}
		if len(providers) == 0 {
			err = errors.New("no provider is there to be killed")
		}
	case terraformKilled:
		err = terraform.Kill()
	case interruptedOnce:
		err = terraform.Signal(os.Interrupt)
	case interruptedTwice:
		err = command.Interrupt()
		if again := terraform.Signal(os.Interrupt); !errors.Is(again, os.ErrProcessDone) { // the first may have been enough
			err = errors.Join(err, again)
		}
	}
	return at, providers, err
}

// providersOf lists the provider processes that a terraform has started and that are alive.
func providersOf(terraform int) ([]int, error) {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, link := range links {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		if err != nil {
			return nil, err
		}
		if isProvider(pid) && parent(pid) == terraform {
			found = append(found, pid)
		}
	}
	return found, nil
}

// isProvider tells whether a process is alive and runs the built provider.
func isProvider(pid int) bool {
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return err == nil && exe == binary
}

// parent is a process's parent, 0 when the process has ended.
func parent(pid int) int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(stat, []byte(") ")) // the name before may hold anything
	fields := bytes.Fields(rest)
	if len(fields) < 2 {
		return 0
	}
	ppid, _ := strconv.Atoi(string(fields[1]))
	return ppid
}

// gone waits for providers to end, and gives how long that took.
func gone(t *testing.T, providers []int, within time.Duration) time.Duration {
	t.Helper()
	start := time.Now()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		alive := 0
		for _, pid := range providers {
			if isProvider(pid) {
				alive++
			}
		}
		took := time.Since(start)
		switch {
		case alive == 0:
			return took
		case took > within:
			t.Fatalf("%d of the providers %v are still there %v after their terraform was killed", alive, providers, took)
		}
		select {
		case <-again.C:
		case <-t.Context().Done():
			return took
		}
	}
}

// struck is a command that a fate came over.
type struck struct {
	acctest.Result
	come      bool          // the moment came before the command's end
	requests  int           // counted
	stopped   time.Duration // from the signal to terraform's end
	lingering time.Duration // how much longer its providers lived
}

// run runs a command, and strikes at a moment of it.
func (f fate) run(t *testing.T, x *acctest.Tenant, w *acctest.Workspace, m acctest.Moment, args ...string) struck {
	t.Helper()
	type blow struct {
		at        time.Time
		providers []int
		err       error
	}
	started, blows := make(chan *acctest.Process, 1), make(chan blow, 1)
	seen := x.At(m, func() {
		var b blow
		b.at, b.providers, b.err = f.strike(<-started)
		blows <- b
	})
	command := w.Start(t, args...)
	started <- command
	s := struck{Result: command.Wait(t)}
	ended := time.Now()
	if s.requests, s.come = seen(); !s.come {
		return s
	}
	b := <-blows
	if b.err != nil {
		t.Fatalf("%s: %v\n%s", f, b.err, s.Output)
	}
	s.stopped = ended.Sub(b.at)
	s.lingering = gone(t, b.providers, longestEnd)
	return s
}
