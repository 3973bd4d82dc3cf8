package signin

import (
	"strconv"
	"testing"
	"time"
)

// TestStoreDropsWhatIsOver hands out for much longer than anything is kept.
func TestStoreDropsWhatIsOver(t *testing.T) {
	t.Parallel()
	const keep, given = time.Minute, 1000
	var s store[int]
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for i := range given {
		now = now.Add(time.Second)
		s.put(strconv.Itoa(i), i, now, keep)
		if i%2 == 0 {
			s.take(strconv.Itoa(i), now)
		}
	}
	if most := int(keep/time.Second) + 1; len(s.items) > most || len(s.due) > most {
		t.Errorf("%d items and %d ends are kept, want no more than %d", len(s.items), len(s.due), most)
	}
	last := strconv.Itoa(given - 1)
	if got, ok := s.get(last, now.Add(keep)); !ok || got != given-1 {
		t.Errorf("the last one at its end: %d, %t", got, ok)
	}
	if _, ok := s.get(last, now.Add(keep+1)); ok {
		t.Error("an item is given out after its end")
	}
	if _, ok := s.take(last, now.Add(keep+1)); ok {
		t.Error("an item is taken after its end")
	}
}
