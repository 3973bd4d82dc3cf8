package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/secret"
)

func TestValueNeverPrintsItsText(t *testing.T) {
	t.Parallel()
	const text = "abc8Q~very-secret"
	v := secret.New(text)
	holder := struct {
		V secret.Value
		P *secret.Value
	}{v, &v}

	printed := make(map[string]string)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed[verb] = fmt.Sprintf(verb, v) + fmt.Sprintf(verb, holder)
	}
	marshalled, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	printed["json"] = string(marshalled)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v, "holder", holder)
	printed["slog"] = log.String()

	for how, out := range printed {
		if strings.Contains(out, text) || strings.Contains(out, fmt.Sprintf("%x", text)) {
			t.Errorf("%s shows the secret: %s", how, out)
		}
	}
	if v.Reveal() != text || v.IsZero() || !(secret.Value{}).IsZero() {
		t.Error("Reveal and IsZero must tell the truth")
	}
}

var crash = flag.String("secret.crash", "", "crash with this secret at hand, for TestCrash")

// hold has a secret on its stack, by value and by reference, when everything ends.
//
//go:noinline
func hold(v secret.Value, p *secret.Value, all map[string]secret.Value) {
	panic(fmt.Sprintf("%v %+v %#v %s %x", v, p, all, v, v))
}

// A crash prints the arguments of every function as words of the stack: of a text where it is and how long, never what.
func TestCrash(t *testing.T) {
	t.Parallel()
	if *crash != "" {
		v := secret.New(*crash)
		defer func() { panic(v) }()
		hold(v, &v, map[string]secret.Value{"x": v})
	}
	const text = "abc8Q~very-secret"
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), binary, "-test.run=^TestCrash$", "-secret.crash="+text)
	child.Env = append(os.Environ(), "GOTRACEBACK=system")
	output, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !bytes.Contains(output, []byte("secret_test.hold(")) || !bytes.Contains(output, []byte("(redacted)")) {
		t.Fatalf("it was to crash: %v\n%s", err, output)
	}
	if bytes.Contains(output, []byte(text)) || bytes.Contains(output, []byte(fmt.Sprintf("%x", text))) {
		t.Errorf("the crash shows the secret:\n%s", output)
	}
}
