package emulator_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// many is the size of a tenant that is called large.
const many = 10_000

// filled is an emulator whose tenant holds many applications, put in by the second door.
func filled(b *testing.B) *client {
	b.Helper()
	c := start(b)
	for i := range many {
		if _, err := c.e.Create(tenant.Application, tenant.Doc{"displayName": fmt.Sprintf("Application %d", i)}); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

// BenchmarkLoad makes a large tenant: by the second door, over the wire, and from what was saved.
func BenchmarkLoad(b *testing.B) {
	b.Run("door", func(b *testing.B) {
		for b.Loop() {
			filled(b)
		}
	})
	b.Run("wire", func(b *testing.B) {
		for b.Loop() {
			c := start(b)
			for i := range many {
				c.must(201, "POST", "/applications", fmt.Sprintf(`{"displayName":"Application %d"}`, i))
			}
		}
	})
	saved, err := json.Marshal(filled(b).e.Snapshot())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("data", func(b *testing.B) {
		for b.Loop() {
			var s tenant.Snapshot
			if err := json.Unmarshal(saved, &s); err != nil {
				b.Fatal(err)
			}
			start(b, emulator.WithData(s))
		}
	})
}

// BenchmarkLarge answers requests in a large tenant.
func BenchmarkLarge(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c := filled(b)
	runtime.GC()
	runtime.ReadMemStats(&after)
	perTenant := float64(after.HeapAlloc-before.HeapAlloc) / (1 << 20)
	last := c.must(200, "GET", fmt.Sprintf("/applications?$filter=displayName+eq+'Application+%d'", many-1), "")
	app, _ := last["value"].([]any)[0].(map[string]any)
	id, _ := app["id"].(string)
	appID, _ := app["appId"].(string)
	second := pathOf(b, c.must(200, "GET", "/applications?$top=999", ""))
	tenth := second
	for range 8 {
		tenth = pathOf(b, c.must(200, "GET", tenth, ""))
	}
	const named = `{"displayName":"changed"}`
	for name, request := range map[string]struct{ method, path, body string }{
		"page, first":           {"GET", "/applications?$top=999", ""},
		"page, tenth":           {"GET", tenth, ""},
		"page, selected":        {"GET", "/applications?$top=999&$select=id,displayName", ""},
		"read by id":            {"GET", "/applications/" + id, ""},
		"read by client id":     {"GET", "/applications(appId='" + appID + "')", ""},
		"filter by client id":   {"GET", "/applications?$filter=appId+eq+'" + appID + "'", ""},
		"filter by unique name": {"GET", "/applications?$filter=uniqueName+eq+'nobody'", ""},
		"update":                {"PATCH", "/applications/" + id, named},
		"identifier URI":        {"PATCH", "/applications/" + id, `{"identifierUris":["api://` + appID + `/%d"]}`},
		"create":                {"POST", "/applications", named},
	} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				body := strings.Replace(request.body, "%d", strconv.Itoa(i), 1)
				if w, _ := c.do(b.Context(), request.method, request.path, body); w.Code >= 300 {
					b.Fatal(w.Code, w.Body)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
			b.ReportMetric(perTenant, "tenant-MiB")
		})
	}
}

func pathOf(b *testing.B, page map[string]any) string {
	b.Helper()
	next, _ := page["@odata.nextLink"].(string)
	path, ok := strings.CutPrefix(next, origin+"/v1.0")
	if !ok {
		b.Fatalf("no further page: %q", next)
	}
	return path
}
