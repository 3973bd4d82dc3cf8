package provider

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// eachAttribute visits every attribute of every schema, nested ones included.
func eachAttribute(p *protocol, visit func(where string, a *tfprotov6.SchemaAttribute)) {
	var walk func(where string, as []*tfprotov6.SchemaAttribute)
	walk = func(where string, as []*tfprotov6.SchemaAttribute) {
		for _, a := range as {
			visit(where+"."+a.Name, a)
			if a.NestedType != nil {
				walk(where+"."+a.Name, a.NestedType.Attributes)
			}
		}
	}
	walk("provider", p.schemas.Provider.Block.Attributes)
	for name, s := range p.schemas.ResourceSchemas {
		walk(name, s.Block.Attributes)
	}
	for name, s := range p.schemas.DataSourceSchemas {
		walk("data."+name, s.Block.Attributes)
	}
	for name, s := range p.schemas.EphemeralResourceSchemas {
		walk("ephemeral."+name, s.Block.Attributes)
	}
}

// Whatever is named like a secret is Sensitive. The exceptions are written down, so that a new attribute must choose.
func TestSecretsAreSensitive(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile(`secret|password|token|^value$`)
	public := []string{
		"provider.client_secret_file_path", "provider.oidc_token_file_path", "provider.oidc_request_url",
		"appreg_application.token_url", "data.appreg_application.token_url",
		"data.appreg_application.secrets", "data.appreg_service_principal.secrets", // listed without their values
		"appreg_client_secret.key_vault_secret_id", "appreg_client_secret.key_vault_secret_versionless_id", // addresses
		"appreg_application.implicit_grant.access_tokens", "appreg_application.implicit_grant.id_tokens",
		"data.appreg_application.implicit_grant.access_tokens", "data.appreg_application.implicit_grant.id_tokens",
	}
	sensitive := 0
	eachAttribute(newProtocol(t), func(where string, a *tfprotov6.SchemaAttribute) {
		if a.Sensitive {
			sensitive++
		}
		if named.MatchString(a.Name) && !a.Sensitive && !slices.Contains(public, where) {
			t.Errorf("%s is not Sensitive", where)
		}
	})
	if sensitive == 0 {
		t.Error("no attribute is Sensitive, so the test looked at nothing")
	}
}

func TestEveryAttributeIsDescribed(t *testing.T) {
	t.Parallel()
	eachAttribute(newProtocol(t), func(where string, a *tfprotov6.SchemaAttribute) {
		if d := strings.TrimSpace(a.Description); !strings.HasSuffix(d, ".") && !strings.HasSuffix(d, "`") {
			t.Errorf("%s is described as %q, which is no sentence", where, d)
		}
	})
}

// An attribute named id says that Graph gives the object one; the others have keys of their own.
func TestIDExistsWhereGraphHasOne(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	for _, name := range resourceNames() {
		schema, ok := p.schemas.ResourceSchemas[name]
		if !ok {
			t.Fatalf("%s is not registered", name)
		}
		has := slices.ContainsFunc(schema.Block.Attributes, func(a *tfprotov6.SchemaAttribute) bool { return a.Name == "id" })
		want := name == "appreg_application" || name == "appreg_service_principal" || name == "appreg_admin_consent"
		if has != want {
			t.Errorf("%s has an id: %t, want %t", name, has, want)
		}
	}
}

func TestIdentities(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	resp, err := p.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for resource, want := range map[string][]string{
		"appreg_application":           {"id", "tenant_id"},
		"appreg_client_secret":         {"application_id", "key_id"},
		"appreg_certificate":           {"application_id", "key_id"},
		"appreg_federated_credential":  {"application_id", "credential_id"},
		"appreg_public_client":         {"application_id"},
		"appreg_delegated_permissions": {"api_client_id", "application_id"},
		"appreg_service_principal":     {"id", "tenant_id"},
		"appreg_admin_consent":         {"id"},
	} {
		var got []string
		for _, a := range resp.IdentitySchemas[resource].IdentityAttributes {
			got = append(got, a.Name)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s is identified by %q, want %q", resource, got, want)
		}
	}
}

// Whatever is unknown or null, validating and planning end without a panic, before the provider is configured, while
// its arguments are unknown, and when the tenant can't be reached.
func TestUnknownAndNullNeverPanic(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"not configured", "arguments unknown", "unreachable"} {
		for _, resource := range resourceNames() {
			t.Run(state+"/"+resource, func(t *testing.T) {
				t.Parallel()
				// Under virtual time the patience with an unreachable tenant takes none.
				synctest.Test(t, func(t *testing.T) { planOddConfigurations(t, state, resource) })
			})
		}
	}
}

