package directory

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const federatedPath = "/applications/" + appID + "/federatedIdentityCredentials"

func githubSpec(name, subject string) FederatedSpec {
	return FederatedSpec{Name: name, Issuer: "https://token.actions.githubusercontent.com", Subject: subject, Audience: "api://AzureADTokenExchange"}
}

func federatedJSON(n int, spec FederatedSpec) object {
	return object{"id": keyNumber(n), "name": spec.Name, "issuer": spec.Issuer, "subject": spec.Subject, "audiences": []string{spec.Audience}, "description": nil}
}

// All credentials of an application that are refreshed together are one request.
func TestFederatedCredentialsAreReadTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, f := newFake(t, func(line, _ string, _ int) answer {
			if line != "GET "+federatedPath {
				return answer{}
			}
			return answer{status: 200, after: time.Millisecond, body: list(federatedJSON(1, githubSpec("one", "a")), federatedJSON(2, githubSpec("two", "b")))}
		})
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				found, err := ReadSettled(t.Context(), c, Memory{}, func(ctx context.Context) (*FederatedCredential, error) {
					return c.FederatedCredential(ctx, appID, strings.ToUpper(keyNumber(n%3)))
				}, (*FederatedCredential).Properties)
				if n%3 == 0 {
					if KindOf(err) != KindNotFound {
						t.Errorf("a credential that is not there: %v", err)
					}
				} else if err != nil || found.ID != keyNumber(n%3) {
					t.Error(found, err)
				}
			})
		}
		all.Wait()
		if n := len(f.lines()); n != 1 {
			t.Errorf("%d requests: %q", n, f.lines())
		}
	})
}

// A request without reply is sent again; what it meets is its own work, or somebody else's that was there before.
func TestFederatedCredentialWhoseReplyWasLost(t *testing.T) {
	t.Parallel()
	spec := githubSpec("github", "repo:o/r:pull_request")
	for what, c := range map[string]struct {
		before  []object // what the application holds
		applied bool     // the lost request was applied
		meets   object   // what the second request finds instead of ours
		want    Kind     // KindUnknown for success
		posts   int
	}{
		"not applied":           {nil, false, nil, KindUnknown, 2},
		"applied":               {nil, true, nil, KindUnknown, 2},
		"somebody's meanwhile":  {nil, false, federatedJSON(7, githubSpec("github", "other")), KindExists, 2},
		"somebody's same, then": {[]object{federatedJSON(7, spec)}, false, nil, KindExists, 2},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				held := c.before
				client, f := newFake(t, func(line, _ string, seen int) answer {
					switch {
					case line == "GET "+federatedPath:
						return answer{status: 200, body: list(held...)}
					case line == "POST "+federatedPath && seen == 0:
						if c.applied {
							held = append(held, federatedJSON(1, spec))
						} else if c.meets != nil {
							held = append(held, c.meets)
						}
						return answer{lost: true}
					case line == "POST "+federatedPath && len(held) > 0:
						return refusal(409, "Request_MultipleObjectsWithSameKeyValue", "FederatedIdentityCredential with name github already exists.")
					case line == "POST "+federatedPath:
						held = append(held, federatedJSON(1, spec))
						return answer{status: 201, body: held[0]}
					}
					return answer{}
				})
				made, err := client.CreateFederatedCredential(t.Context(), appID, spec)
				if c.want != KindUnknown {
					wantKind(t, err, c.want)
					if got := errorOf(err).Candidates; len(got) != 1 || got[0].ID != keyNumber(7) {
						t.Errorf("candidates: %+v", got)
					}
				} else if err != nil || made.ID != keyNumber(1) || made.FederatedSpec != spec {
					t.Errorf("%+v, %v", made, err)
				}
				if n := f.count("POST"); n != c.posts {
					t.Errorf("%d requests to create it, want %d", n, c.posts)
				}
			})
		})
	}
}

// What this process has removed is no rival, whatever a replica that is late still shows; and only what differs is
// written.
func TestFederatedCredentialsAreRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		old, spec := githubSpec("github", "a"), githubSpec("renamed", "a")
		lists, posted := 0, false
		c, f := newFake(t, func(line, _ string, _ int) answer {
			switch {
			case line == "GET "+federatedPath:
				lists++
				switch {
				case posted:
					return answer{status: 200, body: list(federatedJSON(2, spec))}
				case lists < 4:
					return answer{status: 200, body: list(federatedJSON(1, old))}
				}
				return answer{status: 200, body: list()}
			case strings.HasPrefix(line, "DELETE "), strings.HasPrefix(line, "PATCH "):
				return answer{status: 204}
			case strings.HasPrefix(line, "POST "):
				posted = true
				return answer{status: 201, body: federatedJSON(2, spec)}
			}
			return answer{}
		})
		if err := c.DeleteFederatedCredential(t.Context(), appID, keyNumber(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.CreateFederatedCredential(t.Context(), appID, spec); err != nil {
			t.Fatal(err)
		}
		updated := spec
		updated.Subject, updated.Description = "b", "text"
		if _, err := c.UpdateFederatedCredential(t.Context(), appID, keyNumber(2), spec, updated); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(f.bodyOf("PATCH")); got != "map[description:text subject:b]" {
			t.Errorf("the update was %s", got)
		}
		if _, err := c.UpdateFederatedCredential(t.Context(), appID, keyNumber(2), updated, spec); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(f.bodyOf("PATCH")); got != "map[description:<nil> subject:a]" {
			t.Errorf("the update back was %s", got)
		}
	})
}
