// Command terraform-provider-appreg is the provider, as Terraform starts it.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"runtime/debug"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/appreg/terraform-provider-appreg/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debugger := flag.Bool("debug", false, "serve for a debugger: print the TF_REATTACH_PROVIDERS line that Terraform needs")
	show := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	if *show {
		if _, err := os.Stdout.WriteString(describe() + "\n"); err != nil {
			log.Fatal(err)
		}
		return
	}
	run := &provider.Run{}
	if !*debugger {
		go endWithTerraform(run, os.Getppid())
	}
	err := providerserver.Serve(context.Background(), provider.New(version, provider.WithRun(run)), providerserver.ServeOpts{
		Address: "registry.terraform.io/appreg/appreg",
		Debug:   *debugger,
	})
	if err = errors.Join(err, run.Close(context.Background())); err != nil {
		log.Fatal(err)
	}
}

// endWithTerraform ends this process when Terraform, which started it, is gone: one that is killed can't end its providers,
// and a provider that waits, or has nothing to do, would stay for good. Where the system never gives a process another
// parent (Windows), nothing happens.
func endWithTerraform(run *provider.Run, terraform int) {
	for range time.Tick(time.Second) {
		if os.Getppid() == terraform {
			continue
		}
		if err := run.Close(context.Background()); err != nil {
			log.Fatal(err)
		}
		os.Exit(1)
	}
}

// describe names the version and what it was built with.
func describe() string {
	text := "terraform-provider-appreg " + version
	if info, ok := debug.ReadBuildInfo(); ok {
		text += " (" + info.GoVersion + ")"
	}
	return text
}
