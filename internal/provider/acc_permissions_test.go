package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const (
	graphClientID    = "00000003-0000-0000-c000-000000000000"
	exchangeClientID = "00000002-0000-0ff1-ce00-000000000000"
	userRead         = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
	mailReadWrite    = "024d486e-b451-40bb-833d-3e66d98c5c73"
)

func permissionsConfiguration(scopes string) string {
	return minimalApplication + `
resource "appreg_delegated_permissions" "test" {
  application_id = appreg_application.test.id
  scopes         = ` + scopes + `
}
`
}

// required is what an application asks for of one API: ids of delegated or of application permissions, sorted.
func required(app tenant.Doc, apiClientID, kind string) []string {
	var ids []string
	for _, api := range app.Docs("requiredResourceAccess") {
		if api.String("resourceAppId") != apiClientID {
			continue
		}
		for _, access := range api.Docs("resourceAccess") {
			if access.String("type") == kind {
				ids = append(ids, access.String("id"))
			}
		}
	}
	slices.Sort(ids)
	return ids
}

func TestAccPermissionsLifecycle(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	const name = "appreg_delegated_permissions.test"
	const rolesReadAll = "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"
	x.Test(t, []string{"Mail import"},
		resource.TestStep{
			Config: permissionsConfiguration(`["User.Read"]`),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(name, tfjsonpath.New("api"), knownvalue.StringExact("Microsoft Graph")),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("api_client_id"), knownvalue.StringExact(graphClientID)),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("scope_ids"), knownvalue.MapExact(map[string]knownvalue.Check{"User.Read": knownvalue.StringExact(userRead)})),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("admin_consent_required"), knownvalue.SetSizeExact(0)),
			},
		},
		// What others put there stays: an application permission, and another API.
		resource.TestStep{
			PreConfig: func() {
				x.Change(t, x.Application(t, "Mail import").String("id"), func(d tenant.Doc) {
					apis := d.Docs("requiredResourceAccess")
					apis[0]["resourceAccess"] = append(apis[0].Docs("resourceAccess"), tenant.Doc{"id": rolesReadAll, "type": "Role"})
					d["requiredResourceAccess"] = append(apis, tenant.Doc{
						"resourceAppId":  exchangeClientID,
						"resourceAccess": []tenant.Doc{{"id": "3b5f3d61-589b-4a3c-a359-5dd4b5ee5bd5", "type": "Scope"}},
					})
				})
			},
			Config:           permissionsConfiguration(`["User.Read", "Mail.ReadWrite"]`),
			ConfigPlanChecks: updated(name),
			Check: func(*terraformState) error {
				app := x.Application(t, "Mail import")
				if got := required(app, graphClientID, "Scope"); !slices.Equal(got, []string{mailReadWrite, userRead}) {
					t.Errorf("delegated permissions are %q", got)
				}
				if got := required(app, graphClientID, "Role"); !slices.Equal(got, []string{rolesReadAll}) {
					t.Errorf("application permissions are %q, want the one that somebody else added", got)
				}
				if got := required(app, exchangeClientID, "Scope"); len(got) != 1 {
					t.Errorf("the other API's permissions are %q, want them untouched", got)
				}
				return nil
			},
		},
		resource.TestStep{
			PreConfig: x.CatchUp, ResourceName: name, ImportState: true, ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "application_id",
			ImportStateIdFunc: func(*terraformState) (string, error) {
				return x.Application(t, "Mail import").String("id") + "/" + graphClientID, nil
			},
			ImportStateVerifyIgnore: []string{"timeouts"},
		},
		// A permission removed in the portal comes back.
		resource.TestStep{
			PreConfig: func() {
				x.Change(t, x.Application(t, "Mail import").String("id"), func(d tenant.Doc) { d["requiredResourceAccess"] = []any{} })
			},
			Config:           permissionsConfiguration(`["User.Read", "Mail.ReadWrite"]`),
			ConfigPlanChecks: updated(name),
		},
	)
}

