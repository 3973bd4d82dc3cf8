package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// scopesAt names the arguments that messages about scopes belong to.
var (
	apiPath    = path.Root("api")
	scopesPath = path.Root("scopes")
)

// defaultAPI is the API whose permissions are meant when the configuration names none.
const defaultAPI = "Microsoft Graph"

// findAPI finds the tenant's own service principal of an API. At plan a missing one is a warning, because the plan may
// make it; otherwise, and for every other failure, the result is an error.
func (s *session) findAPI(ctx context.Context, name string, planning bool, diags *diag.Diagnostics) *directory.API {
	api, err := s.client.API(ctx, name)
	switch {
	case err == nil:
		return api
	case directory.KindOf(err) == directory.KindNotFound:
		title := fmt.Sprintf("No service principal of the API %q", name)
		if planning {
			diags.AddAttributeWarning(apiPath, title, missingAPI(name)+" Without it the apply will fail.")
		} else {
			diags.AddAttributeError(apiPath, title, missingAPI(name))
		}
	default:
		action{verb: "look up", noun: "API", name: name}.failedAt(diags, apiPath, err)
	}
	return nil
}

func missingAPI(name string) string {
	clientID, ok := directory.ResolveAPIClientID(name)
	if !ok {
		return "No service principal of this tenant has this identifier URI, so its permissions can't be looked up. Check the spelling, or create the API's service principal with an appreg_service_principal block and its client id."
	}
	return fmt.Sprintf("The tenant has no service principal of this API, so its permissions can't be looked up. Write\n\n"+
		"  resource \"appreg_service_principal\" \"api\" {\n    client_id = %q\n  }\n\nand let this resource depend on it (depends_on).", clientID)
}

// resolveScopes finds the permissions behind names. held are the names that the resource holds already, with their ids:
// those may have been disabled or withdrawn since.
func resolveScopes(api *directory.API, names []string, held map[string]string, diags *diag.Diagnostics) map[string]string {
	ids := make(map[string]string, len(names))
	for _, name := range names {
		scope, published := publishedScope(api, name)
		heldID, isHeld := held[name]
		switch {
		case published && (scope.Enabled || isHeld):
			ids[name] = scope.ID
		case isHeld:
			ids[name] = heldID
		case published:
			diags.AddAttributeError(scopesPath.AtSetValue(text(name)), "Permission is disabled",
				fmt.Sprintf("%s publishes %q, but has disabled it, so it can't be requested.%s", api.DisplayName, name, nearest(api, name)))
		default:
			diags.AddAttributeError(scopesPath.AtSetValue(text(name)), "Unknown permission", unknownScope(api, name))
		}
	}
	return ids
}

func unknownScope(api *directory.API, name string) string {
	for _, s := range api.Scopes {
		if strings.EqualFold(s.ID, name) {
			return fmt.Sprintf("This is the id of %q. Write the name.", s.Name)
		}
	}
	return fmt.Sprintf("%s has no delegated permission %q.%s", api.DisplayName, name, nearest(api, name))
}

// nearest suggests what was meant, "" when nothing is near.
func nearest(api *directory.API, name string) string {
	names := api.Nearest(name)
	if len(names) == 0 {
		return ""
	}
	return " The nearest names are:\n\n" + bullets(names)
}

func publishedScope(api *directory.API, name string) (directory.Scope, bool) {
	for _, s := range api.Scopes {
		if s.Name == name {
			return s, true
		}
	}
	return directory.Scope{}, false
}

// adminScopes lists those of names whose published type says that an administrator must consent.
func adminScopes(api *directory.API, names []string) []string {
	var out []string
	for _, name := range names {
		if s, ok := publishedScope(api, name); ok && s.Admin {
			out = append(out, name)
		}
	}
	return out
}
