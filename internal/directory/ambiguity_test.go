package directory_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// troubles are what can happen to the first request of a kind: the reply is lost, the connection is reset before anything
// happens, or there is an error before or after the commit.
func troubles() map[string]fault.Rule {
	all := map[string]fault.Rule{"reply lost": {Kind: fault.DropAfter}, "reset before": {Kind: fault.ResetBefore}}
	for _, status := range []int{500, 502, 503, 504} {
		all[fmt.Sprintf("%d before", status)] = fault.Rule{Kind: fault.ErrorBefore, Status: status}
		all[fmt.Sprintf("%d after", status)] = fault.Rule{Kind: fault.ErrorAfter, Status: status}
	}
	return all
}

// TestAmbiguousWrites: whatever becomes of the first attempt of a write, afterwards there is one object, which the result
// tells of, or none. Lists lag, so that a search finds late what was made.
func TestAmbiguousWrites(t *testing.T) {
	t.Parallel()
	for _, w := range kindsOfWrite() {
		for name, rule := range troubles() {
			t.Run(w.name+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					c, e := newTenant(t, emulator.WithLag(3*time.Second), emulator.WithReading(graph.PrincipalAfterDelete, "refused"))
					s := &stage{T: t, client: c, Emulator: e}
					s.set()
					act := w.prepare(s)
					rule.Method, rule.Route, rule.Nth = w.method, w.route, []int{1}
					e.ClearFaults() // and count anew
					if err := e.AddFaults(rule); err != nil {
						t.Fatal(err)
					}
					e.ResetRequests()
					if err := act(); err != nil {
						t.Fatalf("%v\n%v", err, s.requests())
					}
					if !slices.ContainsFunc(e.Requests(), func(r emulator.Request) bool { return r.Fault == rule.Kind }) {
						t.Errorf("no request met the fault: %v", s.requests())
					}
					s.check()
				})
			})
		}
	}
}

// stage is an application with everything that may hang on it, and what it should be in the end.
type stage struct {
	*testing.T
	*emulator.Emulator
	client *directory.Client

	app       *directory.Application
	principal *directory.ServicePrincipal
	grant     *directory.Grant
	before    map[string]int
	want      map[string]int // how many of each kind there are to be in addition to before
}

// write is one kind of write: the request that is hit, and what it takes to have it sent.
type write struct {
	name, method, route string
	prepare             func(*stage) (act func() error)
}

func (s *stage) must(err error) {
	s.Helper()
	if settled(err) != nil {
		s.Fatal(err)
	}
}

// set makes the application, its service principal and a grant, and lets them settle.
func (s *stage) set() {
	s.Helper()
	var err error
	s.app, _, err = s.client.CreateApplication(s.Context(), directory.ApplicationSpec{DisplayName: "stage", SignInAudience: "AzureADMyOrg"}, directory.CreateOptions{})
	s.must(err)
	s.principal, _, err = s.client.CreateServicePrincipal(s.Context(), directory.ServicePrincipalSpec{ClientID: s.app.ClientID, AccountEnabled: true}, directory.ServicePrincipalFields{}, false)
	s.must(err)
	s.grant, _, err = s.client.EnsureGrant(s.Context(), s.key(""), []string{"User.Read"})
	s.must(err)
	time.Sleep(time.Minute) // virtual
	s.before, s.want = s.count(), map[string]int{}
}

// key is that of a grant on the first API of the tenant: for one user, or for everybody.
func (s *stage) key(user string) directory.GrantKey {
	return directory.GrantKey{ClientPrincipalID: s.principal.ID, ResourcePrincipalID: s.Objects(tenant.ServicePrincipal)[0].String("id"), UserID: user}
}

// count is how many objects of each kind there are.
func (s *stage) count() map[string]int {
	app, _ := s.Object(s.app.ID)
	return map[string]int{
		"applications": len(s.Objects(tenant.Application)), "deleted applications": len(s.Deleted(tenant.Application)),
		"service principals": len(s.Objects(tenant.ServicePrincipal)), "grants": len(s.Objects(tenant.Grant)),
		"secrets": len(app.Docs("passwordCredentials")), "certificates": len(app.Docs("keyCredentials")),
		"federated credentials": len(app.Docs("federatedIdentityCredentials")),
	}
}

