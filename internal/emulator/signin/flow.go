package signin

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// flow is one person's sign-in, from the first page to the last.
type flow struct {
	stage    stage
	at       directory // what the address named
	clientID string
	appName  string
	hint     string // the user name to start with
	asOf     time.Time
	account  tenant.Account
	methods  []string
	purpose  purpose
}

// stage is what the person is asked next; its text names the form of the page.
type stage string

const (
	stageUser     stage = "user"
	stagePassword stage = "password"
	stageFactor   stage = "factor"
	stageConsent  stage = "consent"
)

// purpose is what a sign-in is for: an authorization code, a device, or an administrator's consent.
type purpose interface {
	// consent says what the signed-in person has to agree to, if anything.
	consent(x *exchange, f flow, c *client, in directory) (consentRequest, *Error)
	// finish ends a sign-in that succeeded.
	finish(x *exchange, f flow, in directory) error
	// fail delivers a refusal to whoever waits for the sign-in.
	fail(x *exchange, e *Error) error
	// declined is the refusal when the person says no.
	declined() *Error
}

// consentRequest is the question on the consent page.
type consentRequest struct {
	lines        []permission
	grants       []grant
	roles        []role
	organization bool // only the whole organisation can be consented for
}

func (r consentRequest) nothing() bool { return len(r.lines) == 0 }

// role is an application permission to be assigned.
type role struct{ resourceID, resourceName, roleID string }

// login takes what a page of the sign-in sends.
func login(x *exchange) error {
	form, err := x.post()
	if err != nil {
		return err
	}
	f, ok := x.h.flows.take(form.Get("flow"), x.now)
	if !ok {
		return errMalformed()
	}
	switch f.stage {
	case stageUser:
		return x.userNamed(f, strings.TrimSpace(form.Get("username")))
	case stagePassword:
		var refusal *Error
		if f.account, refusal = x.h.account(f.account.UserName, f.at); refusal != nil {
			return refusal.onPage()
		}
		if refusal := x.h.checkPassword(f.account, form.Get("password")); refusal != nil {
			return x.ask(f, refusal)
		}
		f.methods = []string{methodPassword}
		if f.account.SecondFactor != "" {
			f.stage = stageFactor
			return x.ask(f, nil)
		}
		return x.signedIn(f)
	case stageFactor:
		if f.account.SecondFactor != strings.TrimSpace(form.Get("code")) {
			return x.ask(f, errWrongSecondFactor())
		}
		f.methods = []string{methodPassword, methodFactor}
		return x.signedIn(f)
	case stageConsent:
		return x.answered(f, form)
	}
	return errMalformed()
}

func (x *exchange) userNamed(f flow, name string) error {
	account, refusal := x.h.account(name, f.at)
	if refusal != nil {
		return x.ask(f, refusal)
	}
	c, refusal := x.h.client(f.clientID, f.at, f.asOf)
	if refusal != nil {
		return f.purpose.fail(x, refusal)
	}
	if _, refusal := x.h.userTenant(f.at, c, account); refusal != nil {
		return x.ask(f, refusal)
	}
	f.account, f.hint, f.stage, f.asOf = account, name, stagePassword, c.asOf
	return x.ask(f, nil)
}

// signedIn goes on to consent, or to the end when nothing is left to ask. Who isn't let in by a policy is told so on the
// page, and nobody else is.
func (x *exchange) signedIn(f flow) error {
	if refusal := conditions(x.h.cloud.Latest(), f.account, f.methods, ""); refusal != nil {
		return refusal.onPage()
	}
	request, _, in, refusal := x.consentFor(&f)
	if refusal != nil {
		return f.purpose.fail(x, refusal)
	}
	if request.nothing() {
		return f.purpose.finish(x, f, in)
	}
	f.stage = stageConsent
	return x.askConsent(f, in, request)
}

func (x *exchange) consentFor(f *flow) (consentRequest, *client, directory, *Error) {
	c, refusal := x.h.client(f.clientID, f.at, f.asOf)
	if refusal != nil {
		return consentRequest{}, nil, directory{}, refusal
	}
	f.asOf = c.asOf
	in, refusal := x.h.userTenant(f.at, c, f.account)
	if refusal != nil {
		return consentRequest{}, nil, directory{}, refusal
	}
	request, refusal := f.purpose.consent(x, *f, c, in)
	return request, c, in, refusal
}

// answered records consent and ends the sign-in.
func (x *exchange) answered(f flow, form url.Values) error {
	if form.Get("action") != "accept" {
		return f.purpose.fail(x, f.purpose.declined())
	}
	request, c, in, refusal := x.consentFor(&f)
	if refusal != nil {
		return f.purpose.fail(x, refusal)
	}
	userID := f.account.ObjectID
	if request.organization || f.account.Administrator && form.Get("organization") == "true" {
		userID = ""
	}
	if err := x.h.cloud.Update(func(tx *tenant.Tx) error {
		principalID, err := writeConsent(tx, c, in.ID, userID, request.grants)
		if err != nil {
			return err
		}
		return writeRoles(tx, c, in.ID, principalID, request.roles)
	}); err != nil {
		return err
	}
	// The sign-in goes on with the consent that it just wrote, whatever other replicas know by now.
	f.asOf = x.h.now()
	return f.purpose.finish(x, f, in)
}

// writeRoles assigns application permissions that the service principal doesn't hold yet.
func writeRoles(tx *tenant.Tx, c *client, tenantID, principalID string, roles []role) error {
	held := tx.Find(tenantID, tenant.AppRoleAssignment, func(d tenant.Doc) bool { return d.String("principalId") == principalID })
	for _, r := range roles {
		if slices.ContainsFunc(held, func(d tenant.Doc) bool {
			return d.String("appRoleId") == r.roleID && d.String("resourceId") == r.resourceID
		}) {
			continue
		}
		// The id of an assignment has the form of a grant's: the principal's bytes, then sixteen of its own.
		id, err := tenant.GrantID(principalID, tx.NewID("consented role", principalID, r.resourceID, r.roleID), "")
		if err != nil {
			return err
		}
		tx.Put(tenantID, tenant.AppRoleAssignment, tenant.Doc{
			"id": id, "deletedDateTime": nil, "appRoleId": r.roleID, "createdDateTime": tx.Now(), "principalDisplayName": c.name,
			"principalId": principalID, "principalType": "ServicePrincipal", "resourceDisplayName": r.resourceName, "resourceId": r.resourceID,
		})
	}
	return nil
}

// userConsent is what a sign-in that asks for scopes needs from its user; again asks even for what is granted.
func (x *exchange) userConsent(f flow, c *client, in directory, a asked, again bool) (consentRequest, *Error) {
	v, refusal := x.weigh(c, in, a, f.account.ObjectID)
	if refusal != nil {
		return consentRequest{}, c.toldToPeople(refusal, in, a.resource)
	}
	if again {
		v.granted, v.missing, v.missingOIDC = nil, nil, nil
		if refusal := v.lackNames(); refusal != nil {
			return consentRequest{}, c.toldToPeople(refusal, in, a.resource)
		}
		v.lackOIDC(nil, true)
	}
	if names := v.administratorOnly(x.h.reading().RecommendedSparesOwn); len(names) > 0 && !f.account.Administrator {
		return consentRequest{}, errAdministratorNeeded(c.name, names)
	}
	if !v.needsConsent() {
		return consentRequest{}, nil
	}
	var request consentRequest
	request.grants = v.grants()
	for i, r := range []resource{v.resource, v.graph} {
		request.lines = append(request.lines, r.describe(request.grants[i].names)...)
	}
	return request, nil
}
