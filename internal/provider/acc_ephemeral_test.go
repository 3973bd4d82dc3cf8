package provider_test

import (
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

const ephemeralSecret = "ephemeral \"appreg_client_secret\" \"run\" {\n  display_name = \"one run\"\n  application_id = "

// Refusals name the argument, or what is missing, and leave nothing behind.
func TestAccEphemeralSecretRefused(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	refused(t, start(t, x, ephemeralSecret+`"`+stranger+"\"\n}\n"), []string{`Unable to create ephemeral client secret "one run"`, "Check application_id", "not its client id"}, "plan")
	id := handmade(t, x)
	setRoles(t, x, "Application.Read.All")
	refused(t, start(t, x, ephemeralSecret+`"`+id+"\"\n}\n"), append(missing("Application.ReadWrite.OwnedBy"), "Unable to create ephemeral client secret"), "plan")
	if left := x.Application(t, "Made by hand").Docs("passwordCredentials"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
