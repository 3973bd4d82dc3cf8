package provider_test

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Every argument has a row among the drifts, or a reason why there can be none.
func TestEveryArgumentHasADrift(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for name, reason := range steadfast {
		known[name] = reason != ""
	}
	for resource, rows := range drifts() {
		for _, row := range rows {
			known[resource+"."+row.attribute] = true
		}
	}
	for name := range arguments(t, acctest.Calm(t)) {
		if !known[name] {
			t.Errorf("%s has no row in drifts and no reason in steadfast", name)
		}
		delete(known, name)
	}
	for name := range known {
		t.Errorf("there is no argument %s", name)
	}
}

// arguments are what configurations may write, as "resource.attribute".
func arguments(t *testing.T, x *acctest.Tenant) map[string]bool {
	t.Helper()
	server, err := x.Server(nil)
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for name, s := range schemas.ResourceSchemas {
		for _, a := range s.Block.Attributes {
			if (a.Required || a.Optional) && a.Name != "timeouts" {
				all[name+"."+a.Name] = true
			}
		}
	}
	return all
}

// drifted is a workspace of everything, in a tenant where others act, too.
type drifted struct {
	*testing.T
	x         *acctest.Tenant
	w         *acctest.Workspace
	arguments map[string]bool
}

func startDrift(t *testing.T) *drifted {
	t.Helper()
	x := acctest.Hostile(t)
	owner := x.Objects(tenant.User)[0].String("id")
	d := &drifted{T: t, x: x, arguments: arguments(t, x),
		w: x.Workspace(t, strings.NewReplacer("OWNER", owner, "CERTIFICATE", hclText(valid(t, "drift").pem())).Replace(drifting))}
	d.w.Apply(t)
	d.w.PlanIsEmpty(t)
	return d
}

// object is the id of the object in Graph that holds what a resource is about.
func (d *drifted) object(resource string) string {
	d.Helper()
	switch resource {
	case "appreg_service_principal":
		return principal(d.T, d.x).String("id")
	case "appreg_admin_consent":
		return d.x.Made(tenant.Grant)[0].String("id")
	default:
		return d.x.Application(d.T, "Mail import").String("id")
	}
}

// plan gives what a plan does to which resource: "update scopes", "create", "delete create"; what it leaves alone is not
// listed, and neither is what follows from the arguments.
func (d *drifted) plan() (file string, changes map[string]string) {
	d.Helper()
	file = filepath.Join(d.w.Dir, "drift.tfplan")
	d.w.Must(d.T, "plan", "-out="+file)
	var plan tfjson.Plan
	if err := plan.UnmarshalJSON([]byte(d.w.Must(d.T, "show", "-json", file))); err != nil {
		d.Fatal(err)
	}
	changes = map[string]string{}
	for _, c := range plan.ResourceChanges {
		if c.Change.Actions.NoOp() {
			continue
		}
		words := []string{}
		for _, action := range c.Change.Actions {
			words = append(words, string(action))
		}
		before, _ := c.Change.Before.(map[string]any)
		after, _ := c.Change.After.(map[string]any)
		if c.Change.Actions.Update() {
			var names []string
			for name, value := range before {
				if d.arguments[c.Type+"."+name] && !reflect.DeepEqual(value, after[name]) {
					names = append(names, name)
				}
			}
			slices.Sort(names)
			words = append(words, names...)
		}
		changes[c.Type] = strings.Join(words, " ")
	}
	return file, changes
}

// expect plans, and demands exactly these changes.
func (d *drifted) expect(what string, want map[string]string) (file string) {
	d.Helper()
	file, got := d.plan()
	if !reflect.DeepEqual(got, want) {
		d.Errorf("%s: the plan does %v, want %v", what, got, want)
	}
	return file
}