func (s *stage) check() {
	s.Helper()
	for kind, n := range s.count() {
		if want := s.before[kind] + s.want[kind]; n != want {
			s.Errorf("%d %s, want %d\n%v", n, kind, want, s.requests())
		}
	}
}

// there demands an object.
func (s *stage) there(id string) (tenant.Doc, error) {
	doc, ok := s.Object(id)
	if !ok {
		return nil, fmt.Errorf("%s is not there", id)
	}
	return doc, nil
}

func (s *stage) requests() (lines []string) {
	for _, r := range s.Requests() {
		lines = append(lines, fmt.Sprintf("\n%s %s %s?%s: %d %s", r.At.Format("05.000"), r.Method, r.Path, r.Query, r.Status, r.Fault))
	}
	return lines
}

func kindsOfWrite() []write {
	return slices.Concat(writesOfApplications(), writesOfOwners(), writesOfPrincipals(), writesOfCredentials())
}

// create makes a further application.
func (s *stage) create(spec directory.ApplicationSpec, o directory.CreateOptions) func() error {
	return func() error {
		spec.DisplayName, spec.SignInAudience = "made", "AzureADMyOrg"
		app, _, err := s.client.CreateApplication(s.Context(), spec, o)
		if settled(err) != nil {
			return err
		}
		_, err = s.there(app.ID)
		return err
	}
}

func writesOfApplications() []write {
	const one, byName = "/applications/{id}", "/applications(uniqueName='{uniqueName}')"
	removed := func(s *stage, purge bool) func() error {
		s.want["applications"], s.want["service principals"], s.want["grants"] = -1, -1, -1
		if !purge {
			s.want["deleted applications"] = 1
		}
		return func() error { return settled(s.client.DeleteApplication(s.Context(), s.app.ID, purge)) }
	}
	return []write{
		{"application", "POST", "/applications", func(s *stage) func() error {
			s.want["applications"] = 1
			return s.create(directory.ApplicationSpec{}, directory.CreateOptions{})
		}},
		{"application with unique_name", "PATCH", byName, func(s *stage) func() error {
			s.want["applications"] = 1
			return s.create(directory.ApplicationSpec{UniqueName: "made"}, directory.CreateOptions{})
		}},
		{"PATCH of an application", "PATCH", one, func(s *stage) func() error {
			return func() error {
				spec := s.app.ApplicationSpec
				spec.Description = "changed"
				if _, err := s.client.UpdateApplication(s.Context(), s.app.ID, s.app.ApplicationSpec, spec); settled(err) != nil {
					return err
				}
				return s.holds(s.app.ID, "description", "changed")
			}
		}},
		{"flag", "PATCH", one, func(s *stage) func() error {
			return func() error {
				yes := true
				if _, err := s.client.SetPublicClient(s.Context(), s.app.ID, &yes); settled(err) != nil {
					return err
				}
				return s.holds(s.app.ID, "isFallbackPublicClient", true)
			}
		}},
		{"deletion of an application", "DELETE", one, func(s *stage) func() error { return removed(s, false) }},
		{"purge", "DELETE", "/directory/deletedItems/{id}", func(s *stage) func() error { return removed(s, true) }},
		{"restore", "POST", "/directory/deletedItems/{id}/restore", func(s *stage) func() error {
			spec := directory.ApplicationSpec{UniqueName: "kept"}
			s.must(s.create(spec, directory.CreateOptions{})())
			holder := ours("made", s.Objects)[0].String("id")
			s.must(s.client.DeleteApplication(s.Context(), holder, false))
			time.Sleep(time.Minute) // virtual
			s.client = newClient(s.T, s.Emulator)
			s.want["applications"] = 1
			return func() error {
				if err := s.create(spec, directory.CreateOptions{Adopt: true})(); err != nil {
					return err
				}
				_, err := s.there(holder)
				return err
			}
		}},
	}
}

