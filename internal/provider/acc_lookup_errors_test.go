package provider_test

import (
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// A data source that finds nothing says by what it looked, and what that argument takes.
func TestAccDataSourcesThatFindNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hcl  string
		want []string
	}{
		"application by name":        {readApplication, []string{`Unable to read application "Mail import"`, "No application of this tenant has this display name", "Check the spelling"}},
		"application by unique name": {`data "appreg_application" "test" { unique_name = "mail-import" }`, []string{`Unable to read application "mail-import"`, "Check unique_name"}},
		"application by id":          {`data "appreg_application" "test" { id = "` + stranger + `" }`, []string{`Unable to read application "` + stranger + `"`, "Check id", "must be the object id of the application, not a client id"}},
		"application by client id":   {`data "appreg_application" "test" { client_id = "` + stranger + `" }`, []string{`Unable to read application "` + stranger + `"`, "Check client_id"}},
		"principal by id":            {`data "appreg_service_principal" "test" { id = "` + stranger + `" }`, []string{`Unable to read service principal "` + stranger + `"`, "must be the object id of the service principal, not a client id"}},
		"principal by client id":     {`data "appreg_service_principal" "test" { client_id = "` + stranger + `" }`, []string{`Unable to read service principal "` + stranger + `"`, "Check client_id"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, start(t, acctest.Hostile(t), c.hcl), c.want, "plan")
		})
	}
}

// Names need not be unique, so one that several applications have is no key.
func TestAccApplicationNameOfSeveral(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	one := x.Create(t, tenant.Application, tenant.Doc{"displayName": "Mail import"})
	two := x.Create(t, tenant.Application, tenant.Doc{"displayName": "Mail import", "notes": "the other"})
	if one == two {
		t.Fatal("there is one application only")
	}
	refused(t, start(t, x, readApplication), []string{"2 applications have this display name", one, two, "by id, client_id or unique_name instead"}, "plan")
}
