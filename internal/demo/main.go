// Command demo tells the provider's story on a machine without a tenant: it builds the provider and the emulator, and with
// the real terraform (or tofu) registers the application of the mail-import guide, signs in as the product would,
// rotates the secret, destroys everything again, and hands a secret over through a key vault.
//
// With -emulator it keeps an emulator running instead and says how to try a configuration of one's own.
//
// It ends with status 1 when any step fails, stops the emulator in every case, and leaves no file outside a temporary
// folder, which it removes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	dir := flag.String("dir", "", "temporary folder to work in, removed at the end; default: a new one")
	keep := flag.Bool("emulator", false, "keep an emulator running instead of telling the story")
	flag.Parse()
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, *dir, *keep)
	stop()
	if err != nil {
		log.Fatalf("The demo failed: %v", err)
	}
}

// run prepares the stage and gives it to the story or to the reader.
func run(ctx context.Context, out io.Writer, dir string, keep bool) (err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "appreg-demo-"); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if _, err := terraform(); err != nil {
		return err
	}
	s := &stage{out: out, dir: dir}
	if err := s.build(ctx); err != nil {
		return err
	}
	emulator, err := s.startEmulator(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, emulator.stop()) }()
	if keep {
		return s.invite(ctx, emulator)
	}
	return tell(ctx, s, emulator)
}

// stage is what every part of the story stands on.
type stage struct {
	out io.Writer
	dir string // the temporary folder
}

// title opens a chapter.
func (s *stage) title(format string, args ...any) { s.say("\n== "+format, args...) }

// say prints a line.
func (s *stage) say(format string, args ...any) {
	// A closed standard output ends the process by itself; there is nobody to tell about it.
	_, _ = fmt.Fprintf(s.out, format+"\n", args...)
}
