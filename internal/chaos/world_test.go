package chaos_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// world is a tenant with what was there before Terraform came, and what others do meanwhile.
type world struct {
	*emulator.Emulator
	strangers map[string]bool   // ids of objects that are not Terraform's
	secrets   map[string]string // key ids of secrets that others have made, with their applications
	users     []string          // object ids
	partner   string            // client id of another tenant's application that has no service principal here
	adopted   string            // client id of another that has one
	scopeIDs  map[string]map[string]string
}

// apis are the client ids of the APIs that configurations name.
var apis = map[string]string{"Microsoft Graph": tenant.MicrosoftGraphClientID, "Office 365 Exchange Online": tenant.ExchangeOnlineClientID}

// scopeNames are the delegated permissions that configurations name.
var scopeNames = []string{"User.Read", "offline_access", "Mail.Read", "Mail.ReadWrite", "Mail.Send", "Calendars.Read", "IMAP.AccessAsUser.All", "SMTP.Send"}

func newWorld(t testing.TB, opts ...emulator.Option) *world {
	t.Helper()
	e, err := emulator.New(append([]emulator.Option{emulator.WithClock(time.Now)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Emulator: e, strangers: map[string]bool{}, secrets: map[string]string{}, scopeIDs: map[string]map[string]string{}}
	home := e.Facts().TenantID
	for _, a := range e.Accounts() {
		if a.TenantID == home {
			w.users = append(w.users, a.ObjectID)
		}
	}
	w.partner, w.adopted = w.foreign(t, "Partner portal"), w.foreign(t, "Partner reports")
	if _, err := e.Create(tenant.ServicePrincipal, tenant.Doc{"appId": w.adopted}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Create(tenant.Application, tenant.Doc{"displayName": "Application 2"}); err != nil { // a namesake
		t.Fatal(err)
	}
	for _, kind := range []tenant.Kind{tenant.Application, tenant.ServicePrincipal, tenant.Grant} {
		for _, d := range e.Objects(kind) {
			w.strangers[d.String("id")] = true
		}
	}
	for name, clientID := range apis {
		w.scopeIDs[name] = w.trim(t, clientID)
	}
	return w
}

// trim leaves an API with the scopes that configurations name, and gives their ids: a real catalogue takes longer to read
// than all the rest of a short life.
func (w *world) trim(t testing.TB, clientID string) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for _, sp := range w.Objects(tenant.ServicePrincipal) {
		if sp.String("appId") != clientID {
			continue
		}
		err := w.Change(sp.String("id"), func(d tenant.Doc) {
			kept := []any{}
			for _, scope := range d.Docs("oauth2PermissionScopes") {
				if name := scope.String("value"); slices.Contains(scopeNames, name) {
					ids[name], kept = scope.String("id"), append(kept, scope)
				}
			}
			d["oauth2PermissionScopes"] = kept
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// foreign makes an application in another tenant that anybody may use.
func (w *world) foreign(t testing.TB, name string) (clientID string) {
	t.Helper()
	home := w.Facts().TenantID
	for _, other := range w.Cloud().Tenants() {
		if other.ID == home {
			continue
		}
		err := w.Cloud().UpdateEverywhere(func(tx *tenant.Tx) error {
			clientID = tx.NewID("client", name)
			app := tenant.NewApplication(tx.NewID("application", name), clientID, other.Domain, "", tx.Now())
			app["displayName"], app["signInAudience"] = name, "AzureADMultipleOrgs"
			tx.Put(other.ID, tenant.Application, app)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	return clientID
}

// findings is what a look through the emulator's own door finds wrong.
type findings struct {
	wrong []string
	extra map[string]string // by id, what there is too much
}

func (f *findings) add(format string, args ...any) {
	f.wrong = append(f.wrong, fmt.Sprintf(format, args...))
}

// toomuch notes an application or a secret that nobody accounts for.
func (f *findings) toomuch(id, format string, args ...any) {
	if f.extra == nil {
		f.extra = map[string]string{}
	}
	f.extra[id] = fmt.Sprintf(format, args...)
}

// none tells whether everything is as it should be.
func (f *findings) none() bool { return len(f.wrong)+len(f.extra) == 0 }

func (f *findings) String() string {
	return strings.Join(append(slices.Clone(f.wrong), slices.Collect(maps.Values(f.extra))...), "\n  ")
}

// unnamed lists what there is too much that no text of those told names.
func (f *findings) unnamed(told ...string) (out []string) {
	all := strings.Join(told, "\n")
	for id, what := range f.extra {
		if !strings.Contains(all, id) {
			out = append(out, what)
		}
	}
	return out
}

// differs compares a property that holds one value.
func (f *findings) differs(at, property string, want, got any) {
	if fmt.Sprint(want) != fmt.Sprint(got) {
		f.add("%s: %s is %v, configured %v", at, property, got, want)
	}
}

// sorted is a set for comparison.
func sorted(all []string) []string {
	out := slices.Clone(all)
	slices.Sort(out)
	return out
}

// check holds the tenant against a configuration that has been applied: each object as configured, nothing twice, nothing
// else. The state tells only which object belongs to which block.
func (w *world) check(tf *cli, config []*block) findings {
	var found findings
	accounted := map[string]bool{}
	for _, b := range config {
		o := tf.get(b.address)
		if o == nil || o.tainted {
			found.add("%s is not in the state, or tainted", b.address)
			continue
		}
		switch b.kind {
		case "appreg_application":
			id := texts(members(o.value)["id"])
			accounted[id] = true
			w.checkApplication(tf, b, id, config, &found)
		case "appreg_service_principal":
			id := texts(members(o.value)["id"])
			accounted[id] = true
			w.checkPrincipal(b, id, texts(members(o.value)["client_id"]), &found)
		case "appreg_admin_consent":
			id := texts(members(o.value)["id"])
			accounted[id] = true
			w.checkGrant(tf, b, id, &found)
		}
	}
	w.others(accounted, &found)
	w.deletions(tf, &found)
	return found
}

// others are objects that neither the configuration nor anybody else accounts for.
func (w *world) others(accounted map[string]bool, found *findings) {
	for _, kind := range []tenant.Kind{tenant.Application, tenant.ServicePrincipal, tenant.Grant} {
		for _, d := range w.Objects(kind) {
			switch id := d.String("id"); {
			case accounted[id], w.strangers[id]:
			case kind == tenant.Application:
				found.toomuch(id, "an application that nobody knows: %s %q, made %s", id, d.String("displayName"), d.String("createdDateTime"))
			default:
				found.add("a %s that nobody knows: %s %q", kind, id, d.String("displayName"))
			}
		}
	}
	for id := range w.strangers {
		if _, ok := w.Object(id); !ok {
			found.add("an object of somebody else's is gone: %s", id)
		}
	}
}

// deletions are applications among the deleted items that the state never held: what a create makes too much is purged.
func (w *world) deletions(tf *cli, found *findings) {
	for _, d := range w.Deleted(tenant.Application) {
		if id := d.String("id"); !tf.managed[id] && !w.strangers[id] {
			found.add("a deleted application that was never managed: %s %q", id, d.String("displayName"))
		}
	}
}

func (w *world) checkApplication(tf *cli, b *block, id string, config []*block, found *findings) {
	doc, ok := w.Object(id)
	if !ok {
		found.add("%s: the application %s is gone", b.address, id)
		return
	}
	for attribute, property := range map[string]string{
		"display_name": "displayName", "description": "description", "notes": "notes", "unique_name": "uniqueName",
	} {
		want, _ := b.values[attribute].(string)
		found.differs(b.address, property, want, doc.String(property))
	}
	audience, _ := b.values["sign_in_audience"].(string)
	if audience == "" {
		audience = "AzureADMyOrg"
	}
	found.differs(b.address, "signInAudience", audience, doc.String("signInAudience"))
	tags := slices.DeleteFunc(doc.Strings("tags"), func(tag string) bool { return strings.HasPrefix(tag, "appreg:") })
	if len(tags)+1 != len(doc.Strings("tags")) {
		found.add("%s: %d markers", b.address, len(doc.Strings("tags"))-len(tags))
	}
	found.differs(b.address, "tags", sorted(set(b, "tags")), sorted(tags))
	redirects, _ := b.values["redirect_uris"].(map[string]any)
	for platform, member := range map[string]string{"web": "web", "public_client": "publicClient"} {
		want, _ := redirects[platform].([]string)
		found.differs(b.address, member+".redirectUris", sorted(want), sorted(doc.Doc(member).Strings("redirectUris")))
	}
	for _, owner := range set(b, "owners") {
		if !slices.Contains(doc.Strings("owners"), owner) {
			found.add("%s: %s is no owner", b.address, owner)
		}
	}
	w.checkParts(tf, b, doc, config, found)
}

// checkParts looks at what other resources keep in the application: secrets, the flag, permissions.
func (w *world) checkParts(tf *cli, b *block, doc tenant.Doc, config []*block, found *findings) {
	secrets, flag := map[string]string{}, false
	var permissions, certificates, federated []string
	for _, part := range config {
		if of, _ := part.values["application_id"].(ref); of.address != b.address {
			continue
		}
		switch part.kind {
		case "appreg_client_secret":
			if o := tf.get(part.address); o != nil {
				secrets[texts(members(o.value)["key_id"])], _ = part.values["display_name"].(string)
				w.checkVault(part, o.value, found)
				if previous := texts(members(members(o.value)["previous"])["key_id"]); previous != "" {
					secrets[previous] = "" // in its overlap; the name was another one
				}
			}
		case "appreg_certificate":
			if o := tf.get(part.address); o != nil {
				certificates = append(certificates, texts(members(o.value)["key_id"]))
			}
		case "appreg_federated_credential":
			name, _ := part.values["name"].(string)
			subject, _ := part.values["subject"].(string)
			federated = append(federated, name+" "+subject)
		case "appreg_public_client":
			enabled, given := part.values["enabled"].(bool)
			flag = enabled || !given
		case "appreg_delegated_permissions":
			api := api(part)
			for _, name := range set(part, "scopes") {
				permissions = append(permissions, apis[api]+" Scope "+w.scopeIDs[api][name])
			}
		}
	}
	found.strangeCertificates(b.address, certificates, keyIDs(doc, "keyCredentials"))
	found.differs(b.address, "federated credentials", sorted(federated), sorted(subjects(doc)))
	found.differs(b.address, "isFallbackPublicClient", flag, doc.Bool("isFallbackPublicClient")) // unset means no
	var requested []string
	for _, r := range doc.Docs("requiredResourceAccess") {
		for _, a := range r.Docs("resourceAccess") {
			requested = append(requested, r.String("resourceAppId")+" "+a.String("type")+" "+a.String("id"))
		}
	}
	found.differs(b.address, "requiredResourceAccess", sorted(permissions), sorted(requested))
	w.checkSecrets(b, doc, secrets, found)
}

// checkVault holds the vault against a secret that went there: its newest version is the one in the state, and the value is
// nowhere else.
func (w *world) checkVault(b *block, value tftypes.Value, found *findings) {
	kv, _ := b.values["key_vault"].(map[string]any)
	if kv == nil {
		return
	}
	state := members(value)
	found.differs(b.address, "value in the state", "", texts(state["value"]))
	for _, s := range w.Vaults().Secrets() {
		if s.Name != kv["name"] {
			continue
		}
		newest := s.Versions[len(s.Versions)-1]
		found.differs(b.address, "key id in the vault", texts(state["key_id"]), newest.Tags["key-id"])
		found.differs(b.address, "version enabled", true, newest.Enabled)
		text, _ := w.Cloud().Secret(texts(state["key_id"]))
		found.differs(b.address, "value in the vault", text, newest.Value)
		return
	}
	found.add("%s: the vault holds no secret %v", b.address, kv["name"])
}

// checkSecrets compares the secrets of an application with those of the state, by key id, and with those of others.
func (w *world) checkSecrets(b *block, doc tenant.Doc, secrets map[string]string, found *findings) {
	others := 0
	for _, application := range w.secrets {
		if application == doc.String("id") {
			others++
		}
	}
	for _, s := range doc.Docs("passwordCredentials") {
		name, ours := secrets[s.String("keyId")]
		switch {
		case ours:
			if name != "" {
				found.differs(b.address, "a secret's name", name, s.String("displayName"))
			}
			delete(secrets, s.String("keyId"))
		case w.secrets[s.String("keyId")] != "":
			others--
		default:
			found.toomuch(s.String("keyId"), "%s: a secret that nobody knows: %s %q from %s", b.address, s.String("keyId"), s.String("displayName"), s.String("startDateTime"))
		}
	}
	for id := range secrets {
		found.add("%s: the secret %s is gone", b.address, id)
	}
	if others > 0 {
		found.add("%s: %d secrets that others have made are gone", b.address, others)
	}
}

func (f *findings) strangeCertificates(at string, want, held []string) {
	for _, id := range held {
		if !slices.Contains(want, id) {
			f.toomuch(id, "%s: a certificate that nobody knows: %s", at, id)
		}
	}
	for _, id := range want {
		if !slices.Contains(held, id) {
			f.add("%s: the certificate %s is gone", at, id)
		}
	}
}

func keyIDs(doc tenant.Doc, credentials string) (ids []string) {
	for _, d := range doc.Docs(credentials) {
		ids = append(ids, d.String("keyId"))
	}
	return ids
}

func subjects(doc tenant.Doc) (all []string) {
	for _, d := range doc.Docs("federatedIdentityCredentials") {
		all = append(all, d.String("name")+" "+d.String("subject"))
	}
	return all
}

func (w *world) checkPrincipal(b *block, id, clientID string, found *findings) {
	doc, ok := w.Object(id)
	if !ok {
		found.add("%s: the service principal %s is gone", b.address, id)
		return
	}
	found.differs(b.address, "appId", clientID, doc.String("appId"))
	found.differs(b.address, "notes", b.values["notes"] != nil, doc.String("notes") != "")
	if notes, ok := b.values["notes"].(string); ok {
		found.differs(b.address, "notes", notes, doc.String("notes"))
	}
	enabled, given := b.values["account_enabled"].(bool)
	found.differs(b.address, "accountEnabled", enabled || !given, doc.Bool("accountEnabled"))
	for _, tag := range set(b, "tags") {
		if !slices.Contains(doc.Strings("tags"), tag) {
			found.add("%s: the tag %s is missing", b.address, tag)
		}
	}
}

func (w *world) checkGrant(tf *cli, b *block, id string, found *findings) {
	doc, ok := w.Object(id)
	if !ok {
		found.add("%s: the grant %s is gone", b.address, id)
		return
	}
	of, _ := b.values["service_principal_id"].(ref)
	if sp := tf.get(of.address); sp != nil {
		found.differs(b.address, "clientId", texts(members(sp.value)["id"]), doc.String("clientId"))
	}
	found.differs(b.address, "principalId", b.values["principal_id"], doc["principalId"])
	found.differs(b.address, "scope", sorted(set(b, "scopes")), sorted(strings.Fields(doc.String("scope"))))
}

func set(b *block, attribute string) []string {
	all, _ := b.values[attribute].([]string)
	return all
}

func api(b *block) string {
	if name, ok := b.values["api"].(string); ok {
		return name
	}
	return "Microsoft Graph"
}
