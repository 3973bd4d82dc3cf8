package acctest

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// Moment is a place among the requests to Graph, at which a test lets something happen.
type Moment struct {
	Nth    int  // counted from 1, from the call of [Tenant.At] on
	Writes bool // counts what is no GET alone
	Served bool // once the effect has happened and before the reply leaves; else before anything happens
}

// At lets do run at a moment, once. The request waits for it, and others go on. The result tells how many requests were
// counted so far, and whether the moment has come.
func (x *Tenant) At(m Moment, do func()) (seen func() (requests int, come bool)) {
	return x.gate.set(m, do)
}

// gate stands before a handler.
type gate struct {
	next http.Handler

	mu     sync.Mutex
	moment Moment
	do     func()
	count  int
}

func (g *gate) set(m Moment, do func()) func() (int, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.moment, g.do, g.count = m, do, 0
	return func() (int, bool) {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.count, g.count >= g.moment.Nth
	}
}

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	do, served := g.due(r)
	switch {
	case do == nil:
		g.next.ServeHTTP(w, r)
	case served:
		g.served(w, r, do)
	default:
		do()
		g.next.ServeHTTP(w, r)
	}
}

// served lets do run after the handler, also when that drops the connection instead of an answer.
func (g *gate) served(w http.ResponseWriter, r *http.Request, do func()) {
	held := httptest.NewRecorder()
	func() {
		defer do()
		g.next.ServeHTTP(held, r)
	}()
	maps.Copy(w.Header(), held.Header())
	w.WriteHeader(held.Code)
	// A client that is gone by now is what the test may be about.
	_, _ = w.Write(held.Body.Bytes())
}

// due counts a request, and gives what is to be done at it.
func (g *gate) due(r *http.Request) (do func(), served bool) {
	if !strings.HasPrefix(r.URL.Path, "/v1.0/") {
		return nil, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.do == nil || g.moment.Writes && r.Method == http.MethodGet {
		return nil, false
	}
	if g.count++; g.count != g.moment.Nth {
		return nil, false
	}
	return g.do, g.moment.Served
}
