package directory

import (
	"context"
	"strings"
	"sync"
)

// keyedLock serialises the writers of one object; writers of different objects never meet.
type keyedLock struct {
	mu   sync.Mutex
	held map[string]*lockEntry
}

type lockEntry struct {
	turn  chan struct{} // holds one element while the lock is free
	users int           // holder and waiters
}

// lock waits for its turn or for the end of ctx. The function that it returns gives the lock back. Keys are compared
// without case, because GUIDs are.
func (l *keyedLock) lock(ctx context.Context, key string) (unlock func(), err error) {
	key = strings.ToLower(key)
	l.mu.Lock()
	if l.held == nil {
		l.held = make(map[string]*lockEntry)
	}
	entry := l.held[key]
	if entry == nil {
		entry = &lockEntry{turn: make(chan struct{}, 1)}
		entry.turn <- struct{}{}
		l.held[key] = entry
	}
	entry.users++
	l.mu.Unlock()

	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if entry.users--; entry.users == 0 {
			delete(l.held, key)
		}
	}
	// With both ready, select would choose at random.
	if err := ctx.Err(); err != nil {
		leave()
		return nil, err
	}
	select {
	case <-entry.turn:
		return func() { entry.turn <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
