package graph

import (
	"net/http"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// federated are the trusts of an application in foreign token issuers.
var federated = containment{name: "federatedIdentityCredentials", entity: "federatedIdentityCredential", named: true,
	fields: odata.Fields{"name": "eq", "subject": "eq", "issuer": ""}}

const (
	mostFederated    = 20
	longestFederated = 600 // characters of issuer, subject, audience and description
)

// federatedName is what the documentation allows as a name: 3 to 120 characters.
var federatedName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$`)

func listFederated(c *call) (*result, error)   { return c.listContained(federated) }
func countFederated(c *call) (*result, error)  { return c.countContained(federated) }
func getFederated(c *call) (*result, error)    { return c.getContained(federated) }
func deleteFederated(c *call) (*result, error) { return c.deleteContained(federated) }

func createFederated(c *call) (*result, error) {
	body, err := edm.Decode(federated.entity, c.body, edm.Create)
	if err != nil {
		return nil, fromBody(err)
	}
	return c.createContained(federated, func(tx *tenant.Tx, app tenant.Doc) (tenant.Doc, error) {
		return c.newFederated(tx, app, body)
	})
}

func patchFederated(c *call) (*result, error) {
	body, err := edm.Decode(federated.entity, c.body, edm.Update)
	if err != nil {
		return nil, fromBody(err)
	}
	if name, ok := c.params["name"]; ok && c.createIfMissing() {
		return c.upsertFederated(name, body)
	}
	return c.changeContained(federated, func(_ *tenant.Tx, held []tenant.Doc, i int) ([]tenant.Doc, error) {
		return held, c.mergeFederated(held, i, body)
	})
}

// upsertFederated creates or updates by name. Like the upsert of an application it goes to the primary: who comes
// second meets the first.
func (c *call) upsertFederated(name string, body tenant.Doc) (*result, error) {
	seen, err := c.application()
	if err != nil {
		return nil, err
	}
	var made tenant.Doc
	err = c.change(tenant.Application, seen, func(tx *tenant.Tx, app tenant.Doc) error {
		held := app.Docs(federated.name)
		if i := c.indexContained(federated, app); i >= 0 {
			app[federated.name] = held
			err = c.mergeFederated(held, i, body)
		} else if body["name"] == nil || body["name"] == name {
			body["name"] = name
			made, err = c.newFederated(tx, app, body)
		} else {
			err = immutable("name")
		}
		if err != nil {
			return err
		}
		tx.Put(c.caller.TenantID, tenant.Application, app)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case made == nil:
		return nothing()
	}
	return c.one(http.StatusCreated, federated.set(seen), federated.entity, made, true)
}

// newFederated makes a credential of a decoded body and adds it to the application.
func (c *call) newFederated(tx *tenant.Tx, app, body tenant.Doc) (tenant.Doc, error) {
	made := tenant.Doc{"name": nil, "issuer": nil, "subject": nil, "description": nil, "audiences": []any{}}
	edm.Merge(made, body)
	held := app.Docs(federated.name)
	if len(held) >= mostFederated {
		return nil, tooManyFederated(mostFederated)
	}
	if err := c.checkFederated(held, made); err != nil {
		return nil, err
	}
	made["id"] = tx.NewID(federated.entity, app.String("id"), made.String("name"))
	app[federated.name] = append(held, made)
	return made, nil
}

// mergeFederated writes a decoded body into one of the credentials.
func (c *call) mergeFederated(held []tenant.Doc, i int, body tenant.Doc) error {
	if name, ok := body["name"]; ok && name != held[i]["name"] {
		return immutable("name")
	}
	edm.Merge(held[i], body)
	return c.checkFederated(slices.Concat(held[:i], held[i+1:]), held[i])
}

// checkFederated judges a credential as it would be, beside the others of its application.
func (c *call) checkFederated(others []tenant.Doc, made tenant.Doc) error {
	invalid := func(property string) error { return invalidValue(property, federated.entity) }
	if !federatedName.MatchString(made.String("name")) {
		return invalid("name")
	}
	for _, property := range []string{"issuer", "subject", "description"} {
		text := made.String(property)
		if text == "" && property != "description" || utf8.RuneCountInString(text) > longestFederated {
			return invalid(property)
		}
	}
	audiences := made.Strings("audiences")
	if len(audiences) != 1 || audiences[0] == "" || utf8.RuneCountInString(audiences[0]) > longestFederated {
		return invalid("audiences")
	}
	for _, other := range others {
		if other.String("name") == made.String("name") {
			return sameKey("FederatedIdentityCredential with name " + made.String("name") + " already exists.")
		}
		if other.String("issuer") == made.String("issuer") && other.String("subject") == made.String("subject") {
			return sameFederatedSubject(c.Readings.is(DuplicateSubject, "409"))
		}
	}
	return nil
}
