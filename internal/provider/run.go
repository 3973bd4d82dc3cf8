package provider

import (
	"context"
	"errors"
	"sync"
	"time"
)

// farewell is how long a plugin may take to end before Terraform kills it, less what it takes to end.
const farewell = 1800 * time.Millisecond

// Run is what a provider's process has open. Terraform doesn't close ephemeral resources when something that depends on
// them fails; it ends the provider instead, which then closes them itself.
type Run struct {
	mu   sync.Mutex
	left map[string]func(context.Context) error
}

func (r *Run) opened(id string, closing func(context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == nil {
		r.left = make(map[string]func(context.Context) error)
	}
	r.left[id] = closing
}

func (r *Run) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.left, id)
}

// Close removes what is still open, all at once, in the time that Terraform leaves a provider for its end. What can't be
// removed in that time ends by its own validity; the error says why.
func (r *Run) Close(ctx context.Context) error {
	r.mu.Lock()
	left := r.left
	r.left = nil
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	var wait sync.WaitGroup
	failures := make(chan error, len(left))
	for _, closing := range left {
		wait.Go(func() { failures <- closing(ctx) })
	}
	wait.Wait()
	close(failures)
	var all error
	for err := range failures {
		all = errors.Join(all, err)
	}
	return all
}
