package provider_test

import (
	"slices"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// What people made in the portal, years ago or for an hour, is imported with a configuration that Terraform writes, and
// nothing of it is changed: not its owners, nor tags that look like the provider's own, nor secrets of an odd lifetime.
func TestAccImportOfWhatOthersMade(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	owner := x.Objects(tenant.User)[0].String("id")
	id := x.Create(t, tenant.Application, tenant.Doc{
		"displayName": "Mail import", "tags": []any{"appreg:somebody's", "team"}, "owners": []any{owner},
		"requiredResourceAccess": []any{map[string]any{"resourceAppId": graphClientID, "resourceAccess": []any{
			map[string]any{"id": userRead, "type": "Scope"}, map[string]any{"id": "11111111-2222-4333-8444-555555555555", "type": "Scope"},
		}}},
	})
	imports := map[string]string{"appreg_application.a": id, "appreg_public_client.p": id, "appreg_delegated_permissions.d": id + "/" + graphClientID}
	for name, life := range map[string]time.Duration{"hour": time.Hour, "ages": 200 * 365 * 24 * time.Hour} {
		key, _, err := x.AddSecret(id, "", x.Clock.Now().Add(life).Truncate(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		imports["appreg_client_secret."+name] = id + "/" + key
	}
	x.CatchUp()
	before, _ := x.Object(id)
	for address, importID := range imports {
		generatedConfigurationPlansEmpty(t, x, address, importID)
	}
	after, _ := x.Object(id)
	for _, property := range []string{"tags", "owners"} {
		if !slices.Equal(before.Strings(property), after.Strings(property)) {
			t.Errorf("%s were %q and are %q", property, before.Strings(property), after.Strings(property))
		}
	}
}

// Owners that an import found are shown, and are neither a difference to a configuration without owners nor removed by
// one that lists others; those that it listed itself are removed with it.
func TestAccImportedOwnersStay(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	users := x.Objects(tenant.User)
	found, ours := users[0].String("id"), users[1].String("id")
	id := x.Create(t, tenant.Application, tenant.Doc{"displayName": "Mail import", "owners": []any{found}})
	x.CatchUp()
	const head, name = "resource \"appreg_application\" \"test\" {\n  display_name = \"Mail import\"\n", "appreg_application.test"
	w := x.Workspace(t, head+"}\n")
	w.Init(t)
	w.Must(t, "import", name, id)
	w.PlanIsEmpty(t)
	for _, c := range []struct {
		arguments string
		want      []string
	}{
		{"  notes = \"imported\"\n", []string{found}},
		{"  owners = [\"" + ours + "\"]\n", []string{found, ours}},
		{"", []string{found}},
	} {
		w.Configure(t, head+c.arguments+"}\n")
		w.Apply(t)
		got := slices.DeleteFunc(x.Application(t, "Mail import").Strings("owners"), func(id string) bool { return id != found && id != ours })
		if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(c.want))) {
			t.Errorf("with %q the owners are %q, want %q", c.arguments, got, c.want)
		}
		w.PlanIsEmpty(t)
	}
	w.Destroy(t)
}
