package signin_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// numbers are the refusals of section 12 of the fact page on sign-in. What is played is named by a test; the others say
// why no request can meet them.
func numbers() map[int]string {
	const played = ""
	return map[int]string{
		7000215: played, 7000222: played, 7000218: played, 7000216: played, 700025: played, 700016: played, 90002: played, 900023: played,
		65001: played, 65004: played, 90094: played, 650057: played, 650056: played, 500011: played, 650052: played, 50011: played,
		500113: played, 500112: played, 50076: played, 50079: played, 50074: played, 50158: played, 53003: played, 50126: played,
		50034: played, 50020: played, 50053: played, 50055: played, 50057: played, 50105: played, 50194: played, 9001023: played,
		9002332: played, 1002012: played, 70011: played, 70016: played, 70000: played, 70008: played, 54005: played, 700082: played,
		700084: played, 501481: played, 7000112: played, 700027: played, 700024: played, 70021: played, 700213: played, 700211: played,
		700212: played, 900144: played, 90014: played, 50049: played, 50196: played, 90055: played, 90006: played, 90012: played,
		90024: played, 90033: played, 700005: played, 700022: played, 700023: played, 28002: played, 28003: played, 900561: played,
		9002313: played, 501461: played, 700229: played, 50173: played, 501051: played,
		7002131: "a form of 700213", 7002137: "a form of 700213", 7002138: "a form of 700213",
	}
}

// literals gives the numbers in a file, those inside of texts included.
func literals(t *testing.T, path string, keep func(call string) bool) []int {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	check(t, err)
	var out []int
	add := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && (literal.Kind == token.INT || literal.Kind == token.STRING) {
				for _, digits := range regexp.MustCompile(`\d{5,7}`).FindAllString(literal.Value, -1) {
					number, err := strconv.Atoi(digits)
					check(t, err)
					out = append(out, number)
				}
			}
			return true
		})
	}
	if keep == nil {
		add(file)
		return out
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if name, ok := call.Fun.(*ast.Ident); ok && keep(name.Name) {
				add(call.Args[0])
			}
		}
		return true
	})
	return out
}

// TestEveryRefusalIsTested compares three lists: the numbers that the code knows, those that tests name, and section 12.
func TestEveryRefusalIsTested(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	check(t, err)
	known, tested := map[int]bool{}, map[int]bool{}
	for _, path := range files {
		switch {
		case path == "catalogue_test.go":
		case strings.HasSuffix(path, "_test.go"):
			for _, n := range literals(t, path, nil) {
				tested[n] = true
			}
		default:
			for _, n := range literals(t, path, func(call string) bool { return call == "refuse" }) {
				known[n] = true
			}
		}
	}
	for _, n := range slices.Sorted(maps.Keys(known)) {
		if !tested[n] {
			t.Errorf("no test meets %d", n)
		}
	}
	readme, err := os.ReadFile("../README.md")
	check(t, err)
	for n, reason := range numbers() {
		if (reason == "") != known[n] {
			t.Errorf("%d: %q, and the code knows it: %t", n, reason, known[n])
		}
		if reason != "" && !strings.Contains(string(readme), strconv.Itoa(n)) {
			t.Errorf("the README doesn't say that %d isn't played", n)
		}
	}
}
