package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Owners are additive: ours are ensured, one that somebody added stays, and one that we drop goes.
func TestAccApplicationOwners(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	var users []string
	for _, d := range x.Objects(tenant.User) {
		users = append(users, d.String("id"))
	}
	if len(users) < 3 {
		t.Fatalf("the tenant has %d users, the test needs 3", len(users))
	}
	config := func(owners ...string) string {
		return "resource \"appreg_application\" \"test\" {\n  display_name = \"Mail import\"\n  owners       = [\"" + strings.Join(owners, "\", \"") + "\"]\n}\n"
	}
	w := x.Workspace(t, config(users[0], users[1]))
	w.Apply(t)
	w.PlanIsEmpty(t)
	owners := func() []string {
		// The caller is made an owner too, or not: nobody has said which.
		ids := slices.DeleteFunc(x.Application(t, "Mail import").Strings("owners"), func(id string) bool { return !slices.Contains(users, id) })
		slices.Sort(ids)
		return ids
	}
	want := func(when string, ids ...string) {
		t.Helper()
		slices.Sort(ids)
		if got := owners(); !slices.Equal(got, ids) {
			t.Errorf("%s the owners are %q, want %q", when, got, ids)
		}
	}
	want("after the create", users[0], users[1])

	x.Change(t, x.Application(t, "Mail import").String("id"), func(d tenant.Doc) { d["owners"] = append(d.Strings("owners"), users[2]) })
	w.PlanIsEmpty(t)
	w.Configure(t, config(users[0]))
	w.Apply(t)
	want("after one was dropped", users[0], users[2])
	w.PlanIsEmpty(t)
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

const foreignPrincipal = `
resource "appreg_service_principal" "foreign" {
  client_id      = "CLIENT_ID"
  adopt_existing = true
  notes          = "adopted"
}
`

// unmanaged is an application that Terraform does not manage.
func unmanaged(t *testing.T, x *acctest.Tenant, home tenant.TenantInfo, tags ...any) (clientID string) {
	t.Helper()
	err := x.Cloud().UpdateEverywhere(func(tx *tenant.Tx) error {
		clientID = tx.NewID("client", "unmanaged")
		app := tenant.NewApplication(tx.NewID("application", "unmanaged"), clientID, home.Domain, "", tx.Now())
		app["displayName"], app["signInAudience"], app["tags"] = "Product", "AzureADMultipleOrgs", append([]any{}, tags...)
		tx.Put(home.ID, tenant.Application, app)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return clientID
}

// foreignProduct is an application of another tenant with a service principal in this one, as somebody's consent leaves it.
func foreignProduct(t *testing.T, x *acctest.Tenant) (clientID, principalID string) {
	t.Helper()
	clientID = unmanaged(t, x, x.Facts().Tenants[1])
	tags := []any{"WindowsAzureActiveDirectoryIntegratedApp"}
	return clientID, x.Create(t, tenant.ServicePrincipal, tenant.Doc{"appId": clientID, "tags": tags})
}

// The tags of the application are none of the service principal's, whichever tenant it lives in; it may have the same.
func TestAccServicePrincipalTagsOfItsApplication(t *testing.T) {
	t.Parallel()
	for what, home := range map[string]int{"this tenant": 0, "another tenant": 1} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			client := unmanaged(t, x, x.Facts().Tenants[home], "shared", "theirs")
			w := x.Workspace(t, "")
			for _, tags := range []string{"null", `["shared", "own"]`, `["shared"]`, "[]"} {
				w.Configure(t, "resource \"appreg_service_principal\" \"test\" {\n  client_id = \""+client+"\"\n  tags = "+tags+"\n}\n")
				w.Apply(t)
				w.PlanIsEmpty(t)
			}
			w.Destroy(t)
		})
	}
}

