package directory

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeApplication keeps one application, so that what was written can be read.
type fakeApplication struct {
	mu   sync.Mutex
	body object
	keys int
}

func newFakeApplication() *fakeApplication { return &fakeApplication{body: appJSON(nil)} }

func (a *fakeApplication) passwords() []object {
	p, _ := a.body["passwordCredentials"].([]object)
	return p
}

// holdsOnly demands that one secret is there, and no other.
func (a *fakeApplication) holdsOnly(t *testing.T, s *Secret) {
	t.Helper()
	if left := a.passwords(); len(left) != 1 || left[0]["keyId"] != s.KeyID {
		t.Errorf("left: %v, made %s", left, s.KeyID)
	}
}

// add makes a secret as Graph would.
func (a *fakeApplication) add(body string) object {
	var asked struct {
		PasswordCredential struct {
			DisplayName                string
			StartDateTime, EndDateTime time.Time
		}
	}
	if err := json.Unmarshal([]byte(body), &asked); err != nil {
		panic(err) // the SDK wrote it
	}
	a.keys++
	p := asked.PasswordCredential
	made := password(keyNumber(a.keys), p.DisplayName, p.StartDateTime, p.EndDateTime)
	a.body["passwordCredentials"] = append(a.passwords(), made)
	reply := object{"secretText": "abc8Q~value-" + keyNumber(a.keys)}
	for name, value := range made {
		reply[name] = value
	}
	return reply
}

func (a *fakeApplication) remove(body string) bool {
	var asked struct{ KeyID string }
	if err := json.Unmarshal([]byte(body), &asked); err != nil {
		panic(err) // the SDK wrote it
	}
	var left []object
	for _, p := range a.passwords() {
		if p["keyId"] != asked.KeyID {
			left = append(left, p)
		}
	}
	found := len(left) < len(a.passwords())
	a.body["passwordCredentials"] = left
	return found
}

func (a *fakeApplication) answer(line, body string, _ int) answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case line == "POST /applications":
		return answer{status: 201, body: a.body}
	case strings.HasSuffix(line, "/addPassword"):
		return answer{status: 200, body: a.add(body)}
	case strings.HasSuffix(line, "/removePassword"):
		if !a.remove(body) {
			return refusal(400, "Request_BadRequest", "No password credential found")
		}
		return answer{status: 204}
	case strings.HasPrefix(line, "PATCH /applications/"):
		if err := json.Unmarshal([]byte(body), &a.body); err != nil {
			panic(err) // the SDK wrote it
		}
		return answer{status: 204}
	case strings.HasPrefix(line, "GET /applications/"):
		copied := object{}
		for name, value := range a.body {
			copied[name] = value
		}
		return answer{status: 200, body: copied}
	}
	return answer{}
}
