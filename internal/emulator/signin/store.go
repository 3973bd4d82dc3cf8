package signin

import (
	"crypto/rand"
	"sync"
	"time"
)

// store keeps what the platform has handed out and expects back, as long as it may: codes, refresh tokens, sign-ins under
// way. Values go in and out by copy, so that two requests never share one.
type store[T any] struct {
	mu    sync.Mutex
	items map[string]kept[T]
	// due are the items in the order in which they were put, which is that of their ends.
	due []due
}

type kept[T any] struct {
	item  T
	until time.Time
}

type due struct {
	id    string
	until time.Time
}

// put keeps an item, and drops what has come to its end. All items of a store are kept for the same time.
func (s *store[T]) put(id string, item T, now time.Time, keep time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.items == nil {
		s.items = map[string]kept[T]{}
	}
	over := 0
	for over < len(s.due) && now.After(s.due[over].until) {
		delete(s.items, s.due[over].id)
		over++
	}
	clear(s.due[:over])
	s.due = append(s.due[over:], due{id, now.Add(keep)})
	s.items[id] = kept[T]{item, now.Add(keep)}
}

func (s *store[T]) get(id string, now time.Time) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at(id, now)
}

// at gives an item unless it has come to its end, also when nothing was dropped since.
func (s *store[T]) at(id string, now time.Time) (item T, ok bool) {
	k, ok := s.items[id]
	if !ok || now.After(k.until) {
		return item, false
	}
	return k.item, true
}

// take removes the item, so that of two requests that present it only one gets it.
func (s *store[T]) take(id string, now time.Time) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, ok := s.at(id, now)
	delete(s.items, id)
	return item, ok
}

// change replaces an item by what f makes of it, or leaves it when f returns an error.
func (s *store[T]) change(id string, f func(T) (T, error)) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.items[id]
	if !ok {
		return false, nil
	}
	item, err := f(k.item)
	if err == nil {
		s.items[id] = kept[T]{item, k.until}
	}
	return true, err
}

// opaque makes an unguessable text for a code or a refresh token: 52 letters and digits.
func opaque() string { return rand.Text() + rand.Text() }
