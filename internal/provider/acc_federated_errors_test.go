package provider_test

import (
	"fmt"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// taken puts a credential of somebody else into the application, and gives its import id.
func taken(t *testing.T, x *acctest.Tenant, name, subject string) string {
	t.Helper()
	const id = "99999999-2222-4333-8444-555555555555"
	app := x.Application(t, "Mail import").String("id")
	x.Change(t, app, func(d tenant.Doc) {
		d["federatedIdentityCredentials"] = append(d.Docs("federatedIdentityCredentials"), tenant.Doc{"id": id, "name": name, "issuer": acctest.GitHub,
			"subject": subject, "audiences": []any{exchange}, "description": nil})
	})
	return app + "/" + id
}

// A name, or an issuer and subject, that is taken: the plan warns, the apply writes nothing, and both show the import
// block, which works.
func TestAccFederatedTaken(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		name, subject string
		plan, apply   string
	}{
		"name":    {"github", production, "with this name already", "the name is taken in this application"},
		"subject": {"other", mainBranch, "with the same issuer and subject already", "for the same issuer and subject"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			w := x.Workspace(t, held)
			w.Apply(t)
			importID := taken(t, x, c.name, c.subject)
			w.Configure(t, held+federated("test", "github", mainBranch))
			block := []string{"to = appreg_federated_credential.example", fmt.Sprintf("id = %q", importID)}
			demand(t, w.Must(t, "plan"), append(block, c.plan, "Unless this plan replaces, changes or removes it"))
			refused(t, w, append(block, `Unable to create federated credential "github"`, "Nothing was written", c.apply, "unique in an application"), apply()...)

			w.Must(t, "import", "appreg_federated_credential.test", importID)
			w.Apply(t)
			w.PlanIsEmpty(t)
			w.Destroy(t)
			if err := x.Left("Mail import"); err != nil {
				t.Error(err)
			}
		})
	}
}

// Somebody takes the name, or the subject, between the check and the write, or while a credential is changed: Graph's
// refusal, by either status, is explained in the same words.
func TestAccFederatedTakenMeanwhile(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"400", "409"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t, emulator.WithReading(graph.DuplicateSubject, status))
			w := x.Workspace(t, held+federated("test", "github", production))
			w.Apply(t)
			w.Configure(t, held+federated("test", "github", mainBranch))
			w.Must(t, "plan", "-out=saved.tfplan")
			importID := taken(t, x, "other", mainBranch)
			refused(t, w, []string{`Unable to update federated credential "github"`, "for the same issuer and subject", fmt.Sprintf("id = %q", importID), "request-id"}, "apply", "saved.tfplan")
		})
	}
}

// The old credential stands in the way of the new one when that is to be made first, and the error says so.
func TestAccFederatedNewOneFirst(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, held+federated("test", "github", mainBranch, newFirst))
	w.Apply(t)
	w.Configure(t, held+federated("test", "github-main", mainBranch, newFirst))
	refused(t, w, []string{`Unable to create federated credential "github-main"`, "for the same issuer and subject", "create_before_destroy"}, apply()...)
	w.Configure(t, held+federated("test", "github-main", mainBranch))
	w.Apply(t)
	w.PlanIsEmpty(t)
}

// The 21st credential is one too many.
func TestAccFederatedTooMany(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	w := x.Workspace(t, held)
	w.Apply(t)
	x.Change(t, x.Application(t, "Mail import").String("id"), func(d tenant.Doc) {
		many := []any{}
		for i := range 20 {
			many = append(many, tenant.Doc{"id": fmt.Sprintf("99999999-2222-4333-8444-%012d", i), "name": fmt.Sprintf("branch-%d", i), "issuer": acctest.GitHub,
				"subject": fmt.Sprintf("repo:example/mail-import:ref:refs/heads/%d", i), "audiences": []any{exchange}, "description": nil})
		}
		d["federatedIdentityCredentials"] = many
	})
	w.Configure(t, held+federated("more", "more", production))
	demand(t, w.Must(t, "plan"), []string{"The application holds as many federated credentials as it can", "It can hold 20", "branch-7"})
	refused(t, w, []string{`Unable to create federated credential "more"`, "at most 20", "fewer than 20", "request-id"}, apply()...)
}

// Mistakes that are certain are warnings at plan.
func TestAccFederatedHints(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	w := start(t, x, held+federated("test", "github", "repo:example/mail-import:ref:main"))
	demand(t, w.Must(t, "plan"), []string{"No token will fit this subject", "ref:refs/heads/main"})
}

// A reply that was lost, before or after the write, makes no second credential and no error.
func TestAccFederatedLostReplies(t *testing.T) {
	t.Parallel()
	for _, kind := range []fault.Kind{fault.DropAfter, fault.ErrorAfter, fault.ErrorBefore, fault.ResetBefore, fault.Conflict} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			all, one := "/applications/{id}/federatedIdentityCredentials", "/applications/{id}/federatedIdentityCredentials/{subId}"
			x := acctest.Calm(t, emulator.WithFaults([]fault.Rule{
				{Method: "POST", Route: all, Nth: []int{1}, Kind: kind}, {Method: "PATCH", Route: "/applications/{id}", Nth: []int{1}, Kind: kind},
				{Method: "PATCH", Route: one, Nth: []int{1}, Kind: kind},
			}))
			s := valid(t, "mail import")
			certificate := "resource \"appreg_certificate\" \"test\" {\n  application_id = appreg_application.test.id\n  certificate = " + hclText(s.pem()) + "\n}\n"
			w := x.Workspace(t, held+certificate+federated("test", "github", mainBranch))
			w.Apply(t)
			app := x.Application(t, "Mail import")
			if n, m := len(app.Docs("federatedIdentityCredentials")), len(app.Docs("keyCredentials")); n != 1 || m != 1 {
				t.Errorf("the application holds %d federated credentials and %d certificates, want 1 and 1", n, m)
			}
			w.PlanIsEmpty(t)
			w.Configure(t, held+certificate+federated("test", "github", production))
			w.Apply(t)
			w.PlanIsEmpty(t)
			hit := 0
			w.Destroy(t)
			for _, r := range x.Requests() {
				if r.Fault == kind {
					hit++
				}
			}
			if hit < 3 {
				t.Errorf("%d requests met the fault, want 3 or more", hit)
			}
			if err := x.Left("Mail import"); err != nil {
				t.Error(err)
			}
		})
	}
}
