// Package edm is the typed side of the emulated Graph: it knows the entity, complex and enumeration types of the
// application slice from Graph's published schema, decodes request bodies against them without mercy, merges updates,
// and cuts documents to the set of properties that a reply shows.
package edm

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed schema.json
var schemaJSON []byte

type property struct {
	Type     string `json:"type"`
	Nullable *bool  `json:"nullable"`
}

func (p property) nullable() bool { return p.Nullable == nil || *p.Nullable }

// collection gives the element type of a collection.
func (p property) collection() (string, bool) {
	inner, ok := strings.CutPrefix(p.Type, "Collection(")
	return strings.TrimSuffix(inner, ")"), ok
}

type typeInfo struct {
	Base       string              `json:"base"`
	Properties map[string]property `json:"properties"`
	Navigation []struct {
		Name string `json:"name"`
	} `json:"navigation"`
}

type schema struct {
	Entities map[string]*typeInfo `json:"entities"`
	Complex  map[string]*typeInfo `json:"complex"`
	Enums    map[string][]string  `json:"enums"`
}

// load decodes the schema once and folds inherited properties into each type.
var load = sync.OnceValue(func() *schema {
	var s schema
	if err := json.Unmarshal(schemaJSON, &s); err != nil {
		panic(fmt.Sprintf("edm: the embedded schema: %v", err))
	}
	for _, types := range []map[string]*typeInfo{s.Entities, s.Complex} {
		for _, t := range types {
			for base := t.Base; base != ""; base = types[base].Base {
				for name, p := range types[base].Properties {
					t.Properties[name] = p
				}
			}
		}
	}
	// Not in the published type, but seen in listings of service principals, whose type is open.
	s.Entities["servicePrincipal"].Properties["createdDateTime"] = property{Type: "Edm.DateTimeOffset"}
	return &s
})

// behaviour is what the schema doesn't say about an entity's properties and the documentation does.
type behaviour struct {
	selectOnly []string // returned only when $select names them
	absent     []string // in the schema, but never in a body
	readOnly   []string
	writable   []string // when set: everything else is read-only
	createOnly []string // settable on POST, read-only afterwards
}

func behaviourOf(entity string) behaviour {
	switch entity {
	case "application":
		return behaviour{
			selectOnly: []string{"authenticationBehaviors", "managerApplications"},
			absent:     []string{"logo", "oauth2RequirePostResponse"},
			readOnly: []string{"appId", "applicationTemplateId", "certification", "createdByAppId", "createdDateTime",
				"deletedDateTime", "disabledByMicrosoftStatus", "managerApplications", "publisherDomain",
				"verifiedPublisher"},
		}
	case "servicePrincipal":
		return behaviour{
			selectOnly: []string{"customSecurityAttributes"},
			writable: []string{"accountEnabled", "alternativeNames", "appId", "appRoleAssignmentRequired", "description",
				"keyCredentials", "loginUrl", "notes", "notificationEmailAddresses", "passwordCredentials",
				"preferredSingleSignOnMode", "preferredTokenSigningKeyThumbprint", "replyUrls",
				"samlSingleSignOnSettings", "tags", "tokenEncryptionKeyId"},
			createOnly: []string{"appId"},
		}
	case "appRoleAssignment":
		return behaviour{writable: []string{"appRoleId", "principalId", "resourceId"}}
	case "extensionProperty":
		return behaviour{writable: []string{"dataType", "isMultiValued", "name", "targetObjects"}}
	case "oAuth2PermissionGrant":
		return behaviour{createOnly: []string{"clientId", "consentType", "principalId", "resourceId"}}
	default:
		return behaviour{readOnly: []string{"deletedDateTime"}}
	}
}

func (b behaviour) mayWrite(name string, creating bool) bool {
	if slices.Contains(b.readOnly, name) || b.writable != nil && !slices.Contains(b.writable, name) {
		return false
	}
	return creating || !slices.Contains(b.createOnly, name)
}

// Properties lists what a reply shows of an entity when nothing is selected.
func Properties(entity string) []string {
	b := behaviourOf(entity)
	var out []string
	for name := range load().Entities[entity].Properties {
		if !slices.Contains(b.selectOnly, name) && !slices.Contains(b.absent, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Selectable tells whether $select may name a property of an entity.
func Selectable(entity, name string) bool {
	_, ok := load().Entities[entity].Properties[name]
	return ok && !slices.Contains(behaviourOf(entity).absent, name)
}

// Has tells whether an entity has a property.
func Has(entity, name string) bool {
	_, ok := load().Entities[entity].Properties[name]
	return ok
}

// IsNavigation tells whether an entity has a navigation property.
func IsNavigation(entity, name string) bool {
	t, ok := load().Entities[entity]
	return ok && navigation(t, name)
}

// Navigates tells whether the navigation properties of an entity are known.
func Navigates(entity string) bool {
	t, ok := load().Entities[entity]
	return ok && len(t.Navigation) > 0
}

func navigation(t *typeInfo, name string) bool {
	for _, n := range t.Navigation {
		if n.Name == name {
			return true
		}
	}
	return false
}
