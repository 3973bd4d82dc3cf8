package e2e_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// oneRun hands an ephemeral secret to a command that ends as exit says, once the test lets it.
func oneRun(applicationID, exit string) string {
	return `
ephemeral "appreg_client_secret" "run" {
  application_id = ` + applicationID + `
  display_name   = "one run"
}

resource "terraform_data" "consumer" {
  provisioner "local-exec" {
    command     = "printf %s \"$SECRET $KEY $ENDS\" > secret.part && mv secret.part secret && while [ ! -e done ]; do sleep 0.1; done; ` + exit + `"
    working_dir = path.module
    environment = {
      SECRET = ephemeral.appreg_client_secret.run.value
      KEY    = ephemeral.appreg_client_secret.run.key_id
      ENDS   = ephemeral.appreg_client_secret.run.end_date
    }
  }
}
`
}

// handed waits for what the command was handed: value, key id and end of the secret.
func handed(t *testing.T, w *acctest.Workspace) []string {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-again.C {
		got, err := os.ReadFile(filepath.Join(w.Dir, "secret"))
		if err == nil {
			return strings.Fields(string(got))
		}
		if !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	t.Fatal("the command was handed no secret")
	return nil
}

func letGo(t *testing.T, w *acctest.Workspace) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.Dir, "done"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// secretsOf are the secrets of an application.
func secretsOf(t *testing.T, x *acctest.Tenant, id string) []tenant.Doc {
	t.Helper()
	app, ok := x.Object(id)
	if !ok {
		t.Fatal("the application is gone")
	}
	return app.Docs("passwordCredentials")
}

// While the run lasts its consumer signs in; at its end, however it ends, the secret is removed and refused.
func TestEphemeralSecret(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		exit      string
		interrupt bool
		status    int
	}{
		"success":     {exit: "exit 0"},
		"failure":     {exit: "exit 3", status: 1},
		"interrupted": {exit: "exit 0", interrupt: true, status: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			id := handmade(t, x)
			app, _ := x.Object(id)
			w := built(t, x, oneRun(`"`+id+`"`, c.exit))
			w.Variables = map[string]string{"TF_LOG": "TRACE"}
			w.Must(t, "plan", "-out=saved")
			if n := len(secretsOf(t, x, id)); n != 0 {
				t.Fatalf("%d secrets are left of the plan", n)
			}
			before := time.Now()
			run := w.Start(t, "apply", "-auto-approve")
			got := handed(t, w)
			value, keyID := got[0], got[1]
			product := x.Product(t, x.Facts().TenantID, app.String("appId"))
			acctest.Eventually(t.Context(), t, product.Secret(value))
			all := secretsOf(t, x, id)
			if len(all) != 1 || all[0].String("keyId") != keyID || all[0].String("displayName") != "one run" {
				t.Errorf("the application holds %v, want the one handed out, %s", all, keyID)
			}
			if end := all[0].Time("endDateTime"); end.Before(before.Add(59*time.Minute)) || end.After(time.Now().Add(time.Hour)) || end.UTC().Format(time.RFC3339) != got[2] {
				t.Errorf("it ends at %s and was said to end at %s, want an hour after it was made, at %s", end, got[2], before)
			}
			if c.interrupt {
				if err := run.Interrupt(); err != nil {
					t.Fatal(err)
				}
			}
			letGo(t, w)
			r := run.Wait(t)
			if r.ExitCode != c.status {
				t.Errorf("exit status %d, want %d\n%s", r.ExitCode, c.status, r.Output)
			}
			if left := secretsOf(t, x, id); len(left) != 0 {
				t.Errorf("left: %v\n%s", left, r.Output)
			}
			acctest.Refused(t.Context(), t, product.Secret(value), 7000215)
			keptNowhere(t, x, w, r.Output)
		})
	}
}

