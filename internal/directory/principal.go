package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipalswithappid"
)

// ServicePrincipalSpec is what a configuration says of a service principal.
type ServicePrincipalSpec struct {
	ClientID                  string
	AccountEnabled            bool
	AppRoleAssignmentRequired bool
	Notes                     string
	Tags                      []string
}

// ServicePrincipal is an application's identity in this tenant.
type ServicePrincipal struct {
	ServicePrincipalSpec // Tags without those of the application, as far as they are known, and without our marker
	ID, DisplayName      string
	ApplicationTenantID  string // appOwnerOrganizationId
	SignInAudience       string
	Secrets              []Secret
	Certificates         []Certificate
	CreatedAt            time.Time

	// InheritedTags are the application's and our marker, which Graph shows among the service principal's.
	InheritedTags []string
	// Foreign says that the application lives in another tenant. Its tags can't be read, and so they are among Tags.
	Foreign bool
	// Previous is what CreateServicePrincipal found in one that it took over or restored, and nil otherwise.
	Previous Properties

	createdBy string // client id, "" where Graph doesn't say
}

// MicrosoftTenantID owns Microsoft's first-party applications.
const MicrosoftTenantID = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"

// ServicePrincipalFields says which values a configuration names.
type ServicePrincipalFields struct{ AccountEnabled, AppRoleAssignmentRequired, Notes, Tags bool }

// CreateServicePrincipal makes the service principal of an application. Graph: POST /servicePrincipals. When there is
// one already: KindExists, or with adopt it is taken over (only configured values are written; see owned). A deleted one
// that still holds the client id is restored and given all values of spec, which is as good as new.
func (c *Client) CreateServicePrincipal(ctx context.Context, spec ServicePrincipalSpec, owned ServicePrincipalFields, adopt bool) (sp *ServicePrincipal, adopted bool, err error) {
	unlock, err := c.locks.lock(ctx, "service principal of "+spec.ClientID)
	if err != nil {
		return nil, false, c.fail(opCreatePrincipal, spec.ClientID, err)
	}
	defer unlock()
	made, revived, held, err := c.postPrincipal(ctx, spec)
	switch {
	case err != nil:
		return nil, false, err
	case made != nil:
		c.principals.created(made.ID, made)
		sp, err := c.settlePrincipal(ctx, made)
		return sp, false, err
	case revived != nil:
		sp, err := c.patchPrincipal(ctx, revived, spec, ServicePrincipalFields{AccountEnabled: true, AppRoleAssignmentRequired: true, Notes: true, Tags: true})
		if err != nil {
			return revived, false, err
		}
		sp, err = c.settlePrincipal(ctx, sp)
		sp.Previous = revived.Properties()
		return sp, false, err
	case !adopt:
		return nil, false, &Error{
			Kind: KindExists, Op: opCreatePrincipal.name, Object: spec.ClientID, Endpoint: c.endpoint,
			Message: "the application has a service principal already", Candidates: []Candidate{held.candidate()},
		}
	}
	// With an error one that was there before is not returned: recorded as half-made, the next apply would delete it.
	sp, err = c.updatePrincipal(ctx, held, held.ServicePrincipalSpec, held.overlay(spec, owned))
	if err != nil {
		return nil, false, err
	}
	sp.Previous = held.Properties()
	return sp, true, nil
}

// overlay is what a service principal holds once the configured values are written to it.
func (s ServicePrincipalSpec) overlay(spec ServicePrincipalSpec, owned ServicePrincipalFields) ServicePrincipalSpec {
	if owned.AccountEnabled {
		s.AccountEnabled = spec.AccountEnabled
	}
	if owned.AppRoleAssignmentRequired {
		s.AppRoleAssignmentRequired = spec.AppRoleAssignmentRequired
	}
	if owned.Notes {
		s.Notes = spec.Notes
	}
	if owned.Tags {
		s.Tags = spec.Tags
	}
	return s
}

