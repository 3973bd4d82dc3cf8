package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// secretServer plays the part of Terraform for one client secret. It is for what older versions of Terraform don't ask.
type secretServer struct {
	tfprotov6.ProviderServer
	typ tftypes.Object
}

func newSecretServer(t *testing.T, x *acctest.Tenant) *secretServer {
	t.Helper()
	server, err := x.Server(nil)
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	typ, ok := schemas.ResourceSchemas["appreg_client_secret"].ValueType().(tftypes.Object)
	providerType, ok2 := schemas.Provider.ValueType().(tftypes.Object)
	if !ok || !ok2 {
		t.Fatal("the schemas are no objects")
	}
	resp, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.12.0", Config: dynamic(t, providerType, filled(providerType, nil, nil))})
	if err != nil || len(resp.Diagnostics) != 0 {
		t.Fatalf("%v %v", err, resp)
	}
	return &secretServer{server, typ}
}

// filled lays values over the prior ones; the rest is null.
func filled(typ tftypes.Object, prior, values map[string]tftypes.Value) tftypes.Value {
	all := map[string]tftypes.Value{}
	for name, attribute := range typ.AttributeTypes {
		all[name] = tftypes.NewValue(attribute, nil)
		for _, from := range []map[string]tftypes.Value{prior, values} {
			if v, ok := from[name]; ok && !v.IsNull() {
				all[name] = v
			}
		}
	}
	return tftypes.NewValue(typ, all)
}

func dynamic(t *testing.T, typ tftypes.Type, v tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	d, err := tfprotov6.NewDynamicValue(typ, v)
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

// apply plans and applies a configuration over what an earlier apply has left, nil for nothing.
func (s *secretServer) apply(t *testing.T, before *tfprotov6.ApplyResourceChangeResponse, values map[string]tftypes.Value) *tfprotov6.ApplyResourceChangeResponse {
	t.Helper()
	config := dynamic(t, s.typ, filled(s.typ, nil, values))
	plan := &tfprotov6.PlanResourceChangeRequest{
		TypeName: "appreg_client_secret", Config: config, PriorState: dynamic(t, s.typ, tftypes.NewValue(s.typ, nil)), ProposedNewState: config,
	}
	if before != nil {
		plan.PriorState, plan.PriorPrivate, plan.PriorIdentity = before.NewState, before.Private, before.NewIdentity
		plan.ProposedNewState = dynamic(t, s.typ, filled(s.typ, s.attributes(t, before), values))
	}
	planned, err := s.PlanResourceChange(t.Context(), plan)
	if err != nil || refusals(planned.Diagnostics) != "" || len(planned.RequiresReplace) != 0 {
		t.Fatalf("plan: %v %s, replaced because of %v", err, refusals(planned.Diagnostics), planned.RequiresReplace)
	}
	after, err := s.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: plan.TypeName, Config: config, PriorState: plan.PriorState, PlannedState: planned.PlannedState, PlannedPrivate: planned.PlannedPrivate, PlannedIdentity: planned.PlannedIdentity,
	})
	if err != nil || refusals(after.Diagnostics) != "" {
		t.Fatalf("apply: %v %s", err, refusals(after.Diagnostics))
	}
	return after
}

func (s *secretServer) attributes(t *testing.T, r *tfprotov6.ApplyResourceChangeResponse) (values map[string]tftypes.Value) {
	t.Helper()
	v, err := r.NewState.Unmarshal(s.typ)
	if err == nil {
		err = v.As(&values)
	}
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func refusals(ds []*tfprotov6.Diagnostic) (text string) {
	for _, d := range ds {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			text += d.Summary + ": " + d.Detail + "\n"
		}
	}
	return text
}

// The identity of a secret follows its rotations, and stays through what is no rotation, also where an older version of
// Terraform has kept none.
func TestAccIdentityFollowsTheRotation(t *testing.T) {
	t.Parallel()
	x := acctest.Hostile(t)
	id := x.Create(t, tenant.Application, tenant.Doc{"displayName": "Mail import"})
	s := newSecretServer(t, x)
	identityType := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"application_id": tftypes.String, "key_id": tftypes.String}}
	text := func(v string) tftypes.Value { return tftypes.NewValue(tftypes.String, v) }
	follows := func(what string, r *tfprotov6.ApplyResourceChangeResponse) tftypes.Value {
		t.Helper()
		if r.NewIdentity == nil {
			t.Fatalf("%s: no identity", what)
		}
		v, err := r.NewIdentity.IdentityData.Unmarshal(identityType)
		if err != nil {
			t.Fatal(err)
		}
		keyID := s.attributes(t, r)["key_id"]
		if want := tftypes.NewValue(identityType, map[string]tftypes.Value{"application_id": text(id), "key_id": keyID}); !v.Equal(want) {
			t.Errorf("%s: the identity is %s, want %s", what, v, want)
		}
		return keyID
	}
	made := s.apply(t, nil, map[string]tftypes.Value{"application_id": text(id), "display_name": text("one")})
	first := follows("made", made)
	rotated := s.apply(t, made, map[string]tftypes.Value{"application_id": text(id), "display_name": text("two")})
	second := follows("rotated", rotated)
	if second.Equal(first) {
		t.Fatal("the secret was not rotated")
	}
	rotated.NewIdentity = nil
	longer := map[string]tftypes.Value{"application_id": text(id), "display_name": text("two"), "overlap_days": tftypes.NewValue(tftypes.Number, 9)}
	if third := follows("overlap changed", s.apply(t, rotated, longer)); !third.Equal(second) {
		t.Error("another overlap rotated the secret")
	}
}