// Two resources for two APIs write to one application at the same moment, and so do a secret and the flag.
func TestAccPermissionsOfTwoAPIsAtOnce(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, minimalApplication+`
resource "appreg_delegated_permissions" "graph" {
  application_id = appreg_application.test.id
  scopes         = ["User.Read", "Mail.ReadWrite"]
}

resource "appreg_delegated_permissions" "exchange" {
  application_id = appreg_application.test.id
  api            = "Office 365 Exchange Online"
  scopes         = ["IMAP.AccessAsUser.All"]
}

resource "appreg_client_secret" "test" {
  count          = 4
  application_id = appreg_application.test.id
}

resource "appreg_public_client" "test" {
  application_id = appreg_application.test.id
}
`)
	w.Apply(t)
	app := x.Application(t, "Mail import")
	if got := required(app, graphClientID, "Scope"); !slices.Equal(got, []string{mailReadWrite, userRead}) {
		t.Errorf("Microsoft Graph's permissions are %q", got)
	}
	if got := required(app, exchangeClientID, "Scope"); len(got) != 1 {
		t.Errorf("Exchange Online's permissions are %q", got)
	}
	if n := len(app.Docs("passwordCredentials")); n != 4 {
		t.Errorf("the application holds %d secrets, want 4", n)
	}
	if !app.Bool("isFallbackPublicClient") {
		t.Error("the public-client flag is lost")
	}
	w.PlanIsEmpty(t)
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

func TestAccConsentLifecycle(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	text := exampleText(t, examples+"/resources/appreg_admin_consent/resource.tf")
	w := x.Workspace(t, text)
	w.Apply(t)
	principal, _ := values(t, w, "appreg_service_principal.mail_import")["id"].(string)
	grant, _ := values(t, w, "appreg_admin_consent.graph")["id"].(string)
	both := []string{"Mail.ReadWrite", "User.Read"}
	if got := x.Scopes(principal); !slices.Equal(got, both) {
		t.Fatalf("consent is for %q, want %q", got, both)
	}

	for what, change := range map[string]func(){
		"narrowed": func() { x.Change(t, grant, func(d tenant.Doc) { d["scope"] = "User.Read" }) },
		"revoked":  func() { x.Delete(t, grant) },
	} {
		change()
		if plan := w.Terraform(t, "plan", "-detailed-exitcode"); plan.ExitCode != 2 || !strings.Contains(plan.Output, "Mail.ReadWrite") {
			t.Errorf("consent was %s outside Terraform, and the plan must show it: exit status %d\n%s", what, plan.ExitCode, plan.Output)
		}
		w.Apply(t)
		if got := x.Scopes(principal); !slices.Equal(got, both) {
			t.Errorf("after consent was %s and applied again it is for %q, want %q", what, got, both)
		}
		w.PlanIsEmpty(t)
	}
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// A grant that is there already is taken over, and the warning says what it held and what is dropped.
func TestAccConsentTakesOverExistingGrant(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, strings.Split(exampleText(t, examples+"/resources/appreg_admin_consent/resource.tf"), "# The portal's")[0])
	w.Apply(t)
	principal, _ := values(t, w, "appreg_service_principal.mail_import")["id"].(string)
	var api string
	for _, d := range x.Objects(tenant.ServicePrincipal) {
		if d.String("appId") == graphClientID {
			api = d.String("id")
		}
	}
	x.Create(t, tenant.Grant, tenant.Doc{"clientId": principal, "resourceId": api, "consentType": "AllPrincipals", "principalId": nil, "scope": "Mail.Send User.Read"})

	w.ConfigureFrom(t, "examples/resources/appreg_admin_consent/resource.tf")
	out := w.Apply(t)
	if !strings.Contains(out, "Mail.Send") {
		t.Errorf("the warning must name what is dropped:\n%s", out)
	}
	if got, want := x.Scopes(principal), []string{"Mail.ReadWrite", "User.Read"}; !slices.Equal(got, want) {
		t.Errorf("consent is for %q, want %q", got, want)
	}
	w.PlanIsEmpty(t)
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}