func planOddConfigurations(t *testing.T, state, resource string) {
	t.Helper()
	p := newProtocol(t)
	switch state {
	case "arguments unknown":
		p.configure(t, map[string]tftypes.Value{"tenant_id": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)})
	case "unreachable":
		p.configure(t, nil)
	}
	prior := map[string]tftypes.Value{}
	for attribute, typ := range objectType(t, p.schemas.ResourceSchemas[resource]).AttributeTypes {
		if typ.Is(tftypes.String) {
			prior[attribute] = str("33333333-3333-3333-3333-333333333333")
		}
	}
	for name, config := range oddConfigurations(t, p, resource) {
		p.validate(t, resource, config)
		created := p.plan(t, resource, nil, config, "")
		if created.values == nil && failures(created.diagnostics) == "" {
			t.Errorf("%s: the plan of a creation says neither what it makes nor why not", name)
		}
		p.plan(t, resource, prior, config, "")
	}
}

// oddConfigurations are: nothing, everything unknown, each attribute unknown alone, and each collection with an unknown
// or a null element.
func oddConfigurations(t *testing.T, p *protocol, resource string) map[string]map[string]tftypes.Value {
	t.Helper()
	out := map[string]map[string]tftypes.Value{"nothing": {}, "everything unknown": {}}
	for _, a := range p.schemas.ResourceSchemas[resource].Block.Attributes {
		if !a.Optional && !a.Required {
			continue
		}
		typ := objectType(t, p.schemas.ResourceSchemas[resource]).AttributeTypes[a.Name]
		unknown := tftypes.NewValue(typ, tftypes.UnknownValue)
		out["everything unknown"][a.Name] = unknown
		out["only "+a.Name+" unknown"] = map[string]tftypes.Value{a.Name: unknown}
		switch typ := typ.(type) {
		case tftypes.Set:
			for label, element := range map[string]any{"unknown": tftypes.UnknownValue, "null": nil} {
				out["an element of "+a.Name+" "+label] = map[string]tftypes.Value{
					a.Name: tftypes.NewValue(typ, []tftypes.Value{tftypes.NewValue(typ.ElementType, element)}),
				}
			}
		case tftypes.Object:
			for label, member := range map[string]any{"unknown": tftypes.UnknownValue, "null": nil} {
				members := map[string]tftypes.Value{}
				for name, memberType := range typ.AttributeTypes {
					members[name] = tftypes.NewValue(memberType, member)
				}
				out["members of "+a.Name+" "+label] = map[string]tftypes.Value{a.Name: tftypes.NewValue(typ, members)}
			}
		}
	}
	return out
}

// A unique name can be given once, in place. Any other change of it, and no other argument, registers anew.
func TestOnlyAnotherUniqueNameReplacesAnApplication(t *testing.T) {
	t.Parallel()
	const replace = `AttributeName("unique_name")`
	prior := func(unique tftypes.Value) map[string]tftypes.Value {
		return map[string]tftypes.Value{
			"id": str(someID), "client_id": str(someID), "tenant_id": str(someID), "display_name": str("Mail import"), "sign_in_audience": str("AzureADMyOrg"),
			"unique_name": unique, "adopt_existing": tftypes.NewValue(tftypes.Bool, false), "prevent_duplicate_names": tftypes.NewValue(tftypes.Bool, false),
			"purge_on_destroy": tftypes.NewValue(tftypes.Bool, false), "adopted": tftypes.NewValue(tftypes.Bool, false),
		}
	}
	null := tftypes.NewValue(tftypes.String, nil)
	for what, c := range map[string]struct {
		prior tftypes.Value
		set   map[string]tftypes.Value
		want  []string
	}{
		"given":         {null, map[string]tftypes.Value{"unique_name": str("a")}, nil},
		"kept":          {str("a"), map[string]tftypes.Value{"unique_name": str("a")}, nil},
		"changed":       {str("a"), map[string]tftypes.Value{"unique_name": str("b")}, []string{replace}},
		"left out":      {str("a"), map[string]tftypes.Value{}, []string{replace}},
		"another name":  {str("a"), map[string]tftypes.Value{"unique_name": str("a"), "display_name": str("Other")}, nil},
		"all audiences": {null, map[string]tftypes.Value{"sign_in_audience": str("PersonalMicrosoftAccount")}, nil},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := newProtocol(t)
			p.configure(t, map[string]tftypes.Value{"tenant_id": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)})
			config := map[string]tftypes.Value{"display_name": str("Mail import")}
			maps.Copy(config, c.set)
			got := p.plan(t, "appreg_application", prior(c.prior), config, "")
			if text := failures(got.diagnostics); text != "" || !slices.Equal(got.replace, c.want) {
				t.Errorf("replaced because of %q, want %q; %s", got.replace, c.want, text)
			}
		})
	}
}
