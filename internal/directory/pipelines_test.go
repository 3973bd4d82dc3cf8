package directory_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// outcome is what one of several processes was told about the application that it was to create.
type outcome struct {
	app *directory.Application
	err error
}

// race lets processes of one identity create an application each, at the same moment.
func race(t *testing.T, e *emulator.Emulator, processes int, spec directory.ApplicationSpec) []outcome {
	t.Helper()
	told := make([]outcome, processes)
	var all sync.WaitGroup
	for i := range told {
		c := newClient(t, e)
		all.Go(func() {
			mine := spec
			mine.Description = fmt.Sprint("of process ", i)
			told[i].app, _, told[i].err = c.CreateApplication(t.Context(), mine, directory.CreateOptions{})
		})
	}
	all.Wait()
	time.Sleep(time.Minute) // virtual: what is under way still is done
	return told
}

// TestTwoPipelinesOfOneName: several processes of one identity create applications of one name in one second, while replies
// get lost. Each ends with an application of its own; none takes, changes or removes another's.
func TestTwoPipelinesOfOneName(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]fault.Kind{"calm": "", "replies lost": fault.DropAfter, "503 after the commit": fault.ErrorAfter, "resets": fault.ResetBefore, "504 before it": fault.ErrorBefore} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					_, e := newTenant(t, emulator.WithSeed(seed+1), emulator.WithLag(5*time.Second), emulator.WithLatency(100*time.Millisecond))
					if kind != "" {
						if err := e.AddFaults(fault.Rule{Method: "POST", Route: "/applications", Kind: kind, Probability: 0.5}); err != nil {
							t.Fatal(err)
						}
					}
					told := race(t, e, 4, directory.ApplicationSpec{DisplayName: "pipeline", SignInAudience: "AzureADMyOrg"})
					var ids []string
					for i, o := range told {
						if settled(o.err) != nil {
							t.Errorf("process %d: %v", i, o.err)
							continue
						}
						ids = append(ids, o.app.ID)
						if doc, ok := e.Object(o.app.ID); !ok || doc.String("description") != fmt.Sprint("of process ", i) {
							t.Errorf("process %d was told of an application that isn't its own: %v", i, doc)
						}
					}
					equalSets(t, "live applications", liveIDs(e, "pipeline"), ids)
					if twins := ours("pipeline", e.Deleted); len(twins) > 0 {
						t.Errorf("%d applications were made too much and not purged", len(twins))
					}
				})
			})
		}
	}
}

// TestTwoPipelinesOfOneUniqueName: there is one application of the name, which goes to whoever made it, and the other is told
// who has it. Where the reply is lost, both may be told of it, or neither: an upsert that has made an application and one
// that has written over another's of the same second, by the same identity, leave the same traces.
func TestTwoPipelinesOfOneUniqueName(t *testing.T) {
	t.Parallel()
	const upsert = "/applications(uniqueName='{uniqueName}')"
	for name, kind := range map[string]fault.Kind{"calm": "", "replies lost": fault.DropAfter, "503 after the commit": fault.ErrorAfter, "resets": fault.ResetBefore, "504 before it": fault.ErrorBefore} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					_, e := newTenant(t, emulator.WithSeed(seed+1), emulator.WithLag(5*time.Second), emulator.WithLatency(100*time.Millisecond))
					if kind != "" {
						if err := e.AddFaults(fault.Rule{Method: "PATCH", Route: upsert, Kind: kind, Nth: []int{[]int{1, 2}[seed%2]}}); err != nil {
							t.Fatal(err)
						}
					}
					told := race(t, e, 2, directory.ApplicationSpec{DisplayName: "pipeline", SignInAudience: "AzureADMyOrg", UniqueName: "pipeline"})
					live := liveIDs(e, "pipeline")
					if len(live) != 1 {
						t.Fatalf("%d applications have the name", len(live))
					}
					won := 0
					for i, o := range told {
						var refused *directory.Error
						switch {
						case settled(o.err) == nil:
							won++
							equalSets(t, "the application of a process", []string{o.app.ID}, live)
						case errors.As(o.err, &refused) && refused.Kind == directory.KindExists && len(refused.Candidates) == 1:
							equalSets(t, "the application that a process was told of", []string{refused.Candidates[0].ID}, live)
						default:
							t.Errorf("process %d: %v", i, o.err)
						}
					}
					if lost := kind == fault.DropAfter || kind == fault.ErrorAfter; won != 1 && !lost {
						t.Errorf("the application is that of %d processes", won)
					}
				})
			})
		}
	}
}

