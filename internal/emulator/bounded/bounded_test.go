package bounded_test

import (
	"slices"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/bounded"
)

func TestRecent(t *testing.T) {
	t.Parallel()
	for most, want := range map[int][]int{0: {1, 2, 3, 4, 5, 6, 7}, 1: {7}, 3: {5, 6, 7}, 7: {1, 2, 3, 4, 5, 6, 7}, 8: {1, 2, 3, 4, 5, 6, 7}} {
		r := bounded.Recent[int]{Most: most}
		for i := range 7 {
			r.Add(i + 1)
		}
		if got := r.All(); !slices.Equal(got, want) {
			t.Errorf("the newest %d: %v, want %v", most, got, want)
		}
		r.Reset()
		r.Add(8)
		if got := r.All(); !slices.Equal(got, []int{8}) {
			t.Errorf("after a reset: %v", got)
		}
	}
}

// TestCounter counts one key among many: it keeps its count as long as it comes now and then, and others don't.
func TestCounter(t *testing.T) {
	t.Parallel()
	var c bounded.Counter[int]
	const others, busy = 120_000, -1
	for i := range others {
		if n := c.Next(i); n != 0 {
			t.Fatalf("%d came %d times before it came", i, n)
		}
		if n := c.Next(busy); n != i {
			t.Fatalf("the busy key came %d times, want %d", n, i)
		}
	}
	if n := c.Next(others - 1); n != 1 {
		t.Errorf("the last key came %d times before, want 1", n)
	}
	if n := c.Next(0); n != 0 {
		t.Errorf("the first of %d keys is still known: %d", others, n)
	}
	c.Reset()
	if n := c.Next(busy); n != 0 {
		t.Errorf("after a reset: %d", n)
	}
}
