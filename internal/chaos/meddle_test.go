package chaos_test

import (
	"fmt"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// later is how long after Terraform others act: longer than what they do would be taken for a replica that lags.
const later = 10 * time.Minute

// meddle is what other people do in the portal: they change, narrow, disable, remove and delete, and add something of
// their own that is to stay.
func (l *life) meddle() {
	l.Helper()
	l.begin("others meddle")
	time.Sleep(later)
	last := l.span.last()
	at := func(kind string) string { return fmt.Sprintf("%s.app%d", kind, l.span.first) }
	l.edit(at("appreg_application"), func(d tenant.Doc) {
		d["description"], d["requiredResourceAccess"], d["isFallbackPublicClient"] = "By hand.", []any{}, nil
	})
	l.edit(at("appreg_service_principal"), func(d tenant.Doc) { d["accountEnabled"], d["notes"] = !d.Bool("accountEnabled"), nil })
	l.edit(at("appreg_admin_consent"), func(d tenant.Doc) { d["scope"] = "User.Read Calendars.Read" })
	l.door(l.world.Delete(l.id("appreg_admin_consent.partner")))
	l.addSecret(l.id(at("appreg_application")))
	l.edit(fmt.Sprintf("appreg_application.app%d", last), func(d tenant.Doc) {
		kept := []any{}
		for _, s := range d.Docs("passwordCredentials") {
			if l.world.secrets[s.String("keyId")] != "" {
				kept = append(kept, s)
			}
		}
		d["passwordCredentials"] = kept
	})
	switch l.random.IntN(3) {
	case 0:
		l.door(l.world.Delete(l.id(fmt.Sprintf("appreg_service_principal.app%d", last))))
	case 1:
		if last%4 != 3 && last != l.span.first { // What keeps a unique name without adopt_existing can't be made again.
			l.door(l.world.Delete(l.id(fmt.Sprintf("appreg_application.app%d", last))))
			l.failed = true
		}
	}
	time.Sleep(later)
}

// addSecret makes one like Terraform's, where there is room for it.
func (l *life) addSecret(application string) {
	l.Helper()
	app, _ := l.world.Object(application)
	if app.String("signInAudience") == "AzureADandPersonalMicrosoftAccount" && len(app.Docs("passwordCredentials")) > 1 {
		return
	}
	keyID, _, err := l.world.AddSecret(application, "terraform", time.Now().AddDate(0, 1, 0))
	l.door(err)
	l.world.secrets[keyID] = application
}

// id is the object id of what an address stands for.
func (l *life) id(address string) string {
	l.Helper()
	o := l.tf.get(address)
	if o == nil {
		l.Fatalf("%s is not in the state", address)
	}
	return texts(members(o.value)["id"])
}

func (l *life) edit(address string, edit func(tenant.Doc)) {
	l.Helper()
	l.door(l.world.Change(l.id(address), edit))
}

func (l *life) door(err error) {
	l.Helper()
	if err != nil {
		l.Fatalf("by the emulator's own door: %v", err)
	}
}
