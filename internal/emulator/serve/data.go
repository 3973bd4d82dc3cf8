package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// dataVersion is the format that this program writes, and the only one that it reads.
const dataVersion = 1

// data is a file that keeps an emulator's state from one run to the next.
type data struct {
	Version int `json:"version"`
	// ClockAhead is how far the clock was moved, as in "24h0m0s".
	ClockAhead string          `json:"clock_ahead"`
	Cloud      tenant.Snapshot `json:"cloud"`
}

// ErrDataVersion is returned for a data file in a format of another version.
var ErrDataVersion = errors.New("written by another version of the emulator")

// LoadData sets clock and gives the options for an emulator that goes on from what a data file holds. A file that isn't
// there yet gives none.
func LoadData(path string, clock *Clock) ([]emulator.Option, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d, err := parseData(text)
	if err != nil {
		return nil, fmt.Errorf("data file %s: %w", path, err)
	}
	ahead, err := time.ParseDuration(d.ClockAhead)
	if err != nil {
		return nil, fmt.Errorf("data file %s: clock_ahead: %w", path, err)
	}
	clock.Advance(ahead)
	return []emulator.Option{emulator.WithData(d.Cloud)}, nil
}

func parseData(text []byte) (d data, err error) {
	// The rest of another version's file may not fit.
	var head struct{ Version int }
	if err := json.Unmarshal(text, &head); err != nil {
		return d, err
	}
	if head.Version != dataVersion {
		return d, fmt.Errorf("version %d instead of %d: %w", head.Version, dataVersion, ErrDataVersion)
	}
	return d, json.Unmarshal(text, &d)
}

// saver saves to the data file, one time after the other; it is nil when there is none.
func (c Config) saver() func() error {
	if c.Data == "" {
		return nil
	}
	var mu sync.Mutex
	return func() error {
		mu.Lock()
		defer mu.Unlock()
		return saveData(c.Data, c.Emulator, c.Clock)
	}
}

// saveData writes the state as it is now. Whoever is killed meanwhile leaves the file of before.
func saveData(path string, e *emulator.Emulator, clock *Clock) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	d := data{Version: dataVersion, ClockAhead: clock.ahead().String(), Cloud: e.Snapshot()}
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("data file %s: %w", path, err)
	}
	return replaceFile(path, append(text, '\n'))
}
