package provider

import (
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

func nullSet() types.Set { return types.SetNull(types.StringType) }

// Null and empty mean the same, and state keeps the one that the configuration wrote.
func TestKeepSpelling(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		prior types.Set
		graph []string
		want  types.Set
	}{
		{"null stays null", nullSet(), nil, nullSet()},
		{"empty stays empty", stringSet(nil), nil, stringSet(nil)},
		{"unknown becomes null", types.SetUnknown(types.StringType), nil, nullSet()},
		{"removed by others reads as null", stringSet([]string{"a"}), nil, nullSet()},
		{"added by others shows", nullSet(), []string{"a"}, stringSet([]string{"a"})},
		{"added to an empty one shows", stringSet(nil), []string{"a"}, stringSet([]string{"a"})},
	} {
		if got := keepSet(c.prior, c.graph); !got.Equal(c.want) {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		prior types.Bool
		graph bool
		want  types.Bool
	}{
		{types.BoolNull(), false, types.BoolNull()},
		{types.BoolValue(false), false, types.BoolValue(false)},
		{types.BoolValue(true), false, types.BoolValue(false)},
		{types.BoolNull(), true, types.BoolValue(true)},
	} {
		if got := keepBool(c.prior, c.graph); !got.Equal(c.want) {
			t.Errorf("keepBool(%s, %t) is %s, want %s", c.prior, c.graph, got, c.want)
		}
	}
}

func TestKeepSpellingOfObjects(t *testing.T) {
	t.Parallel()
	null := types.ObjectNull(redirectURIsType())
	allNull := types.ObjectValueMust(redirectURIsType(), map[string]attr.Value{"web": nullSet(), "spa": nullSet(), "public_client": nullSet()})
	emptyWeb := types.ObjectValueMust(redirectURIsType(), map[string]attr.Value{"web": stringSet(nil), "spa": nullSet(), "public_client": nullSet()})
	webOnly := types.ObjectValueMust(redirectURIsType(), map[string]attr.Value{"web": stringSet([]string{"https://a.example"}), "spa": nullSet(), "public_client": nullSet()})
	for _, c := range []struct {
		name        string
		prior, want types.Object
		graph       directory.RedirectURIs
	}{
		{"null", null, null, directory.RedirectURIs{}},
		{"{}", allNull, allNull, directory.RedirectURIs{}},
		{"{ web = [] }", emptyWeb, emptyWeb, directory.RedirectURIs{}},
		{"added in the portal", null, webOnly, directory.RedirectURIs{Web: []string{"https://a.example"}}},
		{"unchanged", webOnly, webOnly, directory.RedirectURIs{Web: []string{"https://a.example"}}},
		{"unknown after an import", types.ObjectUnknown(redirectURIsType()), webOnly, directory.RedirectURIs{Web: []string{"https://a.example"}}},
	} {
		if got := redirectURIsFrom(t.Context(), c.prior, c.graph); !got.Equal(c.want) {
			t.Errorf("redirect URIs, %s: got %s, want %s", c.name, got, c.want)
		}
	}
	grantNull := types.ObjectNull(implicitGrantType())
	idTokens := types.ObjectValueMust(implicitGrantType(), map[string]attr.Value{"access_tokens": types.BoolNull(), "id_tokens": types.BoolValue(true)})
	if got := implicitGrantFrom(t.Context(), grantNull, directory.ImplicitGrant{}); !got.Equal(grantNull) {
		t.Errorf("no implicit grant reads as %s", got)
	}
	if got := implicitGrantFrom(t.Context(), grantNull, directory.ImplicitGrant{IDTokens: true}); !got.Equal(idTokens) {
		t.Errorf("ID tokens that were switched on in the portal read as %s", got)
	}
}

// What is written and what is read are the same, whatever the empty parts were spelled like.
func TestApplicationMapsBothWays(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	model := applicationModel{
		DisplayName: types.StringValue("Mail import"), SignInAudience: types.StringValue(audienceMultipleOrgs),
		Description: types.StringNull(), Notes: types.StringValue("n"), ServiceManagementReference: types.StringValue("CMDB-1"),
		Tags:          stringSet([]string{"b", "a"}),
		RedirectURIs:  redirectURIsFrom(ctx, types.ObjectNull(redirectURIsType()), directory.RedirectURIs{SPA: []string{"https://spa.example"}}),
		HomepageURL:   types.StringValue("https://h.example"),
		LogoutURL:     types.StringNull(),
		ImplicitGrant: implicitGrantFrom(ctx, types.ObjectNull(implicitGrantType()), directory.ImplicitGrant{AccessTokens: true}),
		Owners:        nullSet(), UniqueName: types.StringValue("u"),
	}
	spec := model.toDirectory(ctx)
	read := model
	read.fromDirectory(ctx, publicSession(), &directory.Application{
		ApplicationSpec: spec, ID: "object", ClientID: "client", PublisherDomain: "contoso.example", CreatedAt: epoch.Add(300 * time.Millisecond),
	}, "tenant")
	again := read.toDirectory(ctx)
	if got, want := properties(again), properties(spec); !mapsEqual(got, want) {
		t.Errorf("read back as\n%v\nwant\n%v", got, want)
	}
	for what, pair := range map[string][2]string{
		"created_at": {read.CreatedAt.ValueString(), "2026-11-20T12:00:00Z"},
		"token_url":  {read.TokenURL.ValueString(), "https://login.example/organizations/oauth2/v2.0/token"},
		"client_id":  {read.ClientID.ValueString(), "client"},
		"tenant_id":  {read.TenantID.ValueString(), "tenant"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
		}
	}
	if !read.Description.IsNull() || !read.LogoutURL.IsNull() {
		t.Error("what Graph doesn't hold must read as null")
	}
}

func mapsEqual(a, b directory.Properties) bool {
	for k := range a {
		if a[k] != b[k] {
			return false
		}
	}
	return len(a) == len(b)
}

// A secret keeps the configuration's spelling of its end, and counts its generation in seconds.
func TestSecretFromDirectory(t *testing.T) {
	t.Parallel()
	m := clientSecretModel{EndDate: types.StringValue("2027-01-01T01:00:00+01:00")}
	m.fromDirectory(&directory.Secret{KeyID: "k", Hint: "abc", Start: epoch, End: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)})
	if got := m.EndDate.ValueString(); got != "2027-01-01T01:00:00+01:00" {
		t.Errorf("the end is spelled %s", got)
	}
	if got := m.Generation.ValueInt64(); got != epoch.Unix() {
		t.Errorf("generation is %d, want %d", got, epoch.Unix())
	}
	m.fromDirectory(&directory.Secret{KeyID: "k", Start: epoch, End: epoch.AddDate(1, 0, 0)})
	if got := m.EndDate.ValueString(); got != "2027-11-20T12:00:00Z" {
		t.Errorf("another end reads as %s", got)
	}
}

