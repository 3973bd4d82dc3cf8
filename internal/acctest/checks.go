package acctest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

// Test runs the steps with the real terraform and then checks, by the emulator's own door, that destroy left nothing
// live, and in the deleted items exactly the applications named.
func (x *Tenant) Test(t *testing.T, deleted []string, steps ...resource.TestStep) {
	t.Helper()
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: x.Factories(),
		Steps:                    steps,
		CheckDestroy:             func(*terraform.State) error { return x.Left(deleted...) },
	})
}

// later is how long after Terraform somebody else acts: longer than the bounds within which what they did would be taken
// for a replica that lags.
const later = 10 * time.Minute

// CatchUp lets time pass until every replica shows what was written. An import has nothing to recognise a lagging one by.
func (x *Tenant) CatchUp() { x.Clock.Advance(later) }

// Change edits an object the way somebody else would, in the portal say.
func (x *Tenant) Change(t testing.TB, id string, edit func(tenant.Doc)) {
	t.Helper()
	x.door(t, x.Emulator.Change(id, edit))
}

// Delete deletes an object behind Terraform's back; applications and service principals can be restored.
func (x *Tenant) Delete(t testing.TB, id string) {
	t.Helper()
	x.door(t, x.Emulator.Delete(id))
}

// Purge removes a deleted object for good.
func (x *Tenant) Purge(t testing.TB, id string) {
	t.Helper()
	x.door(t, x.Emulator.Purge(id))
}

// Create makes an object as somebody else and returns its id.
func (x *Tenant) Create(t testing.TB, kind tenant.Kind, values tenant.Doc) string {
	t.Helper()
	id, err := x.Emulator.Create(kind, values)
	x.door(t, err)
	return id
}

func (x *Tenant) door(t testing.TB, err error) {
	t.Helper()
	x.CatchUp()
	if err != nil {
		t.Fatalf("by the emulator's own door: %v", err)
	}
}

// Made lists the live objects of a kind that were not there from the start: applications, service principals or grants.
func (x *Tenant) Made(kind tenant.Kind) []tenant.Doc {
	return slices.DeleteFunc(x.Objects(kind), func(d tenant.Doc) bool { return x.seeded[d.String("id")] })
}

// Applications lists the live applications that were not there from the start.
func (x *Tenant) Applications() []tenant.Doc { return x.Made(tenant.Application) }

// Application is the one live application of that name.
func (x *Tenant) Application(t testing.TB, name string) tenant.Doc {
	t.Helper()
	var found []tenant.Doc
	for _, d := range x.Applications() {
		if d.String("displayName") == name {
			found = append(found, d)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d applications are named %q, want 1", len(found), name)
	}
	return found[0]
}

// Left says what is left in the tenant of what a test made, but deleted applications of exactly these names.
func (x *Tenant) Left(deleted ...string) error {
	var left []string
	for _, d := range x.Applications() {
		left = append(left, "application "+d.String("displayName"))
	}
	for _, kind := range []tenant.Kind{tenant.ServicePrincipal, tenant.Grant} {
		for _, d := range x.Made(kind) {
			left = append(left, fmt.Sprintf("%s %s %s", kind, d.String("displayName"), d.String("id")))
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("left in the tenant: %s", strings.Join(left, ", "))
	}
	names := make([]string, 0, len(deleted))
	for _, d := range x.Deleted(tenant.Application) {
		names = append(names, d.String("displayName"))
	}
	slices.Sort(names)
	if !slices.Equal(names, slices.Sorted(slices.Values(deleted))) {
		return fmt.Errorf("deleted items hold the applications %q, want %q", names, deleted)
	}
	return nil
}

// Scopes is what Graph holds in the tenant-wide grant of a client.
func (x *Tenant) Scopes(clientPrincipalID string) []string {
	for _, d := range x.Objects(tenant.Grant) {
		if d.String("clientId") == clientPrincipalID && d.String("consentType") == "AllPrincipals" {
			scopes := strings.Fields(d.String("scope"))
			slices.Sort(scopes)
			return scopes
		}
	}
	return nil
}

// Person finds a seeded user.
func (x *Tenant) Person(t testing.TB, match func(tenant.Account) bool) webuser.User {
	t.Helper()
	for _, a := range x.Accounts() {
		if match(a) {
			return webuser.User{UserName: a.UserName, Password: a.Password, SecondFactor: a.SecondFactor}
		}
	}
	t.Fatal("no seeded user is like that")
	return webuser.User{}
}

// Member is a user of the main tenant without directory roles or second factor.
func (x *Tenant) Member(t testing.TB) webuser.User {
	t.Helper()
	return x.Person(t, func(a tenant.Account) bool {
		return a.TenantID == x.Facts().TenantID && !a.Administrator && a.SecondFactor == ""
	})
}

// Eventually repeats a sign-in until it succeeds: the sign-in endpoint sees new secrets and applications late.
func Eventually(ctx context.Context, t testing.TB, signIn func(context.Context) (Claims, error)) Claims {
	t.Helper()
	var claims Claims
	err := until(ctx, func() (err error) {
		claims, err = signIn(ctx)
		return err
	})
	if err != nil {
		t.Fatalf("the sign-in still fails: %v", err)
	}
	return claims
}

// Refused repeats a sign-in until it is refused with an AADSTS number: the sign-in endpoint sees removals late too.
func Refused(ctx context.Context, t testing.TB, signIn func(context.Context) (Claims, error), number int) {
	t.Helper()
	err := until(ctx, func() error {
		numbers, err := refusal(ctx, signIn)
		if err == nil {
			return errors.New("it was accepted")
		}
		if !slices.Contains(numbers, number) {
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatalf("the sign-in must be refused with AADSTS%d: %v", number, err)
	}
}

// until repeats f for as long as the emulator may lag.
func until(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}
