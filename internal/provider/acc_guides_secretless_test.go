package provider_test

import (
	"context"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

// The guide on GitHub Actions: a run of the branch signs in with GitHub's token and no other run does, whether it is of
// another branch, of a pull request, of another repository or in other capitals; after the destroy nobody does.
func TestAccGuideSecretless(t *testing.T) {
	t.Parallel()
	github := acctest.NewIssuer(t, acctest.GitHub)
	x := acctest.Hostile(t, emulator.WithIssuers(github.Client()), emulator.WithReading(emulator.FederatedMismatch, "named"))
	w := x.Workspace(t, "")
	w.ConfigureFrom(t, "examples/guides/secretless/main.tf")
	w.Apply(t)
	product := x.Product(t, w.Output(t, "tenant_id"), w.Output(t, "client_id"))
	run := func(subject string) func(context.Context) (acctest.Claims, error) {
		return product.Assertion(github.Token(t, x.Clock.Now(), subject, workflowAudience(t)))
	}
	if claims := acctest.Eventually(t.Context(), t, run(mainBranch)); claims.TenantID != x.Facts().TenantID {
		t.Errorf("the token is of tenant %s", claims.TenantID)
	}
	for _, other := range []string{
		"repo:example/mail-import:ref:refs/heads/topic", "repo:example/mail-import:pull_request", "repo:fork/mail-import:ref:refs/heads/main",
		"repo:Example/mail-import:ref:refs/heads/main",
	} {
		acctest.Refused(t.Context(), t, run(other), 700213)
	}
	acctest.Refused(t.Context(), t, product.Assertion(github.Token(t, x.Clock.Now(), mainBranch, "https://github.com/example")), 700212)
	principal, _ := values(t, w, "appreg_service_principal.mail_import")["id"].(string)
	if got, want := x.Scopes(principal), []string{"Mail.ReadWrite", "User.Read"}; !slices.Equal(got, want) {
		t.Errorf("consent is for %q, want %q", got, want)
	}
	w.PlanIsEmpty(t)

	// Another branch is a change in place of what the credential says, and a new name.
	w.Must(t, "apply", "-auto-approve", "-var", "branch=release")
	acctest.Eventually(t.Context(), t, run("repo:example/mail-import:ref:refs/heads/release"))
	acctest.Refused(t.Context(), t, run(mainBranch), 700213)
	w.Destroy(t)
	acctest.Refused(t.Context(), t, run("repo:example/mail-import:ref:refs/heads/release"), 700016)
	if err := x.Left("Mail import"); err != nil {
		t.Error(err)
	}
}

// workflowAudience is the audience for which the guide's workflow asks GitHub; the job must be allowed to ask.
func workflowAudience(t *testing.T) string {
	t.Helper()
	workflow := exampleText(t, filepath.Join(examples, "guides", "secretless", "workflow.yml"))
	if !strings.Contains(workflow, "id-token: write") {
		t.Error("without id-token: write GitHub gives the job no token")
	}
	asked := regexp.MustCompile(`ACTIONS_ID_TOKEN_REQUEST_URL&audience=([^"]+)"`).FindStringSubmatch(workflow)
	if asked == nil {
		t.Fatal("the workflow names no audience")
	}
	audience, err := url.QueryUnescape(asked[1])
	if err != nil {
		t.Fatal(err)
	}
	return audience
}