func writesOfOwners() []write {
	const references = "/applications/{id}/owners"
	return []write{
		{"owner", "POST", references + "/$ref", func(s *stage) func() error {
			with := s.app.ApplicationSpec
			with.Owners = []string{s.Objects(tenant.User)[0].String("id")}
			return func() error {
				if _, err := s.client.UpdateApplication(s.Context(), s.app.ID, s.app.ApplicationSpec, with); settled(err) != nil {
					return err
				}
				return s.owned(s.app.ID, with.Owners[0], true)
			}
		}},
		{"removal of an owner", "DELETE", references + "/{ownerId}/$ref", func(s *stage) func() error {
			without, with := s.app.ApplicationSpec, s.app.ApplicationSpec
			with.Owners = []string{s.Objects(tenant.User)[0].String("id")}
			_, err := s.client.UpdateApplication(s.Context(), s.app.ID, without, with)
			s.must(err)
			time.Sleep(time.Minute) // virtual
			return func() error {
				if _, err := s.client.UpdateApplication(s.Context(), s.app.ID, with, without); settled(err) != nil {
					return err
				}
				return s.owned(s.app.ID, with.Owners[0], false)
			}
		}},
	}
}

// owned demands that a user is, or isn't, an owner.
func (s *stage) owned(id, owner string, want bool) error {
	doc, err := s.there(id)
	if err == nil && slices.Contains(doc.Strings("owners"), owner) != want {
		err = fmt.Errorf("owners are %v, want %s among them: %v", doc.Strings("owners"), owner, want)
	}
	return err
}

// holds demands a property's value.
func (s *stage) holds(id, property string, want any) error {
	doc, err := s.there(id)
	if err == nil && doc[property] != want {
		err = fmt.Errorf("%s is %v, want %v", property, doc[property], want)
	}
	return err
}

func writesOfPrincipals() []write {
	gone := func(s *stage, act func(context.Context) error) func() error {
		s.want["grants"] = -1
		return func() error { return settled(act(s.Context())) }
	}
	return []write{
		{"service principal", "POST", "/servicePrincipals", func(s *stage) func() error {
			app, _, err := s.client.CreateApplication(s.Context(), directory.ApplicationSpec{DisplayName: "made", SignInAudience: "AzureADMyOrg"}, directory.CreateOptions{})
			s.must(err)
			s.want["applications"], s.want["service principals"] = 1, 1
			return func() error {
				sp, adopted, err := s.client.CreateServicePrincipal(s.Context(), directory.ServicePrincipalSpec{ClientID: app.ClientID, AccountEnabled: true}, directory.ServicePrincipalFields{}, false)
				if settled(err) != nil || adopted {
					return fmt.Errorf("adopted %v: %w", adopted, err)
				}
				_, err = s.there(sp.ID)
				return err
			}
		}},
		{"PATCH of a service principal", "PATCH", "/servicePrincipals/{id}", func(s *stage) func() error {
			return func() error {
				spec := s.principal.ServicePrincipalSpec
				spec.Notes = "changed"
				if _, err := s.client.UpdateServicePrincipal(s.Context(), s.principal.ID, s.principal.ServicePrincipalSpec, spec); settled(err) != nil {
					return err
				}
				return s.holds(s.principal.ID, "notes", "changed")
			}
		}},
		{"deletion of a service principal", "DELETE", "/servicePrincipals/{id}", func(s *stage) func() error {
			s.want["service principals"] = -1
			return gone(s, func(ctx context.Context) error { return s.client.DeleteServicePrincipal(ctx, s.principal.ID) })
		}},
		{"grant", "POST", "/oauth2PermissionGrants", func(s *stage) func() error {
			s.want["grants"] = 1
			user := s.Objects(tenant.User)[0].String("id")
			return func() error {
				grant, previous, err := s.client.EnsureGrant(s.Context(), s.key(user), []string{"Mail.Read"})
				if settled(err) != nil || previous != nil {
					return fmt.Errorf("there was one: %v: %w", previous, err)
				}
				return s.holds(grant.ID, "scope", "Mail.Read")
			}
		}},
		{"PATCH of a grant", "PATCH", "/oauth2PermissionGrants/{id}", func(s *stage) func() error {
			return func() error {
				if _, _, err := s.client.EnsureGrant(s.Context(), s.key(""), []string{"Mail.Read"}); settled(err) != nil {
					return err
				}
				return s.holds(s.grant.ID, "scope", "Mail.Read")
			}
		}},
		{"deletion of a grant", "DELETE", "/oauth2PermissionGrants/{id}", func(s *stage) func() error {
			return gone(s, func(ctx context.Context) error { return s.client.DeleteGrant(ctx, s.grant.ID) })
		}},
	}
}
