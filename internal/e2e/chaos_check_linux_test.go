package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// The other applications of these tests: what configurations name.
const (
	graphClientID    = "00000003-0000-0000-c000-000000000000"
	exchangeClientID = "00000002-0000-0ff1-ce00-000000000000"
)

// partner makes an application in another tenant that anybody may use, and gives its client id.
func partner(t *testing.T, x *acctest.Tenant) (clientID string) {
	t.Helper()
	tenants := x.Cloud().Tenants()
	other := tenants[slices.IndexFunc(tenants, func(i tenant.TenantInfo) bool { return i.ID != x.Facts().TenantID })]
	err := x.Cloud().UpdateEverywhere(func(tx *tenant.Tx) error {
		clientID = tx.NewID("client", "partner")
		app := tenant.NewApplication(tx.NewID("application", "partner"), clientID, other.Domain, "", tx.Now())
		app["displayName"], app["signInAudience"] = "Partner", "AzureADMultipleOrgs"
		tx.Put(other.ID, tenant.Application, app)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return clientID
}

// certificate is the example's.
func certificate(t *testing.T) string {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join("..", "..", "examples", "resources", "appreg_certificate", "mail-import.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return string(pem)
}

// check holds the tenant against the configuration, through the emulator's own door: each object as configured, nothing
// twice, and at most one object more of each kind, which was named. The state tells only which object belongs
// to which block.
func (l *life) check() {
	l.Helper()
	state := l.state()
	var extras []extra
	applications := map[string]tenant.Doc{}
	for _, d := range l.tenant.Made(tenant.Application) {
		switch d.String("id") {
		case state["appreg_application.claimed"]["id"]:
			applications["claimed"] = d
		case state["appreg_application.plain"]["id"]:
			applications["plain"] = d
		default:
			extras = append(extras, extra{"application", d.String("id"), d.String("appId")})
		}
	}
	for _, name := range []string{"claimed", "plain"} {
		d, ok := applications[name]
		if !ok {
			l.Fatalf("there is no application %s", name)
		}
		l.managed[d.String("id")] = true
		l.equal(name, summary(d), wanted[name])
		extras = append(extras, l.credentials(name, d, state)...)
	}
	extras = append(extras, l.principals(state)...)
	l.grants(state)
	l.checkDeleted()
	l.judge(extras)
}

// judge looks at what is too much.
//
// An application is looked for in lists. Who comes back before they show it makes another one, and is told later. Its
// service principal counts with it: whoever removes the one removes the other.
func (l *life) judge(extras []extra) {
	l.Helper()
	kinds, left := map[string]bool{}, map[string]bool{}
	for _, e := range extras {
		if e.kind == "application" {
			left[e.clientID] = true
		}
	}
	for _, e := range extras {
		if e.kind == "service principal" && left[e.clientID] {
			l.extras = append(l.extras, e.id)
			continue
		}
		named := strings.Contains(l.named, e.id)
		switch early := !l.patient && e.kind == "application"; {
		case l.fate == goesThrough, l.named == "", kinds[e.kind]:
			l.Fatalf("too much is there: %v", extras)
		case !named && !early:
			l.Fatalf("too much is there, and no plan named it: %v", e)
		}
		kinds[e.kind] = true
		l.extras = append(l.extras, e.id)
		l.total.mu.Lock()
		l.total.extras++
		if !named {
			l.late = append(l.late, e.id)
			l.total.late++
		}
		l.total.mu.Unlock()
	}
}

// extra is an object that is too much.
type extra struct {
	kind, id string
	clientID string // of an application or service principal
}

// wanted is what the configuration says of the two applications.
var wanted = map[string]string{
	"claimed": "Claimed claimed AzureADMultipleOrgs Reads a mailbox.  [team] [https://claimed.example.com/callback] [] false" +
		" [" + exchangeClientID + " 1 " + graphClientID + " 2]",
	"plain": "Plain  AzureADMyOrg  Owned by the mail team. [] [] [http://localhost] true []",
}

func summary(d tenant.Doc) string {
	tags := slices.DeleteFunc(d.Strings("tags"), func(tag string) bool { return strings.HasPrefix(tag, "appreg:") })
	permissions := []string{}
	for _, api := range d.Docs("requiredResourceAccess") {
		permissions = append(permissions, fmt.Sprintf("%s %d", api.String("resourceAppId"), len(api.Docs("resourceAccess"))))
	}
	slices.Sort(permissions)
	return fmt.Sprint(d.String("displayName"), " ", d.String("uniqueName"), " ", d.String("signInAudience"), " ", d.String("description"), " ",
		d.String("notes"), " ", tags, " ", d.Doc("web").Strings("redirectUris"), " ", d.Doc("publicClient").Strings("redirectUris"), " ",
		d.Bool("isFallbackPublicClient"), " ", permissions)
}

// credentials compares those of an application with the state, and gives the key ids of those that are too much.
func (l *life) credentials(name string, d tenant.Doc, state map[string]map[string]any) (extras []extra) {
	l.Helper()
	for _, kind := range []struct{ resource, property, id, attribute string }{
		{"appreg_client_secret", "passwordCredentials", "keyId", "key_id"},
		{"appreg_certificate", "keyCredentials", "keyId", "key_id"},
		{"appreg_federated_credential", "federatedIdentityCredentials", "id", "credential_id"},
	} {
		want, found := state[kind.resource+"."+name][kind.attribute], false
		for _, c := range d.Docs(kind.property) {
			if c.String(kind.id) == want {
				found = true
			} else {
				extras = append(extras, extra{kind: kind.resource, id: c.String(kind.id)})
			}
		}
		if want != nil && !found {
			l.Errorf("%s.%s: %v is gone", kind.resource, name, want)
		}
	}
	return extras
}

// principals compares the service principals, and gives the ids of those that are too much.
func (l *life) principals(state map[string]map[string]any) (extras []extra) {
	l.Helper()
	found := map[string]string{}
	if partner := state["appreg_service_principal.partner"]; partner["adopted"] == true {
		l.adopted, _ = partner["id"].(string)
	}
	for _, d := range l.tenant.Made(tenant.ServicePrincipal) {
		name := ""
		for _, candidate := range []string{"claimed", "plain", "partner"} {
			if state["appreg_service_principal."+candidate]["id"] == d.String("id") {
				name = candidate
			}
		}
		if name == "" {
			extras = append(extras, extra{"service principal", d.String("id"), d.String("appId")})
			continue
		}
		found[name] = fmt.Sprint(d.Bool("accountEnabled"), " ", d.String("notes"))
	}
	l.equal("service principals", fmt.Sprint(found), fmt.Sprint(map[string]string{"claimed": "true By Terraform.", "plain": "true ", "partner": "true "}))
	return extras
}

// grants compares the grants: their keys are natural, so that none can be too much.
func (l *life) grants(state map[string]map[string]any) {
	l.Helper()
	found := map[any]string{}
	for _, d := range l.tenant.Made(tenant.Grant) {
		scopes := strings.Fields(d.String("scope"))
		slices.Sort(scopes)
		found[d.String("id")] = strings.Join(scopes, " ")
	}
	l.equal("grants", fmt.Sprint(found), fmt.Sprint(map[any]string{
		state["appreg_admin_consent.claimed"]["id"]: "Mail.ReadWrite User.Read", state["appreg_admin_consent.partner"]["id"]: "User.Read"}))
}

// checkDeleted looks for applications among the deleted items that the state never held: what a create makes too much is
// purged.
func (l *life) checkDeleted() {
	l.Helper()
	for _, d := range l.tenant.Deleted(tenant.Application) {
		if id := d.String("id"); !l.managed[id] {
			l.Errorf("a deleted application that was never managed: %s %q", id, d.String("displayName"))
		}
	}
}

func (l *life) equal(what, got, want string) {
	l.Helper()
	if got != want {
		l.Errorf("%s: %s, configured %s", what, got, want)
	}
}

// state gives the values of each resource by its address.
func (l *life) state() map[string]map[string]any {
	l.Helper()
	all := map[string]map[string]any{}
	s := l.terraform.State(l.T)
	if s.Values == nil {
		l.Fatal("the state is empty")
	}
	for _, r := range s.Values.RootModule.Resources {
		all[r.Address] = r.AttributeValues
	}
	return all
}