// TestPermissionsOfTwoProcesses: two processes write the permissions of one application at the same moment, each those of
// its API, while a person adds an application permission. What gets lost between a read and a write is seen by the next
// look, and one more write repairs it without a loss.
func TestPermissionsOfTwoProcesses(t *testing.T) {
	t.Parallel()
	const lives = 20
	var lost atomic.Int32
	t.Cleanup(func() { t.Logf("of %d writes, %d were lost, and seen to be", 3*lives, lost.Load()) })
	for seed := range uint64(lives) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, e := newTenant(t, emulator.WithSeed(seed+1), emulator.WithHostile(), emulator.WithLag(time.Duration(seed%4)*time.Second), emulator.WithLatency(50*time.Millisecond))
				s := shared{T: t, Emulator: e, writers: map[string]func() error{}}
				s.set(c, time.Duration(seed%lives)*time.Millisecond)
				var all sync.WaitGroup
				for _, write := range s.writers {
					all.Go(func() {
						if err := write(); settled(err) != nil && directory.KindOf(err) != directory.KindConflict {
							t.Error(err)
						}
					})
				}
				all.Wait()
				time.Sleep(10 * time.Minute) // virtual
				for part, write := range s.writers {
					if slices.Contains(s.held(), part) {
						continue
					}
					lost.Add(1)
					if err := write(); settled(err) != nil {
						t.Error(err)
					}
					time.Sleep(time.Minute) // virtual: a run that began at once could read a replica that lags
				}
				equalSets(t, "permissions", s.held(), slices.Collect(maps.Keys(s.writers)))
			})
		})
	}
}

// shared is an application whose permissions several write: by part, which is a client id and a kind.
type shared struct {
	*testing.T
	*emulator.Emulator
	id      string
	writers map[string]func() error
}

// set makes the application and the writers, which begin apart from one another.
func (s *shared) set(c *directory.Client, apart time.Duration) {
	s.Helper()
	app, _, err := c.CreateApplication(s.Context(), directory.ApplicationSpec{DisplayName: "shared", SignInAudience: "AzureADMyOrg"}, directory.CreateOptions{})
	if err != nil {
		s.Fatal(err)
	}
	s.id = app.ID
	for i, name := range []string{"Microsoft Graph", "Office 365 Exchange Online"} {
		api, err := c.API(s.Context(), name)
		if err != nil {
			s.Fatal(err)
		}
		s.writers[api.ClientID+" Scope"] = func() error {
			time.Sleep(time.Duration(i) * 10 * apart)
			_, err := newClient(s.T, s.Emulator).SetDelegatedPermissions(s.Context(), s.id, api.ClientID, []string{api.Scopes[0].ID})
			return err
		}
	}
	role := ""
	for _, sp := range s.Objects(tenant.ServicePrincipal) {
		if sp.String("appId") == directory.MicrosoftGraphClientID {
			role = sp.Docs("appRoles")[0].String("id")
		}
	}
	s.writers[directory.MicrosoftGraphClientID+" Role"] = func() error {
		time.Sleep(15 * apart)
		return s.Change(s.id, func(d tenant.Doc) { addRole(d, role) })
	}
	time.Sleep(time.Minute) // virtual
}

// addRole is what a person does on the portal's page "API permissions".
func addRole(app tenant.Doc, role string) {
	access, all := []any{tenant.Doc{"id": role, "type": "Role"}}, []any{}
	for _, api := range app.Docs("requiredResourceAccess") {
		if api.String("resourceAppId") != directory.MicrosoftGraphClientID {
			all = append(all, api)
			continue
		}
		for _, held := range api.Docs("resourceAccess") {
			access = append(access, held)
		}
	}
	app["requiredResourceAccess"] = append(all, tenant.Doc{"resourceAppId": directory.MicrosoftGraphClientID, "resourceAccess": access})
}

// held are the parts that the application has, as a process sees it that begins now.
func (s *shared) held() (parts []string) {
	s.Helper()
	app, err := newClient(s.T, s.Emulator).Application(s.Context(), s.id)
	if err != nil {
		s.Fatal(err)
	}
	for _, api := range app.Permissions {
		if len(api.ScopeIDs) > 0 {
			parts = append(parts, api.APIClientID+" Scope")
		}
		if len(api.RoleIDs) > 0 {
			parts = append(parts, api.APIClientID+" Role")
		}
	}
	return parts
}

func liveIDs(e *emulator.Emulator, name string) (ids []string) {
	for _, d := range ours(name, func(k tenant.Kind) []tenant.Doc { return e.Objects(k) }) {
		ids = append(ids, d.String("id"))
	}
	return ids
}

func equalSets(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v and %v", what, got, want)
	}
}
