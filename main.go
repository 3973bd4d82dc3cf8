// Command terraform-provider-appreg is the provider, as Terraform starts it.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"runtime/debug"

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
	err := providerserver.Serve(context.Background(), provider.New(version, provider.WithRun(run)), providerserver.ServeOpts{
		Address: "registry.terraform.io/appreg/appreg",
		Debug:   *debugger,
	})
	if err = errors.Join(err, run.Close(context.Background())); err != nil {
		log.Fatal(err)
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
