package directory

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// secretLedger remembers of each application's secrets what the application itself does not tell: the latest start that
// was ever seen, and the attempts whose reply was lost without a trace.
type secretLedger struct {
	mu   sync.Mutex
	last map[string]time.Time
	lost map[string][]Secret
}

// saw notes the starts of an application's secrets.
func (l *secretLedger) saw(applicationID string, secrets []Secret) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last, l.lost = make(map[string]time.Time), make(map[string][]Secret)
	}
	for _, s := range secrets {
		if s.Start.After(l.last[applicationID]) {
			l.last[applicationID] = s.Start
		}
	}
}

// start chooses the start of a new secret: moved back by up to an hour at random, by which a lost secret is told from
// anybody else's, but later than every start before it, so that starts count generations.
func (l *secretLedger) start(applicationID string, now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	now = now.UTC().Truncate(time.Second)
	earliest := now.Add(-3599 * time.Second)
	if next := l.last[applicationID].Add(time.Second); next.After(earliest) {
		earliest = next
	}
	start := earliest
	if room := int64(now.Sub(earliest) / time.Second); room > 0 {
		offset := rand.Int64N(room + 1) //nolint:gosec // It tells attempts apart; it guards nothing.
		start = earliest.Add(time.Duration(offset) * time.Second)
	}
	if l.last == nil {
		l.last, l.lost = make(map[string]time.Time), make(map[string][]Secret)
	}
	l.last[applicationID] = start
	return start
}

// lose notes an attempt that left no trace so far.
func (l *secretLedger) lose(applicationID string, attempt Secret) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost[applicationID] = append(l.lost[applicationID], attempt)
}

// forget strikes an attempt off whose secret was found and removed.
func (l *secretLedger) forget(applicationID string, made Secret) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost[applicationID] = slices.DeleteFunc(l.lost[applicationID], made.sameAttempt)
}

// lostAny tells whether there are attempts that left no trace.
func (l *secretLedger) lostAny(applicationID string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lost[applicationID]) > 0
}

// surfaced lists the secrets that lost attempts have made after all.
func (l *secretLedger) surfaced(applicationID string, secrets []Secret) []Secret {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Secret
	for _, s := range secrets {
		for _, attempt := range l.lost[applicationID] {
			if s.sameAttempt(attempt) {
				out = append(out, s)
			}
		}
	}
	return out
}