func TestPermissionsFromDirectory(t *testing.T) {
	t.Parallel()
	api := &directory.API{ClientID: graphID, DisplayName: "Microsoft Graph", Scopes: []directory.Scope{
		{ID: "id-read", Name: "Mail.Read", Enabled: true}, {ID: "id-all", Name: "User.Read.All", Enabled: true, Admin: true},
	}}
	m := delegatedPermissionsModel{
		APIClientID: types.StringValue(graphID), ScopeIDs: stringMap(map[string]string{"Old.Name": "id-old"}), AdminConsentRequired: nullSet(),
	}
	app := &directory.Application{Permissions: []directory.APIPermissions{
		{APIClientID: "another", ScopeIDs: []string{"id-read"}},
		{APIClientID: graphID, ScopeIDs: []string{"id-all", "id-old", "id-unheard-of"}, RoleIDs: []string{"id-role"}},
	}}
	withdrawn := m.fromDirectory(app, api)
	if got, want := texts(m.Scopes), []string{"Old.Name", "User.Read.All", "id-unheard-of"}; !slices.Equal(got, want) {
		t.Errorf("scopes are %q, want %q", got, want)
	}
	if got, want := texts(m.AdminConsentRequired), []string{"User.Read.All"}; !slices.Equal(got, want) {
		t.Errorf("an administrator is needed for %q, want %q", got, want)
	}
	if want := []string{"Old.Name"}; !slices.Equal(withdrawn, want) {
		t.Errorf("withdrawn are %q, want %q", withdrawn, want)
	}
	if withdrawn := m.fromDirectory(app, nil); len(withdrawn) != 0 {
		t.Errorf("without the API nothing is known to be withdrawn, got %q", withdrawn)
	}
}

