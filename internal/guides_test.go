package internal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each row of the tables in "What happens when" that have a column for it names a test, and there is such a test.
func TestWhatHappensWhenIsProven(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	sources := os.DirFS(".")
	err := fs.WalkDir(sources, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(sources, path)
		for _, m := range declared.FindAllSubmatch(source, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", "templates", "guides", "what-happens-when.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("\\| `(Test\\w+)` \\|$")
	rows, proofs := 0, false
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		switch {
		case !strings.HasPrefix(line, "|"):
			proofs = false
		case strings.HasSuffix(line, "| Proof |"):
			proofs = true
		case proofs && !strings.HasPrefix(line, "|---"):
			rows++
			if m := named.FindStringSubmatch(line); m == nil {
				t.Errorf("no test is named by %s", line)
			} else if !tests[m[1]] {
				t.Errorf("there is no test %s", m[1])
			}
		}
	}
	if rows == 0 {
		t.Error("the page has no rows")
	}
}
