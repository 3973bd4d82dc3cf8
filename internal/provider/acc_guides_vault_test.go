package provider_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

// The key vault guide, on the days of its table: the consumer's configuration never changes, what it reads signs in at
// every moment, and what it has kept works until the overlap is over.
func TestAccGuideKeyVault(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, "")
	w.Variables = map[string]string{"TF_VAR_vault_uri": x.VaultURI}
	w.ConfigureFrom(t, "examples/guides/key-vault/main.tf")
	w.Apply(t)
	var configured struct {
		ClientID  string `json:"client_id"`
		SecretURI string `json:"secret_uri"`
	}
	printed := w.Must(t, "output", "-json", "consumer")
	if err := json.Unmarshal([]byte(printed), &configured); err != nil {
		t.Fatal(err)
	}
	if configured.SecretURI != x.VaultURI+"secrets/"+vaultSecret {
		t.Errorf("the consumer is pointed to %q", configured.SecretURI)
	}
	c := consumerOf(t, &rotation{Tenant: x, w: w, product: x.Product(t, x.Facts().TenantID, configured.ClientID)})
	first := c.reads(t)
	c.works(t, first)

	x.Clock.Advance(149 * day)
	w.PlanIsEmpty(t)
	x.Clock.Advance(day)
	c.proposes(t, "will be rotated", "becomes a new version")
	if plan := w.Must(t, "plan"); strings.Contains(plan, "Changes to Outputs") {
		t.Errorf("the plan would change the consumer's configuration:\n%s", plan)
	}
	c.works(t, first)
	w.Apply(t)
	second := c.reads(t)
	c.works(t, first, second)
	if again := w.Must(t, "output", "-json", "consumer"); again != printed {
		t.Errorf("the consumer's configuration changed from %s to %s", printed, again)
	}
	x.Clock.Advance(6 * day)
	w.PlanIsEmpty(t)
	c.works(t, first)
	x.Clock.Advance(day)
	w.Apply(t)
	c.revoked(t, first)
	c.works(t, second, c.reads(t))

	c.clean(t, w.Must(t, "show", "-json"))
	w.Destroy(t)
	c.revokedVersion(t)
}
