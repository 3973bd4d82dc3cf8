package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const (
	mainBranch = "repo:example/mail-import:ref:refs/heads/main"
	production = "repo:example/mail-import:environment:production"
	exchange   = "api://AzureADTokenExchange"
)

// federated is the block of a credential for GitHub Actions.
func federated(label, name, subject string, more ...string) string {
	return fmt.Sprintf("resource \"appreg_federated_credential\" %q {\n  application_id = appreg_application.test.id\n  name = %q\n  issuer = %q\n  subject = %q\n  %s\n}\n",
		label, name, acctest.GitHub, subject, strings.Join(more, "\n  "))
}

func TestAccFederatedLifecycle(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	const name = "appreg_federated_credential.test"
	credential := func() tenant.Doc {
		return x.Application(t, "Mail import").Docs("federatedIdentityCredentials")[0]
	}
	x.Test(t, []string{"Mail import"},
		resource.TestStep{
			Config: held + federated("test", "github", mainBranch),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(name, tfjsonpath.New("audience"), knownvalue.StringExact(exchange)),
				statecheck.ExpectKnownValue(name, tfjsonpath.New("description"), knownvalue.Null()),
			},
		},
		resource.TestStep{
			Config:           held + federated("test", "github", production, `audience = "api://elsewhere"`, `description = "Ünïcode"`),
			ConfigPlanChecks: updated(name),
			Check: func(*terraformState) error {
				d := credential()
				if d.String("subject") != production || d.String("description") != "Ünïcode" || strings.Join(d.Strings("audiences"), " ") != "api://elsewhere" {
					t.Errorf("the credential is %v", d)
				}
				return nil
			},
		},
		resource.TestStep{
			PreConfig: x.CatchUp, ResourceName: name, ImportState: true, ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "credential_id",
			ImportStateIdFunc: func(*terraformState) (string, error) {
				return x.Application(t, "Mail import").String("id") + "/" + credential().String("id"), nil
			},
			ImportStateVerifyIgnore: []string{"timeouts"},
		},
		// What is left out is empty, and the default.
		resource.TestStep{
			Config:           held + federated("test", "github", production),
			ConfigPlanChecks: updated(name),
			Check: func(*terraformState) error {
				if d := credential(); d["description"] != nil || strings.Join(d.Strings("audiences"), " ") != exchange {
					t.Errorf("the credential is %v", d)
				}
				return nil
			},
		},
	)
}

// What somebody changed in the portal is set back, and what somebody removed is made again.
func TestAccFederatedDrift(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	const name = "appreg_federated_credential.test"
	credential := func() tenant.Doc {
		return x.Application(t, "Mail import").Docs("federatedIdentityCredentials")[0]
	}
	x.Test(t, []string{"Mail import"},
		resource.TestStep{Config: held + federated("test", "github", production)},
		resource.TestStep{
			PreConfig: func() {
				x.Change(t, x.Application(t, "Mail import").String("id"), func(d tenant.Doc) {
					held := d.Docs("federatedIdentityCredentials")
					held[0]["subject"] = "repo:somebody/else:pull_request"
					d["federatedIdentityCredentials"] = held
				})
			},
			Config:           held + federated("test", "github", production),
			ConfigPlanChecks: updated(name),
			Check: func(*terraformState) error {
				if got := credential().String("subject"); got != production {
					t.Errorf("the subject is %s", got)
				}
				return nil
			},
		},
		resource.TestStep{
			PreConfig: func() {
				x.Change(t, x.Application(t, "Mail import").String("id"), func(d tenant.Doc) { d["federatedIdentityCredentials"] = []any{} })
			},
			Config: held + federated("test", "github", production),
			Check: func(*terraformState) error {
				if got := credential().String("subject"); got != production {
					t.Errorf("the subject is %s", got)
				}
				return nil
			},
		},
	)
}

