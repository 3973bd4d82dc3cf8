package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/appreg/terraform-provider-appreg/internal/secret"
)

func TestLogReachesTerraform(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	ctx := tflogtest.RootLogger(context.Background(), &out)
	log := slog.New(tflogHandler{}).With("op", "create").WithGroup("http")
	log.DebugContext(ctx, "asked", "status", 200, "token", secret.New("s3cr3t"), slog.Group("wait", "seconds", 2))
	log.WarnContext(ctx, "slow")
	lines, err := tflogtest.MultilineJSONDecode(&out)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 2 || lines[1]["@level"] != "warn" || lines[1]["op"] != "create" {
		t.Fatalf("got %v", lines)
	}
	want := map[string]any{
		"@level": "debug", "@message": "asked", "@module": "provider", "op": "create",
		"http.status": 200.0, "http.token": "(redacted)", "http.wait.seconds": 2.0,
	}
	got, err := json.Marshal(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	expected, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, expected) {
		t.Errorf("got %s, want %s", got, expected)
	}
}
