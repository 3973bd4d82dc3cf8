package directory

import (
	"context"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAddSecret(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newFakeApplication()
		c, f := newFake(t, state.answer)
		var last time.Time
		for range 20 {
			end := time.Now().Add(90*24*time.Hour + 123*time.Millisecond)
			s, err := c.AddSecret(t.Context(), appID, "terraform", end)
			if err != nil {
				t.Fatal(err)
			}
			if s.Value.IsZero() || s.KeyID == "" || s.Hint != "abc" || !s.End.Equal(end.Truncate(time.Second)) {
				t.Fatalf("%+v", s)
			}
			if !s.Start.After(last) {
				t.Errorf("start %v, after one at %v", s.Start, last)
			}
			last = s.Start
			if err := c.RemoveSecret(t.Context(), appID, s.KeyID); err != nil {
				t.Fatal(err)
			}
		}
		if age := time.Since(last); age > time.Hour || age < -20*time.Second {
			t.Errorf("the last start is %v ago", age)
		}
		if f.count("GET") != 1 || f.count("POST") != 40 {
			t.Errorf("%d reads, %d writes", f.count("GET"), f.count("POST"))
		}
		if c.applications.known(appID, anyAge).Secrets != nil && len(c.applications.known(appID, anyAge).Secrets) != 0 {
			t.Error("a secret is left")
		}
	})
}

func TestAddSecretForAValidity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newFakeApplication()
		c, _ := newFake(t, state.answer)
		for range 5 {
			s, err := c.AddSecretFor(t.Context(), appID, "terraform", 90*24*time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.End.Sub(s.Start); got != 90*24*time.Hour {
				t.Errorf("valid for %v", got)
			}
		}
	})
}

// TestReplacingASecretFirstRemovedStillGrows: the process has not seen the application before it removes.
func TestReplacingASecretFirstRemovedStillGrows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newFakeApplication()
		start := time.Now().Truncate(time.Second)
		state.body["passwordCredentials"] = []object{password(keyNumber(100), "old", start, start.Add(time.Hour))}
		c, _ := newFake(t, state.answer)
		if err := c.RemoveSecret(t.Context(), appID, keyNumber(100)); err != nil {
			t.Fatal(err)
		}
		s, err := c.AddSecret(t.Context(), appID, "new", start.Add(time.Hour))
		if err != nil || !s.Start.After(start) {
			t.Errorf("%v, %v", s, err)
		}
	})
}

func TestALostSecretIsRemovedAndMadeAgain(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		committed bool
		lag       int // reads that don't show it
	}{"committed": {true, 0}, "committed, shown late": {true, 3}, "not committed": {false, 0}}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				state := newFakeApplication()
				c, f := newFake(t, nil)
				f.answer = func(line, body string, seen int) answer {
					switch {
					case strings.HasSuffix(line, "/addPassword") && seen == 0:
						if tt.committed {
							state.answer(line, body, seen)
						}
						return refusal(504, "GatewayTimeout", "")
					case strings.HasPrefix(line, "GET") && seen > 0 && seen <= tt.lag:
						return answer{status: 200, body: appJSON(nil)}
					}
					return state.answer(line, body, seen)
				}
				s, err := c.AddSecret(t.Context(), appID, "terraform", time.Now().Add(time.Hour))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.SettleSecret(t.Context(), appID, s.KeyID); err != nil {
					t.Fatal(err)
				}
				state.holdsOnly(t, s)
				if c.ledger.lostAny(appID) == tt.committed {
					t.Error("what was found and removed is no longer looked for, what was not found is")
				}
			})
		})
	}
}

// TestALostSecretThatShowsUpAfterAllIsRemoved: it appears only after the second attempt.
func TestALostSecretThatShowsUpAfterAllIsRemoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newFakeApplication()
		c, f := newFake(t, nil)
		hidden := ""
		f.answer = func(line, body string, seen int) answer {
			if strings.HasSuffix(line, "/addPassword") {
				if seen == 0 {
					hidden = body
					return answer{lost: true}
				}
				state.add(hidden)
			}
			return state.answer(line, body, seen)
		}
		s, err := c.AddSecret(t.Context(), appID, "terraform", time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.SettleSecret(t.Context(), appID, s.KeyID); err != nil {
			t.Fatal(err)
		}
		state.holdsOnly(t, s)
	})
}

