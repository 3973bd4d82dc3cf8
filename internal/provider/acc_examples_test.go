package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
)

const examples = "../../examples"

func exampleFiles(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(examples, filepath.FromSlash(pattern)))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no example is like %s", pattern)
	}
	return files
}

func exampleText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every example is applied, planned empty, and destroyed without a trace.
func TestAccExamples(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"provider/*.tf", "resources/*/resource.tf", "data-sources/*/data-source.tf", "ephemeral-resources/*/ephemeral-resource.tf", "demo/main.tf"} {
		files = append(files, exampleFiles(t, pattern)...)
	}
	for _, file := range files {
		t.Run(filepath.ToSlash(file), func(t *testing.T) {
			t.Parallel()
			x := acctest.Hostile(t)
			text := exampleText(t, file)
			w := x.Workspace(t, text)
			certificatesBeside(t, w, file)
			w.Apply(t)
			w.PlanIsEmpty(t)
			w.Destroy(t)
			var deleted []string
			if strings.Contains(text, `resource "appreg_application"`) {
				deleted = []string{"Mail import"}
			}
			if err := x.Left(deleted...); err != nil {
				t.Error(err)
			}
		})
	}
}

// certificatesBeside puts the certificates that an example reads into the workspace.
func certificatesBeside(t *testing.T, w *acctest.Workspace, example string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(example), "*.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(w.Dir, filepath.Base(file)), []byte(exampleText(t, file)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

var importCommand = regexp.MustCompile(`(?m)^terraform import (\S+) (\S+)$`)

// Every form of import that an example shows works, and the plan after it is empty; so is the plan after an import block
// whose configuration Terraform generated.
func TestAccExampleImports(t *testing.T) {
	t.Parallel()
	for _, file := range exampleFiles(t, "resources/*/import.sh") {
		for _, command := range importCommand.FindAllStringSubmatch(exampleText(t, file), -1) {
			resource, form := command[1], command[2]
			t.Run(resource+" "+form, func(t *testing.T) {
				t.Parallel()
				x := acctest.Hostile(t)
				w := x.Workspace(t, exampleText(t, filepath.Join(filepath.Dir(file), "resource.tf")))
				certificatesBeside(t, w, file)
				w.Apply(t)
				id := actualID(t, form, values(t, w, resource))

				x.CatchUp()
				w.Must(t, "state", "rm", resource)
				w.Must(t, "import", resource, id)
				w.PlanIsEmpty(t)
				generatedConfigurationPlansEmpty(t, x, resource, id)

				w.Destroy(t)
				if err := x.Left("Mail import"); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// generatedConfigurationPlansEmpty imports by block in a workspace of its own.
func generatedConfigurationPlansEmpty(t *testing.T, x *acctest.Tenant, resource, id string) {
	t.Helper()
	w := x.Workspace(t, "import {\n  to = "+resource+"\n  id = \""+id+"\"\n}\n")
	w.Init(t)
	w.Must(t, "plan", "-generate-config-out=generated.tf")
	w.Must(t, "apply", "-auto-approve")
	w.PlanIsEmpty(t)
}

// values are the attributes of a resource in the state.
func values(t *testing.T, w *acctest.Workspace, address string) map[string]any {
	t.Helper()
	for _, r := range w.State(t).Values.RootModule.Resources {
		if r.Address == address {
			return r.AttributeValues
		}
	}
	t.Fatalf("%s is not in the state", address)
	return nil
}

// actualID puts the values of a real object where an example's import id has its own.
func actualID(t *testing.T, form string, v map[string]any) string {
	t.Helper()
	text := func(name string) string {
		s, ok := v[name].(string)
		if !ok {
			t.Fatalf("no attribute %s for the import id %s", name, form)
		}
		return s
	}
	switch {
	case strings.HasPrefix(form, "client_id:"):
		return "client_id:" + text("client_id")
	case strings.HasPrefix(form, "unique_name:"):
		return "unique_name:" + text("unique_name")
	case strings.HasSuffix(form, "/00000003-0000-0000-c000-000000000000"):
		return text("application_id") + "/" + text("api_client_id")
	case v["credential_id"] != nil:
		return text("application_id") + "/" + text("credential_id")
	case strings.Contains(form, "/"):
		return text("application_id") + "/" + text("key_id")
	case v["id"] == nil:
		return text("application_id")
	default:
		return text("id")
	}
}
