package serve

import (
	"os"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

// TestReadmeNamesEveryControl looks for each control, and for each file and variable, in the emulator's README.
func TestReadmeNamesEveryControl(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	e, err := emulator.New()
	if err != nil {
		t.Fatal(err)
	}
	wanted := []string{caFile, envFile, jsonFile}
	for pattern := range (control{emulator: e}).operations() {
		wanted = append(wanted, "`"+pattern)
	}
	for line := range strings.Lines(string(environment(Config{Emulator: e}, &Running{}, "ca"))) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(line, "# "), "export "), "="); ok {
			wanted = append(wanted, "`"+name+"`")
		}
	}
	for _, w := range wanted {
		if !strings.Contains(string(text), w) {
			t.Errorf("no word about %s", w)
		}
	}
}
