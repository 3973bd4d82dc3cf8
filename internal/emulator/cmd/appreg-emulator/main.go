// Command appreg-emulator serves an emulated Microsoft cloud on loopback: Graph for app registrations, and the identity
// platform that signs in to what was registered. Nothing in it is real, and nothing leaves the machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/serve"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "appreg-emulator:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	addr, dir, data, faults, log string
	latency, lag                 time.Duration
	seed                         uint64
	budget                       float64
	remember                     int
	hosts                        []string
	anyInterface                 bool
	readings                     map[string]string
}

func parse(args []string, stderr io.Writer) (settings, error) {
	s := settings{readings: map[string]string{}}
	f := flag.NewFlagSet("appreg-emulator", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.addr, "addr", "127.0.0.1:0", "loopback `address` to serve on; port 0 takes a free one")
	f.StringVar(&s.dir, "dir", "", "`directory` for ca.pem, emulator.env and emulator.json (required)")
	f.StringVar(&s.data, "data", "", "`file` that keeps the tenants: loaded at the start if it is there, saved at the end")
	f.DurationVar(&s.latency, "latency", 0, "delay of each request to Graph, as in 50ms")
	f.DurationVar(&s.lag, "lag", 0, "how far replicas may be behind, as in 3s")
	f.StringVar(&s.faults, "faults", "", "JSON `file` with fault rules")
	f.Uint64Var(&s.seed, "seed", 1, "what ids, names and secrets follow from, unless -data brings them, and chance")
	f.Func("budget", "`share` of Graph's quotas before a caller is throttled: off (the default), on, or a number as in 0.01", func(text string) (err error) {
		switch text {
		case "off":
			s.budget = 0
		case "on":
			s.budget = 1
		default:
			s.budget, err = strconv.ParseFloat(text, 64)
		}
		return err
	})
	f.BoolVar(&s.anyInterface, "allow-other-machines-to-reach-this-fake-cloud", false,
		"let -addr be an address that isn't loopback; the test controls stay on loopback")
	f.Func("host", "further `name` for the certificate; may be repeated", func(name string) error {
		s.hosts = append(s.hosts, name)
		return nil
	})
	f.Func("reading", "fix one unverified behaviour, as `name=choice`; may be repeated", func(text string) error {
		name, choice, ok := strings.Cut(text, "=")
		if !ok {
			return errors.New("want name=choice")
		}
		s.readings[name] = choice
		return nil
	})
	f.IntVar(&s.remember, "remember", emulator.DefaultRemembered, "`number` of requests, and of tokens and codes, that the test controls list; 0 for all")
	f.StringVar(&s.log, "log", "", "`file` for one JSON line per request")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if f.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if s.dir == "" {
		return s, errors.New("-dir is required")
	}
	return s, nil
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	clock := &serve.Clock{}
	options := []emulator.Option{emulator.WithSeed(s.seed), emulator.WithClock(clock.Now), emulator.WithLatency(s.latency), emulator.WithLag(s.lag), emulator.WithBudget(s.budget), emulator.WithRemembered(s.remember),
		emulator.WithHosts(serve.LoopbackHosts()...), emulator.WithHosts(s.hosts...)}
	if s.data != "" {
		loaded, err := serve.LoadData(s.data, clock)
		if err != nil {
			return err
		}
		options = append(options, loaded...)
	}
	for name, choice := range s.readings {
		options = append(options, emulator.WithReading(name, choice))
	}
	if s.faults != "" {
		rules, err := readFaults(s.faults)
		if err != nil {
			return err
		}
		options = append(options, emulator.WithFaults(rules))
	}
	if s.log != "" {
		file, openErr := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if openErr != nil {
			return openErr
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		options = append(options, emulator.WithLog(file))
	}
	e, err := emulator.New(options...)
	if err != nil {
		return err
	}
	running, err := serve.Start(ctx, serve.Config{
		Addr: s.addr, AnyInterface: s.anyInterface, Dir: s.dir, Data: s.data, Hosts: s.hosts, Emulator: e, Clock: clock, Log: slog.New(slog.NewTextHandler(stderr, nil)),
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "The emulator serves at %s (portal at %s, test controls at %s). To use it:\n\n  . %s\n  terraform apply\n\n",
		running.BaseURL, running.PortalURL, running.ControlURL, filepath.Join(filepath.Dir(running.CAFile), "emulator.env"))
	return errors.Join(err, running.Wait())
}

func readFaults(path string) (rules []fault.Rule, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	rules, err = fault.Parse(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rules, nil
}
