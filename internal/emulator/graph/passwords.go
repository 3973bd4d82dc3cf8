package graph

import (
	"net/http"
	"slices"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// personalPasswords is how many secrets an application for personal accounts may hold.
const personalPasswords = 2

func addPassword(h holder) func(*call) (*result, error) {
	return func(c *call) (*result, error) { return c.addPassword(h) }
}

func (c *call) addPassword(h holder) (*result, error) {
	asked, err := c.passwordParameter()
	if err != nil {
		return nil, err
	}
	seen, err := h.find(c)
	if err != nil {
		return nil, err
	}
	var made tenant.Doc
	err = h.change(c, seen, func(tx *tenant.Tx, doc tenant.Doc) error {
		made, err = c.newPassword(tx, doc, asked)
		return err
	})
	if err != nil {
		return nil, err
	}
	made["@odata.context"] = c.baseURL + "/$metadata#microsoft.graph.passwordCredential"
	return &result{status: http.StatusOK, body: made}, nil
}

// passwordParameter reads {"passwordCredential": {…}}.
func (c *call) passwordParameter() (tenant.Doc, error) {
	if len(c.body) == 0 {
		if c.Readings.is(EmptyAddPassword, "refused") {
			return nil, unreadable()
		}
		return tenant.Doc{}, nil
	}
	params, err := edm.Object(c.body)
	if err != nil {
		return nil, fromBody(err)
	}
	asked := tenant.Doc{}
	for name, value := range params {
		if name != "passwordCredential" {
			return nil, invalidProperty(name)
		}
		if string(value) == "null" {
			continue
		}
		if asked, err = edm.DecodeComplex("passwordCredential", value); err != nil {
			return nil, fromBody(err)
		}
	}
	return asked, nil
}

// newPassword makes a secret as asked for and adds it to an application or service principal.
func (c *call) newPassword(tx *tenant.Tx, app, asked tenant.Doc) (tenant.Doc, error) {
	for _, made := range []string{"keyId", "secretText", "hint", "customKeyIdentifier"} {
		if asked[made] != nil {
			return nil, invalidValue(made, "passwordCredential")
		}
	}
	start := tx.Now()
	if asked["startDateTime"] != nil {
		start = asked.Time("startDateTime")
	}
	end := start.AddDate(2, 0, 0)
	if asked["endDateTime"] != nil {
		end = asked.Time("endDateTime")
	}
	const lastYear = 9999 // of what an instant can be
	if !end.After(start) || end.Year() > lastYear || !end.After(tx.Now()) ||
		end.After(start.AddDate(2, 0, 0)) && c.Readings.is(OverlongSecret, "refused") {
		return nil, invalidValue("endDateTime", "passwordCredential").
			with(detail("PasswordCredentialsInvalidEndDate", "", "endDateTime"))
	}
	held := len(app.Docs("passwordCredentials"))
	if personal(app) && held >= personalPasswords {
		return nil, tooManyPasswords(held+1, personalPasswords)
	}
	if err := checkPasswordPolicy(tx, c.caller.TenantID, app, start, end); err != nil {
		return nil, err
	}
	return tx.AddPassword(app, asked["displayName"], start, end), nil
}

// firstPassword makes the secret that the body of a create asks for; nil when it asks for none.
func (c *call) firstPassword(tx *tenant.Tx, app tenant.Doc, asked []tenant.Doc) (tenant.Doc, error) {
	if len(asked) == 0 {
		return nil, nil
	}
	if len(asked) > 1 {
		return nil, invalidValue("passwordCredentials", "application")
	}
	return c.newPassword(tx, app, asked[0])
}

func removePassword(h holder) func(*call) (*result, error) {
	return func(c *call) (*result, error) { return c.removePassword(h) }
}

func (c *call) removePassword(h holder) (*result, error) {
	params, err := edm.DecodeComplex("passwordCredential", c.body)
	if err != nil {
		return nil, fromBody(err)
	}
	keyID := params.String("keyId")
	if keyID == "" || len(params) > 1 {
		return nil, invalidValue("keyId", "passwordCredential")
	}
	seen, err := h.find(c)
	if err != nil {
		return nil, err
	}
	// The replica that answers may not have heard of a new key.
	if indexKey(seen.Docs("passwordCredentials"), keyID) < 0 {
		return nil, noPassword(keyID)
	}
	err = h.change(c, seen, func(_ *tenant.Tx, doc tenant.Doc) error {
		held := doc.Docs("passwordCredentials")
		i := indexKey(held, keyID)
		if i < 0 {
			return noPassword(keyID)
		}
		doc["passwordCredentials"] = slices.Delete(held, i, i+1)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return nothing()
}

func noPassword(keyID string) *Error {
	return badRequest("No password credential found with keyId '%s'.", keyID)
}

func indexKey(credentials []tenant.Doc, keyID string) int {
	return slices.IndexFunc(credentials, func(d tenant.Doc) bool { return d.String("keyId") == keyID })
}

// replacePasswords applies the passwordCredentials of an update: entries may be left out, but neither made nor altered.
func (c *call) replacePasswords(app, body tenant.Doc) error {
	if _, ok := body["passwordCredentials"]; !ok {
		return nil
	}
	held := app.Docs("passwordCredentials")
	if len(body.Docs("passwordCredentials")) < len(held) && c.Readings.is(ShorterSecrets, "refused") {
		return invalidValue("passwordCredentials", "application")
	}
	kept := []tenant.Doc{}
	for _, given := range body.Docs("passwordCredentials") {
		i := indexKey(held, given.String("keyId"))
		if indexKey(kept, given.String("keyId")) >= 0 {
			return duplicate("keyId")
		}
		if i < 0 {
			return badRequest("New password credentials must be generated using service actions.")
		}
		if given["secretText"] != nil || altered(held[i], given) {
			return alteredCredential(given.String("keyId"))
		}
		kept = append(kept, held[i])
	}
	app["passwordCredentials"] = kept
	delete(body, "passwordCredentials")
	return nil
}

// altered compares what a client sends back with what is held, to the precision of reads. What it leaves out is null.
func altered(held, given tenant.Doc) bool {
	second := func(d tenant.Doc, name string) time.Time { return d.Time(name).Truncate(time.Second) }
	for _, name := range []string{"startDateTime", "endDateTime"} {
		if given[name] != nil && !second(held, name).Equal(second(given, name)) {
			return true
		}
	}
	for _, name := range []string{"displayName", "key", "type", "usage"} { // Secrets have the first of these only.
		if given[name] != nil && given[name] != held[name] {
			return true
		}
	}
	return false
}
