package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
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