// keptNowhere looks for the secrets of a run in what terraform printed and left behind, saved plans included.
func keptNowhere(t *testing.T, x *acctest.Tenant, w *acctest.Workspace, printed string) {
	t.Helper()
	secrets := x.Issued().Secrets
	if len(secrets) < 3 { // those of the plan and of the apply, and the automation's
		t.Errorf("%d secrets were issued, want at least 3", len(secrets))
	}
	texts := map[string]string{"the output": printed, "the plan": w.Must(t, "show", "-json", "saved")}
	for _, name := range []string{"terraform.tfstate", "terraform.tfstate.backup", "saved"} {
		text, err := os.ReadFile(filepath.Join(w.Dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	for _, secret := range secrets {
		for name, text := range texts {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds the secret that begins with %q", name, secret[:3])
			}
		}
	}
}

// A second configuration of the provider signs in with the secret of this run.
func TestEphemeralSecretSignsAProviderIn(t *testing.T) {
	t.Parallel()
	x := acctest.Calm(t)
	id := handmade(t, x)
	app, _ := x.Object(id)
	x.Create(t, tenant.ServicePrincipal, tenant.Doc{"appId": app.String("appId")})
	if err := x.SetRoles(app.String("appId"), "Application.Read.All"); err != nil {
		t.Fatal(err)
	}
	w := built(t, x, `
ephemeral "appreg_client_secret" "run" {
  application_id   = "`+id+`"
  validity_minutes = 30
}

provider "appreg" {
  alias         = "itself"
  client_id     = ephemeral.appreg_client_secret.run.client_id
  client_secret = ephemeral.appreg_client_secret.run.value
}

data "appreg_application" "itself" {
  provider = appreg.itself
  id       = "`+id+`"
}

output "name" {
  value = data.appreg_application.itself.display_name
}
`)
	x.ResetRequests()
	w.Must(t, "plan")
	lines := map[string]int{}
	for _, r := range x.Requests() {
		if r.ClientID == x.Facts().ClientID && strings.HasPrefix(r.Path, "/v1.0/") {
			lines[r.Method+" "+strings.TrimPrefix(r.Path, "/v1.0/applications/"+id)]++
		}
	}
	if len(lines) != 3 || lines["GET "] != 2 || lines["POST /addPassword"] != 1 || lines["POST /removePassword"] != 1 {
		t.Errorf("one plan costs %v, want two reads, addPassword and removePassword", lines)
	}
	w.Must(t, "apply", "-auto-approve")
	if got := w.Output(t, "name"); got != "Made by hand" {
		t.Errorf("the second provider reads %q", got)
	}
	if left := secretsOf(t, x, id); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	for _, r := range x.Requests() {
		if r.ClientID == app.String("appId") && r.Status == 200 {
			return
		}
	}
	t.Error("nobody signed in with the secret")
}

// Somebody may remove the secret, or the whole application, before the run does.
func TestEphemeralSecretRemovedBySomebodyElse(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(x *acctest.Tenant, id string){
		"secret": func(x *acctest.Tenant, id string) {
			x.Change(t, id, func(d tenant.Doc) { d["passwordCredentials"] = []any{} })
		},
		"application": func(x *acctest.Tenant, id string) { x.Delete(t, id) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := acctest.Calm(t)
			id := handmade(t, x)
			w := built(t, x, oneRun(`"`+id+`"`, "exit 0"))
			run := w.Start(t, "apply", "-auto-approve")
			handed(t, w)
			remove(x, id)
			letGo(t, w)
			if r := run.Wait(t); r.ExitCode != 0 {
				t.Errorf("exit status %d\n%s", r.ExitCode, r.Output)
			}
		})
	}
}

// built is a workspace with the built provider: each configuration of it is a process of its own, that Terraform ends.
func built(t *testing.T, x *acctest.Tenant, hcl string) *acctest.Workspace {
	t.Helper()
	w := x.Workspace(t, hcl)
	w.Mirror = mirror
	w.Init(t)
	return w
}

func handmade(t *testing.T, x *acctest.Tenant) string {
	t.Helper()
	return x.Create(t, tenant.Application, tenant.Doc{"displayName": "Made by hand"})
}
