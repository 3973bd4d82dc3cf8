package serve

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// The controls that change what is there. Like the Go methods behind them they check nothing but that it can be done.

// read decodes the body of a control. A member that out doesn't have is a mistake.
func read(r *http.Request, out any) error { return decode(r.Body, out) }

func decode(from io.Reader, out any) error {
	d := json.NewDecoder(from)
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		return misuse("the body: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return misuse("the body goes on after its value")
	}
	return nil
}

// understood makes an error of a method that was given what it can't work with the caller's own.
func understood(err error) error {
	if err == nil || errors.Is(err, emulator.ErrNoObject) {
		return err
	}
	return errControl{err}
}

func (c control) object(r *http.Request) (any, error) {
	doc, ok := c.emulator.Object(r.PathValue("id"))
	if !ok {
		return nil, emulator.ErrNoObject
	}
	return doc, nil
}

func (c control) create(r *http.Request) (any, error) {
	kind, err := kindOf(r)
	if err != nil {
		return nil, err
	}
	var values tenant.Doc
	if err := read(r, &values); err != nil {
		return nil, err
	}
	id, err := c.emulator.Create(kind, values)
	if err != nil {
		return nil, understood(err)
	}
	r.SetPathValue("id", id)
	return c.object(r)
}

func (c control) change(r *http.Request) (any, error) {
	var values tenant.Doc
	if err := read(r, &values); err != nil {
		return nil, err
	}
	if err := c.emulator.Change(r.PathValue("id"), func(d tenant.Doc) { edm.Merge(d, values.Clone()) }); err != nil {
		return nil, understood(err)
	}
	return c.object(r)
}

func (c control) addSecret(r *http.Request) (any, error) {
	var wanted struct {
		DisplayName string    `json:"display_name"`
		End         time.Time `json:"end"`
	}
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	keyID, text, err := c.emulator.AddSecret(r.PathValue("id"), wanted.DisplayName, wanted.End)
	return map[string]string{"key_id": keyID, "text": text}, understood(err)
}

func (c control) setPolicy(r *http.Request) (any, error) {
	var p emulator.Policy
	if err := read(r, &p); err != nil {
		return nil, err
	}
	if id := r.PathValue("id"); id != "" {
		return struct{}{}, understood(c.emulator.AssignPolicy(id, p))
	}
	return struct{}{}, understood(c.emulator.SetPolicy(p))
}

func (c control) setConditionalAccess(r *http.Request) (any, error) {
	var wanted struct {
		GrantControl tenant.GrantControl `json:"grant_control"`
	}
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	return struct{}{}, understood(c.emulator.SetConditionalAccess(wanted.GrantControl))
}

func (c control) setRoles(r *http.Request) (any, error) {
	var roles []string
	if err := read(r, &roles); err != nil {
		return nil, err
	}
	return struct{}{}, understood(c.emulator.SetRoles(r.PathValue("clientID"), roles...))
}

func (c control) accounts(*http.Request) (any, error) { return c.emulator.Accounts(), nil }

// changeAccount changes what the body names; who somebody is stays.
func (c control) changeAccount(r *http.Request) (any, error) {
	c.people.Lock()
	defer c.people.Unlock()
	account, ok := c.emulator.Cloud().Account(r.PathValue("username"))
	if !ok {
		return nil, emulator.ErrNoObject
	}
	changed := account
	if err := read(r, &changed); err != nil {
		return nil, err
	}
	if changed.ObjectID != account.ObjectID || changed.TenantID != account.TenantID || changed.Personal != account.Personal {
		return nil, misuse("a person stays the same one in the same tenant")
	}
	if other, ok := c.emulator.Cloud().Account(changed.UserName); changed.UserName == "" || ok && other.ObjectID != account.ObjectID {
		return nil, misuse("a person needs a name of their own, not %q", changed.UserName)
	}
	c.emulator.SetAccount(changed)
	return changed, nil
}

func (c control) readings(*http.Request) (any, error) { return c.emulator.CurrentReadings(), nil }

func (c control) setReadings(r *http.Request) (any, error) {
	var chosen map[string]string
	if err := read(r, &chosen); err != nil {
		return nil, err
	}
	if err := c.emulator.SetReadings(chosen); err != nil {
		return nil, errControl{err}
	}
	return c.readings(r)
}

func (c control) saveNow(*http.Request) (any, error) {
	if c.save == nil {
		return nil, misuse("this emulator has no data file")
	}
	return struct{}{}, c.save()
}
