package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
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

// BenchmarkMemory is the provider's peak resident memory over one apply, plan and destroy, as one process of its own.
func BenchmarkMemory(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			for b.Loop() {
				x := acctest.Calm(b, emulator.WithLatency(50*time.Millisecond))
				w := x.Workspace(b, strings.ReplaceAll(sixResources, "COUNT", fmt.Sprint(n)))
				w.Mirror = mirror
				w.Init(b)
				provider, reattach := debugProvider(b, x)
				w.Variables = map[string]string{"TF_REATTACH_PROVIDERS": reattach}
				w.Must(b, "apply", "-auto-approve")
				w.Must(b, "plan")
				w.Must(b, "destroy", "-auto-approve")
				if err := provider.Process.Signal(os.Interrupt); err != nil {
					b.Fatal(err)
				}
				if err := provider.Wait(); err != nil {
					b.Logf("the provider's end: %v", err)
				}
				usage, ok := provider.ProcessState.SysUsage().(*syscall.Rusage)
				if !ok {
					b.Fatal("this operating system does not tell a process's peak memory")
				}
				b.ReportMetric(float64(usage.Maxrss)/1024, "provider-MB")
			}
		})
	}
	info, err := os.Stat(binary)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("the provider's binary: %.1f MB", float64(info.Size())/1e6)
}

var reattachLine = regexp.MustCompile(`TF_REATTACH_PROVIDERS='(.*)'`)

func debugProvider(b *testing.B, x *acctest.Tenant) (*exec.Cmd, string) {
	b.Helper()
	cmd := exec.CommandContext(context.Background(), binary, "-debug") // #nosec G204
	for name, value := range x.Environment() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := reattachLine.FindStringSubmatch(lines.Text()); m != nil {
			return cmd, m[1]
		}
	}
	b.Fatalf("the provider did not say where to attach: %v", lines.Err())
	return nil, ""
}