// An adopted service principal of a foreign application gets what is configured, keeps the rest, and outlives destroy.
func TestAccServicePrincipalAdoptedOutlivesDestroy(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	clientID, id := foreignProduct(t, x)
	w := x.Workspace(t, strings.ReplaceAll(foreignPrincipal, "CLIENT_ID", clientID))
	w.Apply(t)
	if got := values(t, w, "appreg_service_principal.foreign"); got["id"] != id || got["adopted"] != true {
		t.Errorf("the service principal is %v (adopted: %v), want the one that exists, %s", got["id"], got["adopted"], id)
	}
	object, _ := x.Object(id)
	if object.String("notes") != "adopted" || !slices.Equal(object.Strings("tags"), []string{"WindowsAzureActiveDirectoryIntegratedApp"}) {
		t.Errorf("notes are %q and tags %q, want the configured notes and the tags as they were", object.String("notes"), object.Strings("tags"))
	}
	w.PlanIsEmpty(t)
	w.Destroy(t)
	if _, ok := x.Object(id); !ok {
		t.Error("destroy deleted a service principal that it had only adopted")
	}
}

// Without adopt_existing nothing is taken over, and the error shows the import block.
func TestAccServicePrincipalNotAdopted(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	clientID, id := foreignProduct(t, x)
	w := x.Workspace(t, strings.NewReplacer("CLIENT_ID", clientID, "true", "false").Replace(foreignPrincipal))
	w.Init(t)
	apply := w.Terraform(t, "apply", "-auto-approve", "-no-color")
	if apply.ExitCode != 1 || !strings.Contains(apply.Output, "adopt_existing = true") || !strings.Contains(apply.Output, "id = \""+id+"\"") {
		t.Errorf("the error must name adopt_existing and the import block: exit status %d\n%s", apply.ExitCode, apply.Output)
	}
	if object, _ := x.Object(id); object["notes"] != nil {
		t.Error("the service principal was written to")
	}
}

// An application that was deleted comes back with everything that could sign in as it. What the state has forgotten by then
// is named, and nothing of it is removed. What can't be there twice is an error with its import block.
func TestAccRestoredApplicationBringsItsCredentialsBack(t *testing.T) {
	t.Parallel()
	for _, restored := range []string{"left", "restored"} {
		t.Run("service principal is "+restored, func(t *testing.T) {
			t.Parallel()
			certificates := map[string]string{"left": "accepted", "restored": "refused"}[restored]
			x := acctest.Hostile(t, emulator.WithReading(graph.RestorePrincipal, restored), emulator.WithReading(graph.DuplicateCertificate, certificates))
			w := x.Workspace(t, `
resource "appreg_application" "test" {
  display_name   = "Mail import"
  unique_name    = "mail-import"
  adopt_existing = true
}
resource "appreg_service_principal" "test" { client_id = appreg_application.test.client_id }
resource "appreg_client_secret" "test" { application_id = appreg_application.test.id }
resource "appreg_certificate" "test" {
  application_id = appreg_application.test.id
  certificate    = `+hclText(valid(t, "restored").pem())+`
}
`+federated("test", "pipeline", mainBranch))
			w.Apply(t)
			app := x.Application(t, "Mail import")
			principal := x.Made(tenant.ServicePrincipal)[0].String("id")
			secret, certificate := app.Docs("passwordCredentials")[0].String("keyId"), app.Docs("keyCredentials")[0].String("keyId")
			taken := map[string]string{"appreg_federated_credential.test": app.String("id") + "/" + app.Docs("federatedIdentityCredentials")[0].String("id")}
			if restored == "restored" {
				taken["appreg_service_principal.test"] = principal
				taken["appreg_certificate.test"] = app.String("id") + "/" + certificate
			}
			x.Delete(t, app.String("id"))
			x.CatchUp()
			stopped := w.Terraform(t, apply()...)
			if stopped.ExitCode != 1 {
				t.Errorf("the federated credential is there already, but the apply ends with %d", stopped.ExitCode)
			}
			demand(t, stopped.Output, []string{"The application that was taken over has credentials", "client secret key id " + secret,
				"certificate \"CN=restored\", key id " + certificate, `federated credential "pipeline", id`})
			for address, id := range taken {
				demand(t, stopped.Output, []string{`id = "` + id + `"`})
				w.Must(t, "import", address, id)
			}
			w.Apply(t)
			w.PlanIsEmpty(t)
			if app := x.Application(t, "Mail import"); len(app.Docs("passwordCredentials")) != 2 || len(app.Docs("federatedIdentityCredentials")) != 1 {
				t.Errorf("it holds the secrets %v and the federated credentials %v", app.Docs("passwordCredentials"), app.Docs("federatedIdentityCredentials"))
			}
			w.Destroy(t)
		})
	}
}
