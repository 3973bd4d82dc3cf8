package provider

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// protocol talks to the provider as Terraform does, without a CLI and without a network.
type protocol struct {
	tfprotov6.ProviderServer
	schemas *tfprotov6.GetProviderSchemaResponse
}

// epoch is the tests' present.
var epoch = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

var errNoNetwork = errors.New("this test has no network")

type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) { return nil, errNoNetwork }

// newProtocol starts a provider that is not configured yet, as terraform validate has it.
func newProtocol(t *testing.T) *protocol {
	t.Helper()
	env := map[string]string{
		"ARM_TENANT_ID": "11111111-1111-1111-1111-111111111111", "ARM_CLIENT_ID": "22222222-2222-2222-2222-222222222222", "ARM_CLIENT_SECRET": "not a secret",
	}
	newProvider := New("test", WithTransport(noNetwork{}), WithClock(func() time.Time { return epoch }), WithEnvironment(func(name string) string { return env[name] }))
	server, err := providerserver.NewProtocol6WithError(newProvider())()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil || failures(schemas.Diagnostics) != "" {
		t.Fatalf("get the schemas: %v %s", err, failures(schemas.Diagnostics))
	}
	return &protocol{ProviderServer: server, schemas: schemas}
}

// configure hands the provider its arguments; those not given are null.
func (p *protocol) configure(t *testing.T, arguments map[string]tftypes.Value) {
	t.Helper()
	resp, err := p.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.4", Config: object(t, p.schemas.Provider, arguments),
	})
	if err != nil || failures(resp.Diagnostics) != "" {
		t.Fatalf("configure: %v %s", err, failures(resp.Diagnostics))
	}
}

// object makes a value of a schema's type; attributes not given are null.
func object(t *testing.T, schema *tfprotov6.Schema, values map[string]tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	typ := objectType(t, schema)
	all := map[string]tftypes.Value{}
	for name, attribute := range typ.AttributeTypes {
		all[name] = tftypes.NewValue(attribute, nil)
		if v, ok := values[name]; ok {
			all[name] = v
		}
	}
	value, err := tfprotov6.NewDynamicValue(typ, tftypes.NewValue(typ, all))
	if err != nil {
		t.Fatal(err)
	}
	return &value
}

func objectType(t *testing.T, schema *tfprotov6.Schema) tftypes.Object {
	t.Helper()
	typ, ok := schema.ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("the schema's type is %T", schema.ValueType())
	}
	return typ
}

func (p *protocol) validate(t *testing.T, resource string, config map[string]tftypes.Value) []*tfprotov6.Diagnostic {
	t.Helper()
	resp, err := p.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: resource, Config: object(t, p.schemas.ResourceSchemas[resource], config),
	})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Diagnostics
}

// planned is the outcome of a plan.
type planned struct {
	values      map[string]tftypes.Value
	replace     []string
	diagnostics []*tfprotov6.Diagnostic
}

// plan proposes a change as Terraform does: an omitted computed attribute keeps its prior value. prior is nil for a create.
func (p *protocol) plan(t *testing.T, resource string, prior, config map[string]tftypes.Value, private string) planned {
	t.Helper()
	schema := p.schemas.ResourceSchemas[resource]
	typ := objectType(t, schema)
	nothing, err := tfprotov6.NewDynamicValue(typ, tftypes.NewValue(typ, nil))
	if err != nil {
		t.Fatal(err)
	}
	before := &nothing
	proposed := map[string]tftypes.Value{}
	for _, a := range schema.Block.Attributes {
		switch v, ok := config[a.Name]; {
		case ok && !v.IsNull():
			proposed[a.Name] = v
		case a.Computed && prior != nil:
			if v, ok := prior[a.Name]; ok {
				proposed[a.Name] = v
			}
		}
	}
	if prior != nil {
		before = object(t, schema, prior)
	}
	resp, err := p.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: resource, PriorState: before, Config: object(t, schema, config), ProposedNewState: object(t, schema, proposed), PriorPrivate: []byte(private),
	})
	if err != nil {
		t.Fatal(err)
	}
	out := planned{diagnostics: resp.Diagnostics}
	if value, err := resp.PlannedState.Unmarshal(typ); err == nil && !value.IsNull() {
		if err := value.As(&out.values); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range resp.RequiresReplace {
		out.replace = append(out.replace, r.String())
	}
	return out
}

// failures joins the errors among diagnostics, warnings the warnings.
func failures(ds []*tfprotov6.Diagnostic) string {
	return joined(ds, tfprotov6.DiagnosticSeverityError)
}
func warnings(ds []*tfprotov6.Diagnostic) string {
	return joined(ds, tfprotov6.DiagnosticSeverityWarning)
}

func joined(ds []*tfprotov6.Diagnostic, severity tfprotov6.DiagnosticSeverity) string {
	var out []string
	for _, d := range ds {
		if d.Severity == severity {
			at := ""
			if d.Attribute != nil {
				at = d.Attribute.String() + ": "
			}
			out = append(out, at+d.Summary+": "+d.Detail)
		}
	}
	return strings.Join(out, "\n")
}

func str(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

func strs(values ...string) tftypes.Value {
	elements := make([]tftypes.Value, len(values))
	for i, v := range values {
		elements[i] = str(v)
	}
	return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, elements)
}

func resourceNames() []string {
	return []string{
		"appreg_application", "appreg_client_secret", "appreg_certificate", "appreg_federated_credential", "appreg_public_client",
		"appreg_delegated_permissions", "appreg_service_principal", "appreg_admin_consent",
	}
}

// importState imports by id and gives the state with errors and warnings.
func (p *protocol) importState(t *testing.T, resource, id string) (state map[string]tftypes.Value, errors, warning string) {
	t.Helper()
	resp, err := p.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: resource, ID: id})
	if err != nil {
		t.Fatal(err)
	}
	for _, imported := range resp.ImportedResources {
		value, err := imported.State.Unmarshal(objectType(t, p.schemas.ResourceSchemas[resource]))
		if err != nil {
			t.Fatal(err)
		}
		if err := value.As(&state); err != nil {
			t.Fatal(err)
		}
	}
	return state, failures(resp.Diagnostics), warnings(resp.Diagnostics)
}
