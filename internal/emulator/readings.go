package emulator

import (
	"fmt"
	"maps"
	"slices"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/keyvault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/signin"
)

// CurrentReadings gives what every reading is at, by name.
func (e *Emulator) CurrentReadings() map[string]string {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := map[string]string{}
	for _, r := range Readings() {
		out[r.Name] = r.Choices[0]
	}
	maps.Copy(out, e.readings)
	return out
}

// SetReadings changes some readings for the requests to come, all or none, as [WithReading] does from the start.
func (e *Emulator) SetReadings(chosen map[string]string) error {
	if err := validate(chosen); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	next := maps.Clone(e.readings)
	maps.Copy(next, chosen)
	ofGraph, ofSignIn, ofVaults := part(next)
	if err := e.graph.SetReadings(ofGraph); err != nil {
		return err
	}
	e.signin.SetReadings(ofSignIn)
	e.vaults.SetReadings(ofVaults)
	e.readings = next
	return nil
}

// validate tells of an unknown name or choice, on any side.
func validate(chosen graph.Readings) error {
	all := Readings()
	for name, choice := range chosen {
		i := slices.IndexFunc(all, func(r graph.Reading) bool { return r.Name == name })
		if i < 0 {
			return fmt.Errorf("no reading %q", name)
		}
		if !slices.Contains(all[i].Choices, choice) {
			return fmt.Errorf("reading %q has the choices %q, not %q", name, all[i].Choices, choice)
		}
	}
	return nil
}

// part parts the readings into those of Graph, of the sign-in side and of the vaults.
func part(all graph.Readings) (graph.Readings, signin.Readings, keyvault.Readings) {
	o := options{readings: maps.Clone(all)}
	ofSignIn := o.signInReadings()
	ofVaults := keyvault.Readings{AbsentIsNotFound: o.readings[keyvault.VersionsOfAbsent] == "404"}
	delete(o.readings, keyvault.VersionsOfAbsent)
	return o.readings, ofSignIn, ofVaults
}
