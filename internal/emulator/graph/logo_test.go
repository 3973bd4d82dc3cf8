package graph_test

import (
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
)

func TestLogo(t *testing.T) {
	t.Parallel()
	const png, gif = "\x89PNG\r\n\x1a\n", "GIF89a"
	for choice, status := range map[string]int{"100KB": 400, "any": 204} {
		w := newWorld(t, reading(graph.LogoSize, choice))
		id, _ := w.app("Logo")
		path := "/applications/" + id + "/logo"
		address := func() any {
			info, _ := w.must(200, "GET", "/applications/"+id, "").body["info"].(map[string]any)
			return info["logoUrl"]
		}
		w.must(400, "PUT", path, "text", "Content-Type: image/png")
		w.must(400, "PUT", path, gif, "Content-Type: image/png")
		w.must(204, "PUT", path, png, "Content-Type: image/png")
		first := address()
		w.must(204, "PUT", path, gif, "Content-Type: image/gif")
		if second := address(); first == nil || second == first {
			t.Errorf("the address stayed %v", second)
		}
		w.must(status, "PUT", path, png+strings.Repeat("x", 100<<10), "Content-Type: image/png")
		w.must(405, "DELETE", path, "")
	}
}

func TestLogoIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.app("Logo")
	w.must(204, "PUT", "/applications/"+id+"/logo", "GIF89a", "Content-Type: image/gif")
	got := w.srv.Serve(w.request("GET", "/applications/"+id+"/logo", ""), nil)
	if string(got.Body) != "GIF89a" || got.Header.Get("Content-Type") != "image/gif" {
		t.Errorf("%s %q", got.Header.Get("Content-Type"), got.Body)
	}
}
