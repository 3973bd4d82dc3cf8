package signin

import (
	"crypto/rand"
	"sync"
)

// store keeps what the platform has handed out and expects back: codes, refresh tokens, sign-ins under way. Values go
// in and out by copy, so that two requests never share one.
type store[T any] struct {
	mu    sync.Mutex
	items map[string]T
}

func (s *store[T]) put(id string, item T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.items == nil {
		s.items = map[string]T{}
	}
	s.items[id] = item
}

func (s *store[T]) get(id string) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, ok := s.items[id]
	return item, ok
}

// take removes the item, so that of two requests that present it only one gets it.
func (s *store[T]) take(id string) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, ok := s.items[id]
	delete(s.items, id)
	return item, ok
}

// change replaces an item by what f makes of it, or leaves it when f returns an error.
func (s *store[T]) change(id string, f func(T) (T, error)) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, ok := s.items[id]
	if !ok {
		return false, nil
	}
	item, err := f(item)
	if err == nil {
		s.items[id] = item
	}
	return true, err
}

// opaque makes an unguessable text for a code or a refresh token: 52 letters and digits.
func opaque() string { return rand.Text() + rand.Text() }