// A workload signs in with its issuer's token: at first, with another subject after the change, and no more after the
// credential was removed. The sign-in compares letter by letter, capitals included.
func TestAccFederatedSignIn(t *testing.T) {
	t.Parallel()
	for mismatch, number := range map[string]int{"named": 700213, "unnamed": 70021} {
		t.Run(mismatch, func(t *testing.T) {
			t.Parallel()
			github := acctest.NewIssuer(t, acctest.GitHub)
			x := acctest.Hostile(t, emulator.WithIssuers(github.Client()), emulator.WithReading(emulator.FederatedMismatch, mismatch))
			const output = "output \"client_id\" {\n  value = appreg_application.test.client_id\n}\n"
			w := x.Workspace(t, held+output+federated("test", "github", mainBranch))
			w.Apply(t)
			product := x.Product(t, x.Facts().TenantID, w.Output(t, "client_id"))
			token := func(subject string) string { return github.Token(t, x.Clock.Now(), subject, exchange) }
			acctest.Eventually(t.Context(), t, product.Assertion(token(mainBranch)))
			acctest.Refused(t.Context(), t, product.Assertion(token(strings.ToUpper(mainBranch))), number)
			acctest.Refused(t.Context(), t, product.Assertion(token(production)), number)

			w.Configure(t, held+output+federated("test", "github", production))
			w.Apply(t)
			acctest.Eventually(t.Context(), t, product.Assertion(token(production)))
			acctest.Refused(t.Context(), t, product.Assertion(token(mainBranch)), number)

			w.Configure(t, held+output+federated("other", "other", "repo:example/other:pull_request"))
			w.Apply(t)
			acctest.Refused(t.Context(), t, product.Assertion(token(production)), number)
			w.Destroy(t)
			if err := x.Left("Mail import"); err != nil {
				t.Error(err)
			}
		})
	}
}

// Another name is another credential; so is one that is replaced by itself. The old one goes first, because both would
// be for the same issuer and subject.
func TestAccFederatedReplacement(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"another name", "-replace", "taint"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			w := x.Workspace(t, held+federated("test", "github", mainBranch))
			w.Apply(t)
			const address = "appreg_federated_credential.test"
			old := values(t, w, address)["credential_id"]
			switch by {
			case "taint":
				w.Must(t, "taint", address)
				w.Apply(t)
			case "-replace":
				w.Apply(t, "-replace="+address)
			default:
				w.Configure(t, held+federated("test", "github-main", mainBranch))
				w.Apply(t)
			}
			if got := values(t, w, address)["credential_id"]; got == old {
				t.Error("the credential was not replaced")
			}
			if n := len(x.Application(t, "Mail import").Docs("federatedIdentityCredentials")); n != 1 {
				t.Errorf("the application holds %d credentials, want 1", n)
			}
			w.PlanIsEmpty(t)
			w.Destroy(t)
			if err := x.Left("Mail import"); err != nil {
				t.Error(err)
			}
		})
	}
}

// As many credentials as an application can hold are made at once, beside certificates, secrets and permissions, and
// removed at once.
func TestAccFederatedManyAtOnce(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, held+federated("test", "branch-${count.index}", "repo:example/mail-import:ref:refs/heads/${count.index}", "count = 20")+`
resource "appreg_client_secret" "test" {
  count          = 2
  application_id = appreg_application.test.id
}
resource "appreg_certificate" "test" {
  application_id = appreg_application.test.id
  certificate    = `+hclText(valid(t, "mail import").pem())+`
}
resource "appreg_delegated_permissions" "test" {
  application_id = appreg_application.test.id
  scopes         = ["User.Read"]
}
`)
	w.Apply(t)
	w.PlanIsEmpty(t)
	app := x.Application(t, "Mail import")
	for property, want := range map[string]int{"federatedIdentityCredentials": 20, "passwordCredentials": 2, "keyCredentials": 1, "requiredResourceAccess": 1} {
		if n := len(app.Docs(property)); n != want {
			t.Errorf("the application holds %d %s, want %d", n, property, want)
		}
	}
	w.Configure(t, held)
	w.Apply(t)
	if n := len(x.Application(t, "Mail import").Docs("federatedIdentityCredentials")); n != 0 {
		t.Errorf("%d credentials are left", n)
	}
	w.Destroy(t)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}
