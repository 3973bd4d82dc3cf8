package emulator_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

// TestTheNewestAreRemembered asks more often than is remembered.
func TestTheNewestAreRemembered(t *testing.T) {
	t.Parallel()
	const most, asked = 10, 35
	c := start(t, emulator.WithRemembered(most))
	for i := range asked {
		c.must(200, "GET", "/applications?$top="+strconv.Itoa(i+1), "")
		c.signIn()
	}
	requests, tokens := c.e.Requests(), c.e.Issued().Tokens
	if len(requests) != most || requests[most-2].Query != "$top="+strconv.Itoa(asked) || requests[0].Query != "$top="+strconv.Itoa(asked-most/2+1) {
		t.Errorf("%d requests are remembered: %+v", len(requests), requests)
	}
	if len(tokens) != most || !slices.Contains(tokens, c.token) {
		t.Errorf("%d tokens are remembered, the newest among them: %t", len(tokens), slices.Contains(tokens, c.token))
	}
	all := start(t, emulator.WithRemembered(0))
	for range asked {
		all.signIn()
	}
	if got := len(all.e.Requests()); got != asked+1 {
		t.Errorf("%d requests of %d are remembered without a bound", got, asked+1)
	}
	if _, err := emulator.New(emulator.WithRemembered(-1)); err == nil {
		t.Error("a negative number is accepted")
	}
}

// end is the emulator's end of a connection.
type end struct {
	net.Conn
	local, remote address
}

type address string

func (address) Network() string    { return "tcp" }
func (a address) String() string   { return string(a) }
func (e end) LocalAddr() net.Addr  { return e.local }
func (e end) RemoteAddr() net.Addr { return e.remote }

// TestConnectionsAreCountedOnce has connections come and go: a port that a client uses again is another connection.
func TestConnectionsAreCountedOnce(t *testing.T) {
	t.Parallel()
	e, err := emulator.New()
	if err != nil {
		t.Fatal(err)
	}
	ask := func(by end) {
		r := httptest.NewRequestWithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, by.LocalAddr()), "GET", origin+"/common/discovery/v2.0/keys", nil)
		r.RemoteAddr = by.remote.String()
		e.ServeHTTP(httptest.NewRecorder(), r)
	}
	first, second := end{local: "cloud", remote: "client:1"}, end{local: "vault", remote: "client:1"}
	for i, step := range []struct {
		do   func()
		want int
	}{
		{func() { ask(first) }, 1},
		{func() { ask(first) }, 1},
		{func() { ask(second) }, 2},
		{func() { e.ConnState(first, http.StateIdle) }, 2},
		{func() { ask(first) }, 2},
		{func() { e.ConnState(first, http.StateClosed) }, 2},
		{func() { ask(second) }, 2},
		{func() { ask(first) }, 3},
	} {
		if step.do(); e.Connections() != step.want {
			t.Errorf("after step %d: %d connections, want %d", i+1, e.Connections(), step.want)
		}
	}
}

// BenchmarkLongRun makes many requests and measures what stays in memory of them: after a tenth, and after all.
func BenchmarkLongRun(b *testing.B) {
	const requests = 100_000
	for b.Loop() {
		var clock movedClock
		c := start(b, emulator.WithClock(clock.now), emulator.WithLag(time.Second))
		busy := fmt.Sprint(c.must(201, "POST", "/applications", `{"displayName":"Busy"}`)["id"])
		clock.advance(3 * time.Second)
		before := heap()
		for i := range requests {
			clock.advance(20 * time.Millisecond)
			switch name := fmt.Sprintf(`{"displayName":"Application %d"}`, i); i % 10 {
			case 0:
				c.signIn()
			case 1:
				app := c.must(201, "POST", "/applications", name)
				path := fmt.Sprint("/applications/", app["id"])
				clock.advance(3 * time.Second) // Every replica knows.
				c.must(204, "DELETE", path, "")
				clock.advance(3 * time.Second)
				c.must(204, "DELETE", fmt.Sprint("/directory/deletedItems/", app["id"]), "")
			case 2, 3, 4:
				c.must(204, "PATCH", "/applications/"+busy, name)
			default:
				c.must(200, "GET", "/applications?$top=5&$filter=displayName+eq+'"+strconv.Itoa(i)+"'", "")
			}
			if i == requests/10 {
				b.ReportMetric(float64(heap()-before)/(1<<20), "MiB-of-10,000")
			}
		}
		b.ReportMetric(float64(heap()-before)/(1<<20), "MiB-of-100,000")
		runtime.KeepAlive(c)
	}
}

// heap is what is in use, in bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // Far from the end.
}

type movedClock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *movedClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Unix(1_800_000_000, 0).Add(c.ahead)
}

func (c *movedClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}
