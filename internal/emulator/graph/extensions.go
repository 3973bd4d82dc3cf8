package graph

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// extensions are the directory extensions that an application defines: properties that tokens can carry as optional
// claims. The objects that they extend are outside of this slice.
var extensions = containment{name: "extensionProperties", entity: "extensionProperty", fields: odata.Fields{"name": "eq"}}

var (
	extensionName    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	extensionTypes   = []string{"Binary", "Boolean", "DateTime", "Integer", "LargeInteger", "String"}
	extensionTargets = []string{"User", "Group", "AdministrativeUnit", "Application", "Device", "Organization"}
)

func listExtensions(c *call) (*result, error)  { return c.listContained(extensions) }
func countExtensions(c *call) (*result, error) { return c.countContained(extensions) }
func getExtension(c *call) (*result, error)    { return c.getContained(extensions) }
func deleteExtension(c *call) (*result, error) { return c.deleteContained(extensions) }

func createExtension(c *call) (*result, error) {
	body, err := edm.Decode(extensions.entity, c.body, edm.Create)
	if err != nil {
		return nil, fromBody(err)
	}
	if err := checkExtension(body); err != nil {
		return nil, err
	}
	return c.createContained(extensions, func(tx *tenant.Tx, app tenant.Doc) (tenant.Doc, error) {
		// The full name is unique in the tenant because the client id is part of it.
		name := "extension_" + strings.ReplaceAll(app.String("appId"), "-", "") + "_" + body.String("name")
		held := app.Docs(extensions.name)
		if slices.ContainsFunc(held, func(d tenant.Doc) bool { return strings.EqualFold(d.String("name"), name) }) {
			return nil, extensionExists(name)
		}
		made := tenant.Doc{"deletedDateTime": nil, "dataType": body["dataType"], "isMultiValued": body.Bool("isMultiValued"),
			"isSyncedFromOnPremises": false, "name": name, "targetObjects": body["targetObjects"],
			"id": tx.NewID(extensions.entity, app.String("id"), name)}
		app[extensions.name] = append(held, made)
		return made, nil
	})
}

// checkExtension judges the body of a new extension. The form of the name follows from the names that samples have.
func checkExtension(body tenant.Doc) error {
	invalid := func(property string) error { return invalidValue(property, extensions.entity) }
	targets := body.Strings("targetObjects")
	switch {
	case !extensionName.MatchString(body.String("name")):
		return invalid("name")
	case !slices.Contains(extensionTypes, body.String("dataType")):
		return invalid("dataType")
	case len(targets) == 0:
		return invalid("targetObjects")
	}
	for i, target := range targets {
		if !slices.Contains(extensionTargets, target) || slices.Contains(targets[:i], target) {
			return invalid("targetObjects")
		}
	}
	return nil
}

// extensionRoutes adds the directory extensions of an application.
func extensionRoutes(add adder, app string) {
	all := app + "/" + extensions.name
	add(http.MethodGet, all, readApplications, listExtensions)
	add(http.MethodGet, all+"/$count", readApplications, countExtensions)
	add(http.MethodPost, all, writeApplications, createExtension)
	add(http.MethodGet, all+"/{subId}", readApplications, getExtension)
	add(http.MethodDelete, all+"/{subId}", writeApplications, deleteExtension)
}
