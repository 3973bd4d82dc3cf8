package emulator_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
)

var update = flag.Bool("update", false, "write the sections of README.md that follow from the code")

// TestReadmeFollowsTheCode compares the marked sections of README.md with what the code says.
func TestReadmeFollowsTheCode(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := text
	for name, section := range map[string]string{"played": operations(true), "lacking": operations(false), "sign-in": endpoints(), "vault": vault(),
		"readings": readings()} {
		want = replaceSection(t, want, name, section)
	}
	switch {
	case bytes.Equal(text, want):
	case *update:
		if err := os.WriteFile("README.md", want, 0o600); err != nil {
			t.Fatal(err)
		}
	default:
		t.Error("README.md is behind the code: go test ./internal/emulator -run Readme -update")
	}
}

// TestReadmeFaults reads the example of a faults file as the emulator would, and looks for every kind.
func TestReadmeFaults(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, ok := strings.Cut(string(text), "```json\n")
	example, _, closed := strings.Cut(example, "```")
	rules, err := fault.Parse(strings.NewReader(example))
	if err != nil || !ok || !closed {
		t.Fatalf("the example: %v", err)
	}
	known := graph.Operations()
	for _, rule := range rules {
		if rule.Route != "" && !strings.HasPrefix(rule.Route, fault.SignInPrefix) &&
			!slices.ContainsFunc(known, func(o graph.Operation) bool { return o.Path == rule.Route && o.Method == rule.Method }) {
			t.Errorf("the example names %s %s, which isn't played", rule.Method, rule.Route)
		}
	}
	for _, kind := range fault.Kinds() {
		if !strings.Contains(string(text), "\n| `"+string(kind)+"` |") {
			t.Errorf("no word about %s", kind)
		}
	}
}

// TestAlternateKeysReachEverything holds the README to its sentence on alternate keys.
func TestAlternateKeysReachEverything(t *testing.T) {
	t.Parallel()
	known := graph.Operations()
	for _, o := range known {
		set, rest, ok := strings.Cut(o.Path, "/{id}")
		keys := map[string][]string{"/applications": {"(appId='{appId}')", "(uniqueName='{uniqueName}')"}, "/servicePrincipals": {"(appId='{appId}')"}}[set]
		for _, key := range keys {
			want := graph.Operation{Method: o.Method, Path: set + key + rest, Played: o.Played}
			if ok && !slices.Contains(known, want) {
				t.Errorf("no %+v", want)
			}
		}
	}
}

func replaceSection(t *testing.T, text []byte, name, section string) []byte {
	t.Helper()
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("README.md has no section %s", name)
	}
	return []byte(before + begin + section + end + after)
}

// alternateKeys makes one path of the ways to address an object, as the README does in a sentence.
var alternateKeys = strings.NewReplacer("(appId='{appId}')", "/{id}", "(uniqueName='{uniqueName}')", "/{id}")

// operations lists paths of Graph with their methods, in the order of the routes.
func operations(played bool) string {
	var paths []string
	methods := map[string][]string{}
	for _, o := range graph.Operations() {
		path := alternateKeys.Replace(o.Path)
		if o.Played != played || slices.Contains(methods[path], o.Method) {
			continue
		}
		if methods[path] == nil {
			paths = append(paths, path)
		}
		methods[path] = append(methods[path], o.Method)
	}
	var b strings.Builder
	b.WriteString("| Path | Methods |\n|---|---|\n")
	for _, path := range paths {
		fmt.Fprintf(&b, "| `%s` | %s |\n", path, strings.Join(methods[path], " "))
	}
	return b.String()
}

func endpoints() string {
	var b strings.Builder
	b.WriteString("| Address | What it is |\n|---|---|\n")
	for _, e := range signin.Endpoints() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", e[0], e[1])
	}
	return b.String()
}

func vault() string {
	var b strings.Builder
	b.WriteString("| Request | Secret permission |\n|---|---|\n")
	for _, o := range keyvault.Operations() {
		fmt.Fprintf(&b, "| `%s %s` | %s |\n", o.Method, o.Path, o.Permission)
	}
	return b.String()
}

func readings() string {
	var b strings.Builder
	b.WriteString("| Reading | Choices, the default first | Why it is open |\n|---|---|---|\n")
	for _, r := range emulator.Readings() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Name, strings.Join(r.Choices, ", "), r.Why)
	}
	return b.String()
}
