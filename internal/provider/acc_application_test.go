package provider_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const minimalApplication = `
resource "appreg_application" "test" {
  display_name = "Mail import"
}
`

const fullApplication = `
resource "appreg_application" "test" {
  display_name                 = "Mail import, renamed"
  sign_in_audience             = "AzureADMultipleOrgs"
  description                  = "Reads the \"invoices\" mailbox"
  notes                        = "Owned by finance"
  service_management_reference = "CMDB-42"
  tags                         = ["team-finance", "tier1"]
  homepage_url                 = "https://import.example.com"
  logout_url                   = "https://import.example.com/logout"
  unique_name                  = "mail-import"
  redirect_uris = {
    web           = ["https://import.example.com/signin", "http://localhost:8080/signin"]
    spa           = ["https://spa.example.com/"]
    public_client = ["https://login.microsoftonline.com/common/oauth2/nativeclient", "http://localhost"]
  }
  implicit_grant = {
    id_tokens = true
  }
}
`

const emptiedApplication = `
resource "appreg_application" "test" {
  display_name = "Mail import"
  unique_name  = "mail-import"
}
`

func updated(name string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(name, plancheck.ResourceActionUpdate)}}
}

func created(name string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(name, plancheck.ResourceActionCreate)}}
}

func TestAccApplicationLifecycle(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	const name = "appreg_application.test"
	sameClientID := statecheck.CompareValue(compare.ValuesSame())
	x.Test(t, []string{"Mail import"},
		resource.TestStep{
			Config: minimalApplication,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(name, tfjsonpath.New("sign_in_audience"), knownvalue.StringExact("AzureADMyOrg")),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("tenant_id"), knownvalue.StringExact(x.Facts().TenantID)),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("publisher_domain"), knownvalue.StringExact(x.Facts().Domain)),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("adopted"), knownvalue.Bool(false)),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("tags"), knownvalue.Null()),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("created_at"), knownvalue.StringRegexp(regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`))),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("token_url"), knownvalue.StringExact(x.URL+"/"+x.Facts().TenantID+"/oauth2/v2.0/token")),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("admin_consent_url"), knownvalue.Null()),
				sameClientID.AddStateValue(name, tfjsonpath.New("client_id")),
			},
		},
		resource.TestStep{
			Config:           fullApplication,
			ConfigPlanChecks: updated(name),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(name, tfjsonpath.New("token_url"), knownvalue.StringExact(x.URL+"/organizations/oauth2/v2.0/token")),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("tags"), knownvalue.SetSizeExact(2)),
				sameClientID.AddStateValue(name, tfjsonpath.New("client_id")),
			},
		},
		resource.TestStep{PreConfig: x.CatchUp, ResourceName: name, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"adopt_existing", "prevent_duplicate_names", "purge_on_destroy", "timeouts"}},
		resource.TestStep{
			PreConfig: x.CatchUp, ResourceName: name, ImportState: true, ImportStateVerify: true,
			ImportStateId:           "unique_name:mail-import",
			ImportStateVerifyIgnore: []string{"adopt_existing", "prevent_duplicate_names", "purge_on_destroy", "timeouts"},
		},
		resource.TestStep{
			PreConfig: func() {
				app := x.Application(t, "Mail import, renamed")
				x.Change(t, app.String("id"), func(d tenant.Doc) {
					d["notes"] = "changed in the portal"
					d["tags"] = []any{"team-sales"}
				})
			},
			Config:           fullApplication,
			ConfigPlanChecks: updated(name),
		},
		// Everything that is left out again is emptied, but a unique name, which can't be.
		resource.TestStep{
			Config:           emptiedApplication,
			ConfigPlanChecks: updated(name),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(name, tfjsonpath.New("notes"), knownvalue.Null()),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("redirect_uris"), knownvalue.Null()),
				sameClientID.AddStateValue(name, tfjsonpath.New("client_id")),
			},
		},
	)
}

func TestAccApplicationGoneBehindTerraformsBack(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	const name = "appreg_application.test"
	x.Test(t, []string{"Mail import", "Mail import"},
		resource.TestStep{Config: minimalApplication},
		resource.TestStep{
			PreConfig:        func() { x.Delete(t, x.Application(t, "Mail import").String("id")) },
			Config:           minimalApplication,
			ConfigPlanChecks: created(name),
		},
		resource.TestStep{
			PreConfig: func() {
				id := x.Application(t, "Mail import").String("id")
				x.Delete(t, id)
				x.Purge(t, id)
			},
			Config:           minimalApplication,
			ConfigPlanChecks: created(name),
		},
	)
}

func TestAccApplicationPurgeOnDestroy(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	x.Test(t, nil, resource.TestStep{Config: `
resource "appreg_application" "test" {
  display_name     = "Mail import"
  purge_on_destroy = true
}
`})
}

// The plan says which application will be taken over and what of it will go; what an adoption can't change it doesn't put
// at the mercy of the next apply.
func TestAccApplicationAdoptsLiveHolder(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	id := x.Create(t, tenant.Application, tenant.Doc{"displayName": "Mail import", "uniqueName": "mail-import", "notes": "made by hand", "description": "kept"})
	x.CatchUp()
	w := x.Workspace(t, `
resource "appreg_application" "test" {
  display_name   = "Mail import"
  description    = "kept"
  unique_name    = "mail-import"
  adopt_existing = true
}
`)
	w.Init(t)
	plan := w.Must(t, "plan")
	for _, part := range []string{"Existing application will be taken over", id, "notes: made by hand"} {
		if !strings.Contains(plan, part) {
			t.Errorf("the plan lacks %q:\n%s", part, plan)
		}
	}
	if strings.Contains(plan, "Another application is named") || strings.Contains(plan, "description: kept") {
		t.Errorf("the plan speaks of what stays:\n%s", plan)
	}

	roles := x.Facts().ClientID
	if err := x.SetRoles(roles, "Application.Read.All"); err != nil {
		t.Fatal(err)
	}
	if r := w.Terraform(t, "apply", "-auto-approve"); r.ExitCode == 0 || w.State(t).Values != nil {
		t.Errorf("an adoption without permission must fail and record nothing: exit status %d, state %v", r.ExitCode, w.State(t).Values)
	}
	if err := x.SetRoles(roles, "Application.ReadWrite.All"); err != nil {
		t.Fatal(err)
	}
	w.Apply(t)
	if got := values(t, w, "appreg_application.test"); got["id"] != id || got["adopted"] != true {
		t.Errorf("taken over is %v (adopted: %v), want %s", got["id"], got["adopted"], id)
	}
	w.PlanIsEmpty(t)
}

// A unique name that a soft-deleted application holds can't be given again; adopt_existing restores the holder, and with
// it the client id that products were configured with.
func TestAccApplicationAdoptsSoftDeletedHolder(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	const config = `
resource "appreg_application" "test" {
  display_name   = "Mail import"
  unique_name    = "mail-import"
  adopt_existing = true
}
`
	const name = "appreg_application.test"
	sameClientID := statecheck.CompareValue(compare.ValuesSame())
	x.Test(t, []string{"Mail import"},
		resource.TestStep{
			Config:            config,
			ConfigStateChecks: []statecheck.StateCheck{sameClientID.AddStateValue(name, tfjsonpath.New("client_id"))},
		},
		resource.TestStep{
			PreConfig:        func() { x.Delete(t, x.Application(t, "Mail import").String("id")) },
			Config:           config,
			ConfigPlanChecks: created(name),
			ConfigStateChecks: []statecheck.StateCheck{
				sameClientID.AddStateValue(name, tfjsonpath.New("client_id")),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("adopted"), knownvalue.Bool(true)),
			},
		},
	)
}
