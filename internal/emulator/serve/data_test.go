package serve_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/serve"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// startWith starts an emulator over a data file, as the command does.
func startWith(t *testing.T, file string) *running {
	t.Helper()
	clock := &serve.Clock{}
	options, err := serve.LoadData(file, clock)
	check(t, err)
	e, err := emulator.New(append(options, emulator.WithClock(clock.Now))...)
	check(t, err)
	return start(t, func(c *serve.Config) { c.Data, c.Emulator, c.Clock = file, e, clock })
}

// TestDataOutlivesTheEmulator makes an application with a secret, changes a password, moves the clock and restarts.
func TestDataOutlivesTheEmulator(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "not yet there", "tenants.json")
	first := startWith(t, file)
	id, status := first.createApplication("kept")
	if status != http.StatusCreated {
		t.Fatal(status)
	}
	_, secret, err := first.emulator.AddSecret(id, "product", time.Now().AddDate(1, 0, 0))
	check(t, err)
	mara := first.emulator.Accounts()[1]
	mara.Password = "changed since"
	first.emulator.SetAccount(mara)
	first.control(http.MethodPost, "/clock/advance?by=48h", "", nil)
	check(t, first.Close())

	second := startWith(t, file)
	app, ok := second.emulator.Object(id)
	if !ok || app.String("displayName") != "kept" {
		t.Fatalf("the application is %v", app)
	}
	if facts := second.emulator.Facts(); facts.Users[1] != mara || facts.ClientSecret != first.emulator.Facts().ClientSecret {
		t.Errorf("the facts are %+v", facts)
	}
	var asked struct{ Now time.Time }
	second.control(http.MethodPost, "/clock/advance?by=0s", "", &asked)
	if ahead := time.Until(asked.Now); ahead < 47*time.Hour || ahead > 48*time.Hour {
		t.Errorf("the clock is %s ahead", ahead)
	}
	if found := second.emulator.Objects(tenant.Application); len(found) != 2 {
		t.Errorf("%d applications", len(found))
	}
	if _, got := second.token(app.String("appId"), secret); got != http.StatusOK {
		t.Errorf("the secret of the run before: %d", got)
	}
	second.bearer() // So is that of the automation application.
	if _, status := second.createApplication("kept"); status != http.StatusCreated {
		t.Errorf("another application of the same name: %d", status)
	}
}

func TestDataIsTheOwnersAlone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tenants.json")
	startWith(t, file)
	info, err := os.Stat(file)
	check(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %s", info.Mode())
	}
}

func TestDataIsNotSavedBlindly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"empty": "", "cut off": `{"version":1,"clo`, "no clock": `{"version":1,"cloud":{}}`, "no cloud": `{"version":1,"clock_ahead":"0s"}`,
		"of another version": `{"version":2,"clock_ahead":["none"]}`, "of something else": `{"name":"x"}`,
	} {
		file := filepath.Join(dir, name)
		check(t, os.WriteFile(file, []byte(text), 0o600))
		options, err := serve.LoadData(file, &serve.Clock{})
		if err == nil {
			_, err = emulator.New(options...)
		} else if !strings.Contains(err.Error(), file) {
			t.Errorf("%s: the error names no file: %v", name, err)
		}
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		if other := !strings.HasPrefix(text, `{"version":1`) && strings.HasPrefix(text, "{"); errors.Is(err, serve.ErrDataVersion) != other {
			t.Errorf("%s: %v", name, err)
		}
	}
	e, err := emulator.New()
	check(t, err)
	occupied := filepath.Join(dir, "empty", "below a file")
	if _, err := serve.Start(t.Context(), serve.Config{Addr: "127.0.0.1:0", Dir: t.TempDir(), Data: occupied, Emulator: e}); err == nil {
		t.Error("a file that can't be written is no matter")
	}
}