// Somebody changes each property, between two applies and again between a plan and its apply. The plan says which, the
// apply repairs that and nothing else, and in the end there is nothing to do: nothing flaps, and nothing is lost.
func TestAccDriftOfEachProperty(t *testing.T) {
	t.Parallel()
	d := startDrift(t)
	objects, rows := map[string]string{}, map[string][]drift{}
	most := 0
	for resource, all := range drifts() {
		objects[resource], rows[resource] = d.object(resource), apart(all)
		most = max(most, len(rows[resource]))
	}
	// wave is what others do at one time: one thing to each resource.
	wave := func(n int) (want map[string]string) {
		want = map[string]string{}
		for resource, all := range rows {
			if n < len(all) && all[n].edit != nil {
				d.x.Change(t, objects[resource], all[n].edit)
				want[resource] = "update " + all[n].attribute
			}
		}
		return want
	}
	want := wave(0)
	for n := range most {
		file := d.expect(fmt.Sprintf("wave %d", n), want)
		want = wave(n + 1) // meanwhile
		d.w.Must(t, "apply", file)
		d.x.CatchUp() // a replica that shows neither what was before nor what is now looks like a further change
	}
	d.w.PlanIsEmpty(t)
	d.w.Destroy(t)
	if err := d.x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// apart puts a pause between two rows of one attribute: what others do to it between a plan that repairs it and the apply
// is repaired with it.
func apart(rows []drift) (out []drift) {
	for i, row := range rows {
		if i > 0 && rows[i-1].attribute == row.attribute {
			out = append(out, drift{})
		}
		out = append(out, row)
	}
	return out
}

// Somebody removes whole objects, restores them, purges them, and makes others of the same name by hand.
func TestAccDriftOfWholes(t *testing.T) {
	t.Parallel()
	const made = "create"
	everything := map[string]string{}
	for name := range arguments(t, acctest.Calm(t)) {
		resource, _, _ := strings.Cut(name, ".")
		everything[resource] = made
	}
	app := func(d *drifted) string { return d.object("appreg_application") }
	for name, c := range map[string]struct {
		act  func(*drifted)
		want map[string]string
		gone []string // deleted applications afterwards, the one that is destroyed in the end aside
	}{
		"credentials removed": {func(d *drifted) {
			d.x.Change(d.T, app(d), func(doc tenant.Doc) {
				doc["passwordCredentials"], doc["keyCredentials"], doc["federatedIdentityCredentials"] = []any{}, []any{}, []any{}
			})
		}, map[string]string{"appreg_client_secret": made, "appreg_certificate": made, "appreg_federated_credential": made}, nil},
		"consent revoked": {func(d *drifted) { d.x.Delete(d.T, d.object("appreg_admin_consent")) }, map[string]string{"appreg_admin_consent": made}, nil},
		"service principal deleted": {func(d *drifted) { d.x.Delete(d.T, d.object("appreg_service_principal")) },
			map[string]string{"appreg_service_principal": made, "appreg_admin_consent": made}, nil},
		"application deleted": {func(d *drifted) { d.x.Delete(d.T, app(d)) }, everything, []string{"Mail import"}},
		"application purged": {func(d *drifted) {
			id := app(d)
			d.x.Delete(d.T, id)
			d.x.Purge(d.T, id)
		}, everything, nil},
		"application made again by hand": {func(d *drifted) {
			id := app(d)
			d.x.Delete(d.T, id)
			d.x.Purge(d.T, id)
			d.x.Create(d.T, tenant.Application, tenant.Doc{"displayName": "Mail import, by hand"})
		}, everything, nil},
		"application deleted and restored": {func(d *drifted) {
			id := app(d)
			d.x.Delete(d.T, id)
			if err := d.x.Restore(id); err != nil {
				d.Fatal(err)
			}
			d.x.CatchUp()
		}, map[string]string{"appreg_admin_consent": made}, nil}, // a service principal comes back without its grants
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := startDrift(t)
			c.act(d)
			d.w.Must(t, "apply", d.expect(name, c.want))
			d.w.PlanIsEmpty(t)
			for _, doc := range d.x.Applications() {
				if doc.String("displayName") == "Mail import, by hand" { // somebody else's stays
					d.x.Delete(t, doc.String("id"))
					d.x.Purge(t, doc.String("id"))
				}
			}
			d.w.Destroy(t)
			if err := d.x.Left(append(c.gone, "Mail import")...); err != nil {
				t.Error(err)
			}
		})
	}
}