// TestALostSecretFoundByALaterAttemptIsRemoved: the second attempt, lost as well, comes upon what the first has made.
func TestALostSecretFoundByALaterAttemptIsRemoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newFakeApplication()
		c, f := newFake(t, nil)
		hidden := ""
		f.answer = func(line, body string, seen int) answer {
			switch {
			case !strings.HasSuffix(line, "/addPassword") || seen > 1:
				return state.answer(line, body, seen)
			case seen == 0:
				hidden = body
			default:
				state.add(hidden)
			}
			return refusal(503, "ServiceUnavailable", "")
		}
		s, err := c.AddSecret(t.Context(), appID, "terraform", time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		state.holdsOnly(t, s)
	})
}

// TestALostSecretInTheWayIsRemovedWhereReplicasDisagree: the application has no room for another, and the replica that is
// to remove the one found doesn't know it yet.
func TestALostSecretInTheWayIsRemovedWhereReplicasDisagree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newFakeApplication()
		state.body["passwordCredentials"] = []object{password(keyNumber(9), "old", time.Now(), time.Now().Add(time.Hour))}
		stale := appJSON(object{"passwordCredentials": state.passwords()})
		c, f := newFake(t, nil)
		staleReads := math.MaxInt
		f.answer = func(line, body string, seen int) answer {
			switch {
			case strings.HasSuffix(line, "/addPassword") && seen == 0:
				state.answer(line, body, seen)
				return answer{lost: true}
			case strings.HasSuffix(line, "/addPassword") && len(state.passwords()) > 1:
				staleReads = 0
				return refusal(400, "TooManyAppPasswords", "Not allowed to add 3 passwords.")
			case strings.HasSuffix(line, "/removePassword") && seen == 0:
				staleReads = 2
				return refusal(400, "Request_BadRequest", "No password credential found")
			case strings.HasPrefix(line, "GET") && staleReads > 0:
				staleReads--
				return answer{status: 200, body: stale}
			}
			return state.answer(line, body, seen)
		}
		s, err := c.AddSecret(t.Context(), appID, "terraform", time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if left := state.passwords(); len(left) != 2 || left[1]["keyId"] != s.KeyID {
			t.Errorf("left: %v, made %s", left, s.KeyID)
		}
		if n := f.count("POST /applications/" + appID + "/addPassword"); n != 3 {
			t.Errorf("%d attempts, want the lost one, the refused one, and one that finds room", n)
		}
	})
}

// TestTheLastAttemptLooksLonger: after it nothing comes upon what it has made.
func TestTheLastAttemptLooksLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newFakeApplication()
		c, f := newFake(t, nil)
		var made time.Time
		f.answer = func(line, body string, seen int) answer {
			switch {
			case strings.HasSuffix(line, "/addPassword"):
				if seen == maxAttempts-1 {
					made = time.Now()
					state.answer(line, body, seen)
				}
				return refusal(503, "ServiceUnavailable", "")
			case strings.HasPrefix(line, "GET") && time.Since(made) < 40*time.Second:
				return answer{status: 200, body: appJSON(nil)}
			}
			return state.answer(line, body, seen)
		}
		_, err := c.AddSecret(t.Context(), appID, "terraform", time.Now().Add(time.Hour))
		wantKind(t, err, KindAmbiguous)
		if n := f.count("POST /applications/" + appID + "/addPassword"); n != maxAttempts || len(state.passwords()) > 0 {
			t.Errorf("%d attempts left %v", n, state.passwords())
		}
	})
}

func TestALostSecretBesideAForeignOneIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newFakeApplication()
		c, f := newFake(t, nil)
		f.answer = func(line, body string, seen int) answer {
			if strings.HasSuffix(line, "/addPassword") {
				state.body["passwordCredentials"] = []object{password(keyNumber(9), "portal", time.Now(), time.Now().Add(time.Hour))}
				return answer{lost: true}
			}
			return state.answer(line, body, seen)
		}
		s, err := c.AddSecret(t.Context(), appID, "terraform", time.Now().Add(time.Hour))
		wantKind(t, err, KindAmbiguous)
		e := errorOf(err)
		if s != nil || len(e.Candidates) != 1 || e.Candidates[0].ID != keyNumber(9) || !strings.Contains(e.Candidates[0].Detail, "valid from") {
			t.Errorf("%v, %+v", s, e)
		}
		if f.count("POST /applications/"+appID+"/removePassword") != 0 {
			t.Error("a foreign secret was removed")
		}
	})
}

func TestACancelledSecretIsNotLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newFakeApplication()
		c, f := newFake(t, nil)
		f.answer = func(line, body string, seen int) answer {
			a := state.answer(line, body, seen)
			if strings.HasSuffix(line, "/addPassword") {
				a.after = time.Hour
			}
			return a
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		s, err := c.AddSecret(ctx, appID, "terraform", time.Now().Add(time.Hour))
		wantKind(t, err, KindCanceled)
		if s != nil || len(state.passwords()) != 0 || time.Since(start) > 20*time.Second {
			t.Errorf("%v, %v after %v", s, state.passwords(), time.Since(start))
		}
	})
}

func TestRemovingASecretThatAReplicaDoesNotKnowYet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newFakeApplication()
		c, f := newFake(t, nil)
		f.answer = func(line, body string, seen int) answer {
			if strings.HasSuffix(line, "/removePassword") && seen < 3 {
				return refusal(400, "Request_BadRequest", "No password credential found")
			}
			return state.answer(line, body, seen)
		}
		s, err := c.AddSecret(t.Context(), appID, "terraform", time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.RemoveSecret(t.Context(), appID, s.KeyID); err != nil || len(state.passwords()) != 0 {
			t.Errorf("%v, left %v", err, state.passwords())
		}
		// One that is gone, and that Graph shows to be gone, is success.
		if err := c.RemoveSecret(t.Context(), appID, keyNumber(77)); err != nil {
			t.Error(err)
		}
	})
}

func TestSecretRefusals(t *testing.T) {
	t.Parallel()
	c, f := newFake(t, nil)
	refused := refusal(400, "TooManyAppPasswords", "Not allowed to add 3 passwords.")
	state := newFakeApplication()
	day := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	state.body["passwordCredentials"] = []object{password(keyNumber(1), "one", day, day), password(keyNumber(2), "two", day, day)}
	f.answer = func(line, body string, seen int) answer {
		switch {
		case strings.HasSuffix(line, "/addPassword"):
			return refused
		case strings.HasPrefix(line, "GET /policies/appManagementPolicies"):
			return answer{status: 200, body: list()}
		case line == "GET /policies/defaultAppManagementPolicy":
			return answer{status: 200, body: object{"isEnabled": true, "applicationRestrictions": object{"passwordCredentials": []object{
				{"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P90D"},
			}}}}
		}
		return state.answer(line, body, seen)
	}
	_, err := c.AddSecret(t.Context(), appID, "x", time.Now().Add(time.Hour))
	wantKind(t, err, KindTooManySecrets)
	if held := errorOf(err).Candidates; len(held) != 2 || held[0].ID != keyNumber(1) || held[1].DisplayName != "two" {
		t.Errorf("the error must name the secrets that are held: %v", held)
	}
	refused = refusal(400, "CredentialInvalidLifetimeAsPerAppPolicy", "Credential lifetime exceeds the max value allowed as per assigned policy")
	_, err = c.AddSecret(t.Context(), appID, "x", time.Now().Add(time.Hour))
	wantKind(t, err, KindPolicy)
	if got := errorOf(err).MaxLifetime; got != "P90D" {
		t.Errorf("MaxLifetime = %q", got)
	}
}
