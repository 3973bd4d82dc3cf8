// Package internal_test holds the rules that no single package can check.
package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module  = "github.com/appreg/terraform-provider-appreg"
	ours    = module + "/internal/"
	sdk     = "github.com/microsoftgraph/"
	kiota   = "github.com/microsoft/kiota-"
	plugins = "github.com/hashicorp/terraform-plugin-"
	azid    = "github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	azvault = "github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/"
	wire    = "net/http"
)

// rule says what a package may import directly. Whoever is not in the list of rules may import nothing of ours.
type rule struct {
	ours  []string // packages of ours, without the common prefix; the provider's binary reaches exactly these
	also  []string // reserved imports that are allowed here
	never []string // further imports that are not
}

// reserved are imports that one package alone may have; everything else goes through it.
var reserved = []string{sdk, kiota, azid, azvault}

// rules by package, without the common prefix; "" is the released binary.
var rules = map[string]rule{
	"":           {ours: []string{"provider"}, never: []string{wire}},
	"provider":   {ours: []string{"directory", "credential", "vault", "transport", "secret"}},
	"directory":  {ours: []string{"transport", "settle", "secret"}, also: []string{sdk, kiota}, never: []string{plugins}},
	"transport":  {never: []string{plugins}},
	"settle":     {never: []string{plugins, wire}},
	"credential": {also: []string{azid}, never: []string{plugins}},
	"vault":      {ours: []string{"transport", "settle", "secret"}, also: []string{azvault}, never: []string{plugins}},
	"secret":     {never: []string{plugins, wire}},
	"webuser":    {never: []string{plugins}},
	"demo":       {ours: []string{"webuser"}, also: []string{azid, azvault}, never: []string{plugins}},
}

// testsOnly are packages that no released code may import; the emulator is a binary of its own.
var testsOnly = map[string]bool{"acctest": true, "e2e": true}

// pkg is what `go list` says of a package.
type pkg struct {
	ImportPath string
	GoFiles    []string // without tests
	Imports    []string // of these files
}

// list asks the go command, with every reachable package of the patterns.
func list(t *testing.T, args ...string) map[string]pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,GoFiles,Imports"}, args...)...)
	cmd.Dir = ".."
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", args, err, &failure)
	}
	found := map[string]pkg{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		found[p.ImportPath] = p
	}
}

// short takes the common prefix from a package of ours.
func short(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/internal/")
}

func inEmulator(name string) bool { return name == "emulator" || strings.HasPrefix(name, "emulator/") }

func anyPrefix(path string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool {
		return path == p || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/") || strings.HasSuffix(p, "-") && strings.HasPrefix(path, p)
	})
}

func TestEachPackageImportsOnlyWhatItMay(t *testing.T) {
	t.Parallel()
	for path, p := range list(t, "./...") {
		name := short(path)
		r, known := rules[name]
		switch {
		case testsOnly[name], len(p.GoFiles) == 0:
			continue
		case inEmulator(name):
			r = rule{never: []string{plugins}}
		case !known:
			t.Errorf("%s has no rule: add it to this test and to ARCHITECTURE.md", path)
		}
		for _, imported := range p.Imports {
			if offence := r.offence(name, imported); offence != "" {
				t.Errorf("%s imports %s: %s", path, imported, offence)
			}
		}
	}
}

// offence says what is wrong with an import, "" when nothing is.
func (r rule) offence(name, imported string) string {
	to := short(imported)
	switch {
	case strings.HasPrefix(imported, ours):
		if slices.Contains(r.ours, to) || inEmulator(name) && inEmulator(to) {
			return ""
		}
		return "the layers point another way, see ARCHITECTURE.md"
	case anyPrefix(imported, reserved) && !anyPrefix(imported, r.also):
		return "reserved for another package, see ARCHITECTURE.md"
	case anyPrefix(imported, r.never):
		return "not in this package, see ARCHITECTURE.md"
	}
	return ""
}

// TestReleasedBinariesHoldNothingElse follows indirect imports too, and prints the path of an offender.
func TestReleasedBinariesHoldNothingElse(t *testing.T) {
	t.Parallel()
	binaries := map[string]func(string) bool{
		module: func(name string) bool {
			return inEmulator(name) || name == "webuser" || name == "demo" || testsOnly[name]
		},
		ours + "emulator/cmd/appreg-emulator": func(name string) bool { return !inEmulator(name) },
	}
	for binary, forbidden := range binaries {
		all := list(t, "-deps", binary)
		for path := range all {
			mine := strings.HasPrefix(path, ours) && forbidden(short(path))
			// The SDK's root package would double the time to compile.
			foreign := path == sdk+"msgraph-sdk-go" || strings.HasPrefix(path, plugins+"testing") || binary != module && anyPrefix(path, []string{sdk, kiota, plugins, azid, azvault})
			if mine || foreign {
				t.Errorf("%s must not hold %s, which comes by\n  %s", binary, path, strings.Join(way(all, binary, path), "\n  "))
			}
		}
	}
}

// way finds the shortest chain of imports between two packages.
func way(all map[string]pkg, from, to string) []string {
	before := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == to {
			break
		}
		for _, next := range all[queue[0]].Imports {
			if _, seen := before[next]; !seen {
				before[next] = queue[0]
				queue = append(queue, next)
			}
		}
	}
	var chain []string
	for at := to; at != ""; at = before[at] {
		chain = append(chain, at)
	}
	slices.Reverse(chain)
	return chain
}

func TestOffencesAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, imported string
		want           bool
	}{
		{"provider", ours + "directory", false},
		{"provider", ours + "settle", true},
		{"provider", ours + "emulator/tenant", true},
		{"provider", sdk + "msgraph-sdk-go/models", true},
		{"provider", azid, true},
		{"directory", sdk + "msgraph-sdk-go/models", false},
		{"directory", plugins + "log/tflog", true},
		{"directory", ours + "provider", true},
		{"credential", azid, false},
		{"vault", azvault + "azsecrets", false},
		{"vault", azid, true},
		{"provider", azvault + "azsecrets", true},
		{"credential", ours + "secret", true},
		{"demo", ours + "webuser", false},
		{"demo", ours + "emulator", true},
		{"emulator/graph", ours + "emulator/tenant", false},
		{"emulator/graph", ours + "directory", true},
		{"emulator/graph", kiota + "http-go", true},
		{"settle", "context", false},
	} {
		if got := rules[c.name].offence(c.name, c.imported) != ""; got != c.want {
			t.Errorf("%s importing %s: offence is %v, want %v", c.name, c.imported, got, c.want)
		}
	}
}