// postPrincipal creates the service principal, or finds the one that there is, live or deleted. The client id is a
// natural key, so the request may be sent again when its reply was lost; what then holds the key is ours when it is as
// young as the request.
func (c *Client) postPrincipal(ctx context.Context, spec ServicePrincipalSpec) (made, revived, held *ServicePrincipal, err error) {
	body := principalBody(spec)
	own, err := c.claims(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	began, lost, odd := time.Now(), false, strangers(0)
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	_, err = await(bounded, c, wait{opCreatePrincipal, spec.ClientID, "replicas to know the application"}, func(ctx context.Context) (struct{}, error) {
		m, err := c.principalsBuilder().Post(ctx, body, nil)
		if err = created(identified(m, err)); err == nil {
			made = c.fromPrincipal(ctx, m)
			return struct{}{}, nil
		}
		failure := c.fail(opCreatePrincipal, spec.ClientID, err)
		lost = lost || KindOf(failure) == KindAmbiguous
		if KindOf(failure) == KindConflict {
			got, err := c.ServicePrincipalByClientID(ctx, spec.ClientID)
			if held = got; err == nil {
				return struct{}{}, nil
			}
			switch KindOf(err) {
			case KindNotGraph:
				return struct{}{}, err
			case KindNotFound:
				if revived, err = c.revivePrincipal(ctx, spec.ClientID); revived != nil || err != nil {
					return struct{}{}, err
				}
			}
		}
		return struct{}{}, failure
	}, func(_ struct{}, err error) bool {
		return odd.enough(err) || c.principalRefused(err, spec.ClientID, own)
	})
	if err != nil && lost && ctx.Err() != nil {
		// Interrupted before the lost reply could be cleared up: what was made is to be recorded all the same.
		look, cancel := c.afterwards(ctx, c.bounds.Missing)
		defer cancel()
		if got, lookErr := c.ServicePrincipalByClientID(look, spec.ClientID); lookErr == nil {
			held, err = got, nil
		}
	}
	if err != nil {
		return nil, nil, nil, refused(err)
	}
	if lost && held != nil && held.madeAs(spec, c.byGraph(began), own) {
		return held, nil, nil, nil
	}
	return made, revived, held, nil
}

// madeAs tells whether a service principal is what a lost request has made: as young, by us, and with the content sent.
// Another one was made by somebody else at the same moment.
func (s *ServicePrincipal) madeAs(sent ServicePrincipalSpec, since time.Time, own claims) bool {
	return !s.CreatedAt.Before(since) && (s.createdBy == "" || s.createdBy == own.ClientID) &&
		s.AccountEnabled == sent.AccountEnabled && s.AppRoleAssignmentRequired == sent.AppRoleAssignmentRequired && s.Notes == sent.Notes &&
		len(without(sent.Tags, slices.Concat(s.Tags, s.InheritedTags))) == 0
}

// principalRefused tells whether sending the request again would be answered the same way.
func (c *Client) principalRefused(err error, clientID string, own claims) bool {
	switch KindOf(err) {
	case KindAmbiguous:
		return false
	case KindConflict:
		return false // what holds the client id will be readable in a while
	case KindInvalid:
		// A replica that lags does not know the application yet, or takes it for deleted.
		return !errorOf(err).hasDetail("NoBackingApplicationObject") || c.lately(clientID, err) == ""
	case KindForbidden:
		// To a caller that may write only what it owns, an application that is not replicated yet is a foreign one.
		id := c.lately(clientID, err)
		return !own.onlyOwned() || id == "" || !c.applications.madeByUs(id)
	}
	return true
}

// lately tells of a refusal the object id of the application with a client id, if there is proof of it so recent that a
// replica may not know it yet; else "".
func (c *Client) lately(clientID string, refusal error) string {
	id := c.applications.find(withClientID(clientID))
	if id == "" || c.applications.believes404(id, refusal) {
		return ""
	}
	return id
}

// settlePrincipal waits for one good read on the path that the next caller uses.
func (c *Client) settlePrincipal(ctx context.Context, made *ServicePrincipal) (*ServicePrincipal, error) {
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	sp, err := await(bounded, c, wait{opCreatePrincipal, made.ID, "the new service principal to be readable"}, func(ctx context.Context) (*ServicePrincipal, error) {
		return c.ServicePrincipal(ctx, made.ID)
	}, func(_ *ServicePrincipal, err error) bool { return KindOf(err) != KindNotFound })
	if err != nil {
		return made, c.unsettled(opCreatePrincipal, made.ID, "the new service principal to be readable", err)
	}
	return sp, nil
}

// ServicePrincipal reads one by object id. Graph: GET /servicePrincipals/{id}.
func (c *Client) ServicePrincipal(ctx context.Context, id string) (*ServicePrincipal, error) {
	return read(ctx, c, &c.principals, opReadPrincipal, id, func(ctx context.Context) (*ServicePrincipal, error) {
		m, err := c.principalsBuilder().ByServicePrincipalId(id).Get(ctx, nil)
		return c.principal(ctx, m, err)
	})
}

// ServicePrincipalByClientID reads one by application (client) id. Graph: GET /servicePrincipals(appId='…').
func (c *Client) ServicePrincipalByClientID(ctx context.Context, clientID string) (*ServicePrincipal, error) {
	key := keyOData(clientID)
	sp, asked, err := share(ctx, &c.reads, "service principal of "+clientID, refreshFor, func(ctx context.Context) (*ServicePrincipal, error) {
		m, err := serviceprincipalswithappid.NewServicePrincipalsWithAppIdRequestBuilderInternal(c.pathParameters(), c.adapter, &key).Get(ctx, nil)
		return c.principal(ctx, m, err)
	})
	if err != nil {
		err = c.fail(opReadPrincipal, clientID, err)
		known := c.principals.having(func(sp *ServicePrincipal) bool { return strings.EqualFold(sp.ClientID, clientID) })
		if KindOf(err) == KindNotFound && len(known) > 0 {
			return c.ServicePrincipal(ctx, known[0].ID)
		}
		return nil, err
	}
	if c.principals.accept(sp.ID, sp, asked) {
		return sp.clone(), nil
	}
	if c.principals.deletedByUs(sp.ID) {
		return nil, &Error{Kind: KindNotFound, Op: opReadPrincipal.name, Object: clientID, Endpoint: c.endpoint, Message: "it was deleted a moment ago"}
	}
	return c.ServicePrincipal(ctx, sp.ID)
}

// UpdateServicePrincipal writes what differs between old and updated. Graph: PATCH /servicePrincipals/{id}.
func (c *Client) UpdateServicePrincipal(ctx context.Context, id string, old, updated ServicePrincipalSpec) (*ServicePrincipal, error) {
	unlock, err := c.locks.lock(ctx, id)
	if err != nil {
		return nil, c.fail(opUpdatePrincipal, id, err)
	}
	defer unlock()
	before := c.principals.known(id, freshFor)
	if before == nil {
		if before, err = c.ServicePrincipal(ctx, id); err != nil {
			return nil, err
		}
	}
	return c.updatePrincipal(ctx, before, old, updated)
}

func (c *Client) updatePrincipal(ctx context.Context, before *ServicePrincipal, old, updated ServicePrincipalSpec) (*ServicePrincipal, error) {
	changed := ServicePrincipalFields{
		AccountEnabled:            old.AccountEnabled != updated.AccountEnabled,
		AppRoleAssignmentRequired: old.AppRoleAssignmentRequired != updated.AppRoleAssignmentRequired,
		Notes:                     old.Notes != updated.Notes,
		Tags:                      !sameSet(old.Tags, updated.Tags),
	}
	if changed == (ServicePrincipalFields{}) {
		return before, nil
	}
	return c.patchPrincipal(ctx, before, updated, changed)
}

// patchPrincipal writes some of the values, whatever they were.
func (c *Client) patchPrincipal(ctx context.Context, before *ServicePrincipal, updated ServicePrincipalSpec, fields ServicePrincipalFields) (*ServicePrincipal, error) {
	body := models.NewServicePrincipal()
	if fields.AccountEnabled {
		body.SetAccountEnabled(&updated.AccountEnabled)
	}
	if fields.AppRoleAssignmentRequired {
		body.SetAppRoleAssignmentRequired(&updated.AppRoleAssignmentRequired)
	}
	if fields.Notes {
		if body.GetAdditionalData()["notes"] = any(updated.Notes); updated.Notes == "" {
			body.GetAdditionalData()["notes"] = nil
		}
	}
	if fields.Tags {
		body.SetTags(orEmpty(updated.Tags))
	}
	after := before.clone()
	after.ServicePrincipalSpec = before.overlay(updated, fields)
	if before.Foreign {
		after.Tags = slices.Concat(after.Tags, without(before.Tags, after.Tags)) // they may be the application's, and then stay
	}
	err := c.untilKnown(ctx, opUpdatePrincipal, before.ID, c.principals.believes404, func(ctx context.Context) error {
		_, err := c.principalsBuilder().ByServicePrincipalId(before.ID).Patch(ctx, body, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.principals.wrote(before.ID, before, after)
	return after, nil
}

// DeleteServicePrincipal deletes a service principal and waits until it is gone. An absent one is success.
// Graph: DELETE /servicePrincipals/{id}.
func (c *Client) DeleteServicePrincipal(ctx context.Context, id string) error {
	unlock, err := c.locks.lock(ctx, id)
	if err != nil {
		return c.fail(opDeletePrincipal, id, err)
	}
	defer unlock()
	item := c.principalsBuilder().ByServicePrincipalId(id)
	known := c.principals.known(id, anyAge)
	deletion := removal{
		op: opDeletePrincipal, id: id, believes404: c.principals.believes404, everywhere: known != nil && c.everywhere(known.CreatedAt),
		send: func(ctx context.Context) error { return item.Delete(ctx, nil) },
		look: func(ctx context.Context) error { return identified(item.Get(ctx, nil)) },
	}
	found, err := c.remove(ctx, deletion)
	if err != nil {
		return err
	}
	c.principals.removed(id)
	if !found {
		return nil
	}
	return c.untilGone(ctx, deletion)
}

func (c *Client) principalsBuilder() *serviceprincipals.ServicePrincipalsRequestBuilder {
	return serviceprincipals.NewServicePrincipalsRequestBuilderInternal(c.pathParameters(), c.adapter)
}
