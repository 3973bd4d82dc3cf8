package provider_test

import (
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

func TestAccPermissionNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scopes string
		want   []string
	}{
		"misspelt":     {`["User.Read", "Mail.ReadWrit"]`, []string{"Unknown permission", `no delegated permission "Mail.ReadWrit"`, "Mail.ReadWrite"}},
		"letter case":  {`["user.read"]`, []string{"Unknown permission", "User.Read"}},
		"disabled":     {`["Place.Read"]`, []string{"Permission is disabled", "Place.Read"}},
		"an id":        {`["` + userRead + `"]`, []string{`This is the id of "User.Read"`}},
		"nothing like": {`["Zzzzzzzzzzzzzzzzzzzzzzz"]`, []string{"Unknown permission"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Calm(t)
			refused(t, start(t, x, permissionsConfiguration(c.scopes)), c.want, "plan")
			consent := "resource \"appreg_admin_consent\" \"test\" {\n service_principal_id = \"5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01\"\n scopes = " + c.scopes + "\n}\n"
			refused(t, start(t, x, consent), c.want, "plan")
		})
	}
}

// One warning lists what needs an administrator, and says what to do.
func TestAccPermissionsThatNeedAnAdministrator(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	out := start(t, x, permissionsConfiguration(`["User.Read", "User.Read.All", "Group.Read.All"]`)).Must(t, "plan")
	demand(t, out, []string{"need an administrator's consent", "User.Read.All", "Group.Read.All", "appreg_admin_consent", "admin_consent_url"})
	if n := strings.Count(out, "Warning:"); n != 1 {
		t.Errorf("%d warnings, want one:\n%s", n, out)
	}
}

func TestAccPermissionsOfUnknownAPI(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ api, block string }{
		"without service principal": {"SharePoint Online", `client_id = "00000003-0000-0ff1-ce00-000000000000"`},
		"by identifier URI":         {"api://nobody", "No service principal of this tenant has this identifier URI"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Calm(t)
			w := start(t, x, minimalApplication+`
resource "appreg_delegated_permissions" "test" {
  application_id = appreg_application.test.id
  api            = "`+c.api+`"
  scopes         = ["Sites.Read.All"]
}
`)
			want := []string{`No service principal of the API "` + c.api + `"`, c.block}
			demand(t, w.Must(t, "plan"), want)
			refused(t, w, want, apply()...)
		})
	}
}

// The resource is authoritative: what a creation removes is said before.
func TestAccPermissionsThatACreationRemoves(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	w := x.Workspace(t, minimalApplication)
	w.Apply(t)
	id := x.Application(t, "Mail import").String("id")
	x.Change(t, id, func(d tenant.Doc) {
		d["requiredResourceAccess"] = []any{map[string]any{
			"resourceAppId":  graphClientID,
			"resourceAccess": []any{map[string]any{"id": mailReadWrite, "type": "Scope"}},
		}}
	})
	w.Configure(t, permissionsConfiguration(`["User.Read"]`))
	demand(t, w.Must(t, "plan"), []string{"Permissions that will be removed", "Mail.ReadWrite", `id = "` + id + "/" + graphClientID + `"`})
}
