package serve

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var controlRow = regexp.MustCompile("(?m)^\\| `([A-Z]+ /[^`?]*)[^`]*` \\|.*\\| `([^|]*)` \\|$")

// TestReadmeHasTheControls compares the table of controls, and the methods that it names, with what there is.
func TestReadmeHasTheControls(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(readme(t), "\n## Test controls\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var controls, methods []string
	for _, row := range controlRow.FindAllStringSubmatch(section, -1) {
		controls = append(controls, row[1])
		methods = append(methods, strings.Split(row[2], "`, `")...)
	}
	slices.Sort(controls)
	e, err := emulator.New()
	if err != nil {
		t.Fatal(err)
	}
	if served := slices.Sorted(maps.Keys(newControl(e, nil, nil).operations())); !slices.Equal(controls, served) {
		t.Errorf("the README has\n%q\nserved are\n%q", controls, served)
	}
	for _, kind := range emulator.Kinds() {
		if !strings.Contains(section, "`"+string(kind)+"`") {
			t.Errorf("no word about the kind %s", kind)
		}
	}
	door := reflect.TypeFor[*emulator.Emulator]()
	for _, name := range methods {
		of := door
		if vaults, ok := strings.CutPrefix(name, "Vaults()."); ok {
			of, name = reflect.TypeFor[*keyvault.Server](), vaults
		}
		if _, ok := of.MethodByName(name); !ok && name != "WithClock" {
			t.Errorf("the second door has no %s", name)
		}
	}
	methods = append(methods, "ServeHTTP", "VaultHandler", "Facts", "Connections", "ConnState", "Cloud", "Vaults") // Those that are no controls.
	for i := range door.NumMethod() {
		if name := door.Method(i).Name; !slices.Contains(methods, name) {
			t.Errorf("no control does what %s does", name)
		}
	}
}

// TestReadmeNamesFilesAndVariables looks for each file and variable.
func TestReadmeNamesFilesAndVariables(t *testing.T) {
	t.Parallel()
	text := readme(t)
	e, err := emulator.New()
	if err != nil {
		t.Fatal(err)
	}
	wanted := []string{caFile, envFile, jsonFile}
	for line := range strings.Lines(string(environment(Config{Emulator: e}, &Running{}, "ca"))) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(line, "# "), "export "), "="); ok {
			wanted = append(wanted, name)
		}
	}
	for _, w := range wanted {
		if !strings.Contains(text, "`"+w+"`") {
			t.Errorf("no word about %s", w)
		}
	}
}
