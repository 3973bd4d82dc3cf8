package signin

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// The tenant segments that name no single tenant.
const (
	aliasCommon        = "common"
	aliasOrganizations = "organizations"
	aliasConsumers     = "consumers"
)

// The values of signInAudience.
const (
	audienceMyOrg    = "AzureADMyOrg"
	audienceMultiple = "AzureADMultipleOrgs"
	audienceBoth     = "AzureADandPersonalMicrosoftAccount"
	audiencePersonal = "PersonalMicrosoftAccount"
)

// directory is what the tenant segment of an address names: one tenant, or an alias for many. The tenant of personal
// accounts is both.
type directory struct {
	tenant.TenantInfo
	alias string
}

var domainName = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)

// adfsPath is the segment by which a federation server is addressed.
const adfsPath = "adfs"

// directory is what the address names. A federation server is the main tenant's.
func (x *exchange) directory() (directory, *Error) {
	segment := x.r.PathValue("tenant")
	if strings.HasPrefix(x.r.URL.Path, "/"+adfsPath+"/") {
		segment = x.h.cloud.Seeded().TenantID
	}
	return x.h.directory(segment)
}

func (h *Handler) directory(segment string) (directory, *Error) {
	switch alias := strings.ToLower(segment); alias {
	case aliasCommon, aliasOrganizations:
		return directory{alias: alias}, nil
	case aliasConsumers:
		segment = tenant.ConsumersTenantID
	}
	if info, ok := h.cloud.Tenant(segment); ok {
		d := directory{TenantInfo: info}
		if info.ID == tenant.ConsumersTenantID {
			d.alias = aliasConsumers
		}
		return d, nil
	}
	if uuid.Validate(segment) == nil || domainName.MatchString(segment) {
		return directory{}, errTenantNotFound(segment)
	}
	return directory{}, errTenantMalformed(segment)
}

// segment is how the directory is written into addresses.
func (d directory) segment() string {
	if d.ID != "" {
		return d.ID
	}
	return d.alias
}

// name is how a refusal names the directory.
func (d directory) name() string {
	if d.DisplayName != "" {
		return d.DisplayName
	}
	return d.alias
}

// client is an application as a replica knows it.
type client struct {
	id, name     string
	app          tenant.Doc
	homeTenantID string
	view         *tenant.View
	asOf         time.Time
}

// client finds an application and checks that it may be used at this directory at all.
func (h *Handler) client(id string, d directory, notBefore time.Time) (*client, *Error) {
	view, asOf := h.view(strings.ToLower(id), notBefore)
	home, app, ok := view.ApplicationByClientID(strings.ToLower(id))
	if !ok {
		return nil, errUnknownApplication(id, d.name())
	}
	c := &client{id: app.String("appId"), name: app.String("displayName"), app: app, homeTenantID: home, view: view, asOf: asOf}
	return c, c.usableAt(d)
}

// usableAt applies the application's signInAudience.
func (c *client) usableAt(d directory) *Error {
	audience := c.app.String("signInAudience")
	switch {
	case c.app.Bool("isDisabled"):
		return errApplicationDisabled(c.id, c.name)
	case d.alias == aliasConsumers && !c.takesPersonal():
		return errWorkAccountsOnly(c.id, c.name)
	case d.alias == aliasConsumers || d.alias == aliasCommon && c.takesPersonal():
		return nil
	case audience == audiencePersonal:
		return errPersonalAccountsOnly(c.id, c.name)
	case audience != audienceMyOrg || d.ID == c.homeTenantID:
		return nil
	case d.alias != "":
		return errNotMultiTenant(c.id, c.name, c.app.Time("createdDateTime").UTC().Format("1/2/2006 3:04:05 PM"))
	default:
		return errUnknownApplication(c.id, d.name())
	}
}

func (c *client) takesPersonal() bool {
	return slices.Contains([]string{audienceBoth, audiencePersonal}, c.app.String("signInAudience"))
}

// principal finds the client's service principal in a tenant. It refuses one that is switched off.
func (c *client) principal(tenantID string) (sp tenant.Doc, ok bool, refusal *Error) {
	sp, ok = c.view.ServicePrincipalByClientID(tenantID, c.id)
	if ok && sp["accountEnabled"] == false {
		return nil, false, errApplicationDisabled(c.id, c.name)
	}
	return sp, ok, nil
}

// userTenant is the tenant in which an account signs in to the client at this directory.
func (h *Handler) userTenant(d directory, c *client, a tenant.Account) (directory, *Error) {
	home, refusal := h.directory(a.TenantID)
	if refusal != nil {
		return directory{}, refusal
	}
	switch {
	case d.ID == home.ID:
		return home, nil
	case d.ID != "", a.Personal && (d.alias != aliasCommon || !c.takesPersonal()):
		return directory{}, errUserElsewhere(a.UserName, d.name())
	}
	return home, c.usableAt(home)
}

// switchedOff tells whether the directory has disabled an account.
func (h *Handler) switchedOff(a tenant.Account) bool {
	user, ok := h.cloud.Latest().Get(a.TenantID, tenant.User, a.ObjectID)
	return ok && user["accountEnabled"] == false
}

// hasUser tells whether the directory still has an account's user object.
func (h *Handler) hasUser(a tenant.Account) bool {
	_, ok := h.cloud.Latest().Get(a.TenantID, tenant.User, a.ObjectID)
	return ok
}

// account finds who signs in under a name.
func (h *Handler) account(userName string, d directory) (tenant.Account, *Error) {
	a, ok := h.cloud.Account(userName)
	if !ok || !h.hasUser(a) {
		return a, errUserNotFound(userName, d.name())
	}
	return a, nil
}
