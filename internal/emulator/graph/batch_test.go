package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// batch sends requests in one parcel and gives the responses by id.
func (w *world) batch(requests string) map[string]map[string]any {
	w.t.Helper()
	out := map[string]map[string]any{}
	responses, _ := w.must(200, "POST", "/$batch", `{"requests":[`+requests+`]}`).body["responses"].([]any)
	for _, r := range responses {
		m, _ := r.(map[string]any)
		out[fmt.Sprint(m["id"])] = m
	}
	return out
}

func TestBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, appID := w.app("Batched")
	got := w.batch(`{"id":"read","method":"GET","url":"/applications(appId='` + appID + `')?$select=id,displayName"},
		{"id":"Write","dependsOn":["READ"],"method":"PATCH","url":"/applications/` + id + `","headers":{"Content-Type":"application/json"},"body":{"notes":"by batch"}},
		{"id":"missing","method":"GET","url":"/applications/` + appID + `"},
		{"id":"after","dependsOn":["missing"],"method":"GET","url":"/applications"},
		{"id":"later","dependsOn":["after"],"method":"GET","url":"/applications"},
		{"id":"put","method":"PUT","url":"/applications/` + id + `"},
		{"id":"nested","method":"POST","url":"/$batch","headers":{"Content-Type":"application/json"},"body":{"requests":[]}}`)
	for name, want := range map[string]int{"read": 200, "Write": 204, "missing": 404, "after": 424, "later": 424, "put": 405, "nested": 400} {
		if got[name]["status"] != float64(want) {
			t.Errorf("%s: %v, want %d", name, got[name], want)
		}
	}
	body, _ := got["read"]["body"].(map[string]any)
	headers, _ := got["read"]["headers"].(map[string]any)
	if body["displayName"] != "Batched" || headers["OData-Version"] != "4.0" || !strings.HasPrefix(fmt.Sprint(headers["Content-Type"]), "application/json") {
		t.Errorf("read: %v", got["read"])
	}
	if empty, _ := got["Write"]["headers"].(map[string]any); got["Write"]["body"] != nil || len(empty) != 0 {
		t.Errorf("write: %v", got["Write"])
	}
	if w.must(200, "GET", "/applications/"+id, "").str("notes") != "by batch" {
		t.Error("the batch wrote nothing")
	}
	w.as = "reader"
	if refused := w.batch(`{"id":"1","method":"DELETE","url":"/applications/` + id + `"}`); refused["1"]["status"] != float64(403) {
		t.Errorf("another token: %v", refused)
	}
}

func TestMalformedBatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := func(id string) map[string]any {
		return map[string]any{"id": id, "method": "GET", "url": "/applications"}
	}
	var many []any
	for i := range 21 {
		many = append(many, item(fmt.Sprint(i)))
	}
	waiting := item("1")
	waiting["dependsOn"] = []string{"2"}
	for name, requests := range map[string]any{
		"too many": many, "none": []any{}, "twice": []any{item("a"), item("A")}, "no id": []any{item("")},
		"no method": []any{map[string]any{"id": "1", "url": "/applications"}}, "no url": []any{map[string]any{"id": "1", "method": "GET"}},
		"waits for a later one": []any{waiting, item("2")}, "waits for nothing": []any{waiting},
		"not a list": "x",
	} {
		body, err := json.Marshal(map[string]any{"requests": requests})
		if err != nil {
			t.Fatal(err)
		}
		if got := w.must(400, "POST", "/$batch", string(body)); got.code() != "BadRequest" {
			t.Errorf("%s: %s", name, got.Body)
		}
	}
	if got := w.must(200, "POST", "/$batch", `{"requests":[{"id":"1","method":"GET","url":"https://elsewhere.example/"}]}`); !strings.Contains(string(got.Body), `"status":400`) {
		t.Errorf("another host: %s", got.Body)
	}
}
