package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

type terraformState = terraform.State

func principalConfiguration(arguments string) string {
	return minimalApplication + `
resource "appreg_service_principal" "test" {
  client_id = appreg_application.test.client_id
` + arguments + `}
`
}

func TestAccServicePrincipalLifecycle(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	const name = "appreg_service_principal.test"
	same := statecheck.CompareValue(compare.ValuesSame())
	x.Test(t, []string{"Mail import"},
		resource.TestStep{
			Config: principalConfiguration(""),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(name, tfjsonpath.New("account_enabled"), knownvalue.Bool(true)),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("display_name"), knownvalue.StringExact("Mail import")),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("application_tenant_id"), knownvalue.StringExact(x.Facts().TenantID)),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("sign_in_audience"), knownvalue.StringExact("AzureADMyOrg")),
				same.AddStateValue(name, tfjsonpath.New("id")),
			},
		},
		resource.TestStep{
			Config: principalConfiguration(`
  account_enabled              = false
  app_role_assignment_required = true
  notes                        = "closed for the holidays"
  tags                         = ["HideApp"]
`),
			ConfigPlanChecks:  updated(name),
			ConfigStateChecks: []statecheck.StateCheck{same.AddStateValue(name, tfjsonpath.New("id"))},
		},
		resource.TestStep{PreConfig: x.CatchUp, ResourceName: name, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"adopt_existing", "timeouts"}},
		// Somebody enables it in the portal.
		resource.TestStep{
			PreConfig: func() {
				x.Change(t, principal(t, x).String("id"), func(d tenant.Doc) { d["accountEnabled"] = true })
			},
			Config:           principalConfiguration("  account_enabled = false\n"),
			ConfigPlanChecks: updated(name),
		},
		resource.TestStep{
			PreConfig:        func() { x.Delete(t, principal(t, x).String("id")) },
			Config:           principalConfiguration(""),
			ConfigPlanChecks: created(name),
		},
	)
}

// principal is the service principal of the application under test.
func principal(t *testing.T, x *acctest.Tenant) tenant.Doc {
	t.Helper()
	app := x.Application(t, "Mail import")
	for _, d := range x.Objects(tenant.ServicePrincipal) {
		if d.String("appId") == app.String("appId") {
			return d
		}
	}
	t.Fatal("the application has no service principal")
	return nil
}

func TestAccPublicClientLifecycle(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	const name = "appreg_public_client.test"
	config := func(arguments string) string {
		return minimalApplication + "\nresource \"appreg_public_client\" \"test\" {\n  application_id = appreg_application.test.id\n" + arguments + "}\n"
	}
	x.Test(t, []string{"Mail import"},
		resource.TestStep{
			Config:            config(""),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(name, tfjsonpath.New("enabled"), knownvalue.Bool(true))},
		},
		resource.TestStep{Config: config("  enabled = false\n"), ConfigPlanChecks: updated(name)},
		resource.TestStep{
			PreConfig: x.CatchUp, ResourceName: name, ImportState: true, ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "application_id",
			ImportStateIdFunc:       func(*terraformState) (string, error) { return x.Application(t, "Mail import").String("id"), nil },
			ImportStateVerifyIgnore: []string{"timeouts"},
		},
		resource.TestStep{
			PreConfig: func() {
				x.Change(t, x.Application(t, "Mail import").String("id"), func(d tenant.Doc) { d["isFallbackPublicClient"] = true })
			},
			Config:           config("  enabled = false\n"),
			ConfigPlanChecks: updated(name),
		},
		// Without the resource the flag is unset again, not false.
		resource.TestStep{
			Config: minimalApplication,
			Check: func(*terraformState) error {
				if got := x.Application(t, "Mail import")["isFallbackPublicClient"]; got != nil {
					t.Errorf("the flag is %v after destroy, want it unset", got)
				}
				return nil
			},
		},
	)
}
