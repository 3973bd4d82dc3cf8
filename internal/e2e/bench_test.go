package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

const fourResources = `
resource "appreg_application" "test" {
  count        = COUNT
  display_name = "Mail import ${count.index}"
}

resource "appreg_client_secret" "test" {
  count          = COUNT
  application_id = appreg_application.test[count.index].id
}

resource "appreg_public_client" "test" {
  count          = COUNT
  application_id = appreg_application.test[count.index].id
}

resource "appreg_delegated_permissions" "test" {
  count          = COUNT
  application_id = appreg_application.test[count.index].id
  scopes         = ["User.Read", "Mail.ReadWrite"]
}
`

const sixResources = fourResources + `
resource "appreg_service_principal" "test" {
  count     = COUNT
  client_id = appreg_application.test[count.index].client_id
}

resource "appreg_admin_consent" "test" {
  count                = COUNT
  service_principal_id = appreg_service_principal.test[count.index].id
  scopes               = ["User.Read", "Mail.ReadWrite"]
}
`

const floor = `
resource "terraform_data" "test" {
  count = COUNT
}
`

var sizes = []int{1, 10, 50}

// BenchmarkCommands gives Graph requests, connections and wall-clock of each command, with 50 ms of latency and no faults.
func BenchmarkCommands(b *testing.B) {
	for _, shape := range []struct{ name, hcl string }{{"four", fourResources}, {"six", sixResources}} {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("resources=%s/n=%d", shape.name, n), func(b *testing.B) {
				for b.Loop() {
					x := acctest.Calm(b, emulator.WithLatency(50*time.Millisecond))
					w := x.Workspace(b, strings.ReplaceAll(shape.hcl, "COUNT", fmt.Sprint(n)))
					w.Mirror = mirror
					w.Init(b)
					for _, command := range [][]string{{"validate"}, {"apply", "-auto-approve"}, {"plan"}, {"destroy", "-auto-approve"}} {
						measure(b, x, w, command)
					}
				}
			})
		}
	}
}

func measure(b *testing.B, x *acctest.Tenant, w *acctest.Workspace, command []string) {
	b.Helper()
	x.ResetRequests()
	connections := x.Connections()
	start := time.Now()
	w.Must(b, command...)
	b.ReportMetric(time.Since(start).Seconds(), command[0]+"-s")
	if command[0] == "validate" {
		return
	}
	graph := 0
	for _, r := range x.Requests() {
		if strings.HasPrefix(r.Path, "/v1.0/") {
			graph++
		}
	}
	b.ReportMetric(float64(graph), command[0]+"-requests")
	b.ReportMetric(float64(x.Connections()-connections), command[0]+"-connections")
}

// BenchmarkFloor is what terraform itself takes for as many resources that need no provider of ours.
func BenchmarkFloor(b *testing.B) {
	for _, n := range []int{4, 40, 200, 6, 60, 300} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			for b.Loop() {
				w := acctest.Calm(b).Workspace(b, strings.ReplaceAll(floor, "COUNT", fmt.Sprint(n)))
				w.Mirror = mirror
				w.Init(b)
				for _, command := range [][]string{{"apply", "-auto-approve"}, {"plan"}, {"destroy", "-auto-approve"}} {
					start := time.Now()
					w.Must(b, command...)
					b.ReportMetric(time.Since(start).Seconds(), command[0]+"-s")
				}
			}
		})
	}
}

// BenchmarkMemory is the peak resident memory of the largest provider process over one apply, plan and destroy.
func BenchmarkMemory(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			for b.Loop() {
				x := acctest.Calm(b, emulator.WithLatency(50*time.Millisecond))
				w := x.Workspace(b, strings.ReplaceAll(sixResources, "COUNT", fmt.Sprint(n)))
				w.Mirror = mirror
				w.Init(b)
				peak := watchMemory(b)
				w.Must(b, "apply", "-auto-approve")
				w.Must(b, "plan")
				w.Must(b, "destroy", "-auto-approve")
				b.ReportMetric(float64(peak())/1024, "provider-MB")
			}
		})
	}
	info, err := os.Stat(binary)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("the provider's binary: %.1f MB", float64(info.Size())/1e6)
}

// watchMemory looks at the provider's processes, which are terraform's children and not ours, until peak is called. The
// kernel keeps each one's own peak, so that a look now and then is enough.
func watchMemory(b *testing.B) (peak func() int) {
	b.Helper()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Fatalf("the peak memory of other processes is read from /proc: %v", err)
	}
	stop, result := make(chan struct{}), make(chan int)
	go func() {
		most := 0
		again := time.NewTicker(20 * time.Millisecond)
		defer again.Stop()
		for {
			select {
			case <-stop:
				result <- most
				return
			case <-again.C:
				most = max(most, largestProvider())
			}
		}
	}()
	return func() int { close(stop); return <-result }
}

var highWaterMark = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// largestProvider is the peak memory in KB of the largest provider process alive. Processes come and go meanwhile.
func largestProvider() int {
	most := 0
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if exe, err := os.Readlink(link); err != nil || exe != binary {
			continue
		}
		status, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "status"))
		if m := highWaterMark.FindSubmatch(status); m != nil {
			kb, _ := strconv.Atoi(string(m[1]))
			most = max(most, kb)
		}
	}
	return most
}
