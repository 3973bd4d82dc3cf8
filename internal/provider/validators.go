package provider

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// check is a rule for one text that needs neither the tenant nor the clock: validators run before a destroy, too.
type check struct {
	description string
	problem     func(string) string // "" when the text is fine
}

var _ validator.String = check{}

// Description implements validator.Describer.
func (c check) Description(context.Context) string { return c.description }

// MarkdownDescription implements validator.Describer.
func (c check) MarkdownDescription(context.Context) string { return c.description }

// ValidateString implements validator.String.
func (c check) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if problem := c.problem(req.ConfigValue.ValueString()); problem != "" {
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Invalid %s", argument(req.Path)), problem)
	}
}

// argument is what titles call a value: an element of a set goes by the set's name, because its own is the value.
func argument(p path.Path) path.Path {
	if last, _ := p.Steps().LastStep(); last != nil {
		if _, element := last.(path.PathStepElementKeyValue); element {
			return p.ParentPath()
		}
	}
	return p
}

// guid requires a GUID; what names the object in the message.
func guid(what string) validator.String {
	return check{"must be a GUID", func(s string) string {
		if isGUID(s) {
			return ""
		}
		return fmt.Sprintf("%q is not a GUID. Write %s, such as 5b8b0a36-7f41-4d3c-9a1e-0f1d5c1a9a01.", s, what)
	}}
}

// filled refuses the empty text, which Graph can't tell from an absent one.
func filled() validator.String {
	return check{"must not be empty", func(s string) string {
		if s != "" {
			return ""
		}
		return "It is empty. Write a value or, where it is optional, leave the argument out (or write null)."
	}}
}

// webAddress requires an absolute http or https address.
func webAddress(schemes ...string) validator.String {
	description := "must be an address with " + strings.Join(schemes, " or ")
	return check{description, func(s string) string {
		u, err := url.Parse(s)
		if err == nil && u.Host != "" {
			for _, scheme := range schemes {
				if strings.EqualFold(u.Scheme, scheme) {
					return ""
				}
			}
		}
		return fmt.Sprintf("%q is not an address that begins with %s and names a host.", s, strings.Join(schemes, ":// or ")+"://")
	}}
}

// tag judges a tag: Graph's form, and the prefix that the provider keeps for itself.
func tag() validator.String {
	return check{"1 to 256 characters without blanks", func(s string) string {
		switch {
		case s == "" || len([]rune(s)) > 256:
			return "A tag has 1 to 256 characters."
		case strings.ContainsAny(s, " \t\r\n"):
			return fmt.Sprintf("%q contains a blank, which tags can't.", s)
		case strings.HasPrefix(s, markerPrefix):
			return fmt.Sprintf("%q begins with %q, which the provider keeps for the tag by which it finds an application whose creation was interrupted.", s, markerPrefix)
		}
		return ""
	}}
}

// markerPrefix begins the one tag of the provider's own.
const markerPrefix = "appreg:"

// timestamp requires RFC 3339 in whole seconds.
func timestamp() validator.String {
	return check{"must be a time such as 2027-06-30T00:00:00Z", func(s string) string {
		t, err := time.Parse(time.RFC3339, s)
		switch {
		case err != nil:
			return fmt.Sprintf("%q is not a time of the form 2027-06-30T00:00:00Z (RFC 3339).", s)
		case t.Nanosecond() != 0:
			return fmt.Sprintf("%q has fractions of a second; Microsoft Graph keeps whole seconds.", s)
		}
		return ""
	}}
}

// apiForm judges what delegated permissions may be asked of: a known name, an identifier URI or a client id.
func apiForm() validator.String {
	return check{"a known API, an identifier URI or a client id", func(s string) string {
		u, err := url.Parse(s)
		if _, ok := directory.ResolveAPIClientID(s); ok || (err == nil && u.Scheme != "" && !strings.ContainsAny(s, " \t\r\n")) {
			return ""
		}
		return fmt.Sprintf("%q is not an API that is known by name. Write Microsoft Graph, Office 365 Exchange Online, SharePoint Online, an identifier URI such as api://…, or the API's client id. Display names are not looked up, because anyone in a tenant can take one.", s)
	}}
}

func guids(what string) []validator.String { return []validator.String{guid(what)} }