const graphID = directory.MicrosoftGraphClientID

// An adopted service principal shows what the configuration names and no more.
func TestAdoptedServicePrincipalShowsWhatIsConfigured(t *testing.T) {
	t.Parallel()
	sp := &directory.ServicePrincipal{
		ServicePrincipalSpec: directory.ServicePrincipalSpec{ClientID: "C", AccountEnabled: false, AppRoleAssignmentRequired: true, Notes: "theirs", Tags: []string{"HideApp"}},
		ID:                   "object", ApplicationTenantID: "elsewhere",
	}
	adopted := servicePrincipalModel{Adopted: types.BoolValue(true), ClientID: types.StringValue("c"), Tags: stringSet([]string{"Mine"})}
	adopted.fromDirectory(sp)
	if !adopted.Notes.IsNull() || !adopted.AppRoleAssignmentRequired.IsNull() {
		t.Errorf("not configured, yet shown: notes %s, app_role_assignment_required %s", adopted.Notes, adopted.AppRoleAssignmentRequired)
	}
	if got := texts(adopted.Tags); !slices.Equal(got, []string{"HideApp"}) {
		t.Errorf("configured tags read as %q, so their drift is hidden", got)
	}
	if adopted.AccountEnabled.ValueBool() || adopted.ClientID.ValueString() != "c" {
		t.Errorf("account_enabled %s, client_id %s", adopted.AccountEnabled, adopted.ClientID)
	}
	ours := servicePrincipalModel{DisplayName: types.StringValue("Ours"), Adopted: types.BoolValue(false), Tags: nullSet()}
	ours.fromDirectory(sp)
	if ours.Notes.ValueString() != "theirs" || !ours.AppRoleAssignmentRequired.ValueBool() || len(texts(ours.Tags)) != 1 {
		t.Error("what someone adds to one of ours must show")
	}
}

// The application's tags are ignored, unless the configuration wants them for the service principal, too.
func TestTagsOfServicePrincipal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what              string
		own, inherited    []string
		foreign, imported bool
		configured, want  []string
	}{
		{"the application's", []string{"own"}, []string{"theirs"}, false, false, nil, []string{"own"}},
		{"shared with the application", []string{"own"}, []string{"theirs", "shared"}, false, false, []string{"shared"}, []string{"own", "shared"}},
		{"removed by others", nil, []string{"theirs"}, false, false, []string{"mine"}, nil},
		{"a foreign application's", []string{"mine", "theirs"}, nil, true, false, []string{"mine"}, []string{"mine"}},
		{"a foreign application's, removed by others", []string{"theirs"}, nil, true, false, []string{"mine"}, nil},
		{"a foreign application's, imported", []string{"mine", "theirs"}, nil, true, true, nil, []string{"mine", "theirs"}},
	} {
		sp := &directory.ServicePrincipal{ServicePrincipalSpec: directory.ServicePrincipalSpec{Tags: c.own}, InheritedTags: c.inherited, Foreign: c.foreign}
		m := servicePrincipalModel{Tags: stringSet(c.configured), DisplayName: types.StringValue("known")}
		if c.imported {
			m.DisplayName = types.StringNull()
		}
		m.fromDirectory(sp)
		if got := texts(m.Tags); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// An identity is the same however the configuration spells a GUID: Terraform takes a change for another object.
func TestIdentityIgnoresSpelling(t *testing.T) {
	t.Parallel()
	upper, want := types.StringValue("5B8B0A36-7F41-4D3C-9A1E-0F1D5C1A9A01"), types.StringValue(someID)
	secret, flag, permissions := clientSecretModel{ApplicationID: upper}, publicClientModel{ApplicationID: upper}, delegatedPermissionsModel{ApplicationID: upper}
	for resource, got := range map[string]types.String{
		"secret": secret.identity().ApplicationID, "flag": flag.identity().ApplicationID, "permissions": permissions.identity().ApplicationID,
	} {
		if !got.Equal(want) {
			t.Errorf("%s: %s, want %s", resource, got, want)
		}
	}
}
