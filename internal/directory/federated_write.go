package directory

import (
	"context"
	"strings"
	"time"
)

// CreateFederatedCredential makes a federated identity credential. Its name, and its issuer with its subject, are unique
// in the application: when either is taken the error is KindExists and names the holder. A reply that was lost is
// recovered by the name. The result is non-nil from the moment that the credential exists. Graph: POST
// /applications/{id}/federatedIdentityCredentials.
func (c *Client) CreateFederatedCredential(ctx context.Context, applicationID string, spec FederatedSpec) (*FederatedCredential, error) {
	made, err := c.createFederated(ctx, applicationID, spec)
	if err != nil {
		return nil, err
	}
	// Not under the lock: those who wait for it have a request to send, and all can look at one list.
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	if _, err := c.federatedOf(bounded, applicationID); err != nil {
		return made, c.unsettled(opCreateFederated, spec.Name, "the federated credential to show in the application", err)
	}
	return made, nil
}

// createFederated makes a credential while nobody else of this process writes to the application: Graph refuses
// concurrent writes.
func (c *Client) createFederated(ctx context.Context, applicationID string, spec FederatedSpec) (*FederatedCredential, error) {
	unlock, err := c.locks.lock(ctx, applicationID)
	if err != nil {
		return nil, c.fail(opCreateFederated, spec.Name, err)
	}
	defer unlock()
	// Whether the name is taken is for Graph to say: a replica that is late still shows what was removed a moment ago.
	before, err := c.federatedBefore(ctx, applicationID)
	if err != nil {
		return nil, err
	}
	made, err := c.postFederated(ctx, before, spec)
	if err != nil {
		return nil, err
	}
	c.federated.wrote(applicationID, before, before.with(*made))
	return made, nil
}

// federatedBefore are an application's credentials before one is added. One that this process made a moment ago has none
// but those that this process has added.
func (c *Client) federatedBefore(ctx context.Context, applicationID string) (*federatedSet, error) {
	if set := c.federated.known(applicationID, freshFor); set != nil && !set.partial {
		return set, nil
	}
	if c.federated.known(applicationID, anyAge) == nil && c.applications.known(applicationID, 0) != nil {
		return &federatedSet{applicationID: applicationID}, nil
	}
	return c.federatedOf(ctx, applicationID)
}

// postFederated may send the request again when its reply was lost: at worst it finds what it has made itself.
func (c *Client) postFederated(ctx context.Context, before *federatedSet, spec FederatedSpec) (made *FederatedCredential, err error) {
	body := federatedBody(FederatedSpec{}, spec)
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	lost, since, odd := false, time.Now(), strangers(0)
	_, err = await(bounded, c, wait{opCreateFederated, spec.Name, "replicas to know the application"}, func(ctx context.Context) (struct{}, error) {
		m, err := c.federatedBuilder(before.applicationID).Post(ctx, body, nil)
		if err = created(identified(m, err)); err == nil {
			f := fromFederated(m)
			made = &f
			return struct{}{}, nil
		}
		failure := c.fail(opCreateFederated, spec.Name, err)
		switch KindOf(failure) {
		case KindAmbiguous:
			lost = true
		case KindConflict, KindInvalid:
			made, failure = c.holder(ctx, before, spec, lost, failure)
		}
		return struct{}{}, failure
	}, func(_ struct{}, err error) bool {
		switch KindOf(err) {
		case KindAmbiguous, KindConflict:
			return odd.enough(err) // sent again; the holder of the name will show in a while
		case KindInvalid:
			return !lost || !recently(since, c.agreement())
		case KindNotFound:
			return c.applications.believes404(before.applicationID, err)
		}
		return true
	})
	if err != nil && lost && made == nil && ctx.Err() != nil {
		look, cancel := c.afterwards(ctx, c.bounds.Grace)
		defer cancel()
		made, err = c.holder(look, before, spec, lost, err)
	}
	if err != nil {
		return nil, refused(err)
	}
	return made, nil
}

// holder tells what a refusal is about: a credential of somebody else that holds the name, or the issuer and subject, or
// the one that an earlier attempt without reply has made.
func (c *Client) holder(ctx context.Context, before *federatedSet, spec FederatedSpec, lost bool, refusal error) (made *FederatedCredential, err error) {
	set, err := c.federatedOf(ctx, before.applicationID)
	if KindOf(err) == KindNotGraph {
		return nil, err
	}
	if err != nil {
		return nil, refusal // which says more
	}
	rival := set.rival(spec, "")
	switch {
	case rival == nil:
		return nil, refusal
	case lost && rival.FederatedSpec == spec && before.byID(rival.ID) == nil:
		return rival, nil
	}
	return nil, federatedTaken(spec, rival, refusal)
}

// rival is a credential other than id that holds the name, or the issuer and subject, of spec; nil for none. Graph
// compares all three letter by letter.
func (s *federatedSet) rival(spec FederatedSpec, id string) *FederatedCredential {
	return s.find(func(f FederatedCredential) bool {
		return !strings.EqualFold(f.ID, id) && (f.Name == spec.Name || f.Issuer == spec.Issuer && f.Subject == spec.Subject)
	})
}

// Rival finds, among the credentials of an application, one other than id with which spec can't be beside: it holds the
// name, or the issuer and subject. nil when there is none.
func Rival(credentials []FederatedCredential, spec FederatedSpec, id string) *FederatedCredential {
	return (&federatedSet{credentials: credentials}).rival(spec, id)
}

// federatedTaken explains Graph's refusal of a credential that can't be beside another one.
func federatedTaken(spec FederatedSpec, rival *FederatedCredential, refusal error) error {
	e := *errorOf(refusal)
	e.Kind, e.Candidates = KindExists, []Candidate{rival.candidate()}
	e.Message = "the name is taken in this application"
	if rival.Name != spec.Name {
		e.Message = "the application has a federated credential for the same issuer and subject"
	}
	return &e
}

// UpdateFederatedCredential writes what differs between old and updated, and nothing else; the name can't be changed.
// KindExists names another credential with the same issuer and subject. Graph: PATCH
// /applications/{id}/federatedIdentityCredentials/{id}.
func (c *Client) UpdateFederatedCredential(ctx context.Context, applicationID, id string, old, updated FederatedSpec) (*FederatedCredential, error) {
	unlock, err := c.locks.lock(ctx, applicationID)
	if err != nil {
		return nil, c.fail(opUpdateFederated, updated.Name, err)
	}
	defer unlock()
	item := c.federatedBuilder(applicationID).ByFederatedIdentityCredentialId(id)
	body := federatedBody(old, updated)
	err = c.untilKnown(ctx, opUpdateFederated, updated.Name, c.believesFederated404(applicationID, id), func(ctx context.Context) error {
		_, err := item.Patch(ctx, body, nil)
		return err
	})
	if kind := KindOf(err); kind == KindConflict || kind == KindInvalid {
		if set, readErr := c.federatedOf(ctx, applicationID); readErr == nil {
			if rival := set.rival(updated, id); rival != nil {
				return nil, federatedTaken(updated, rival, err)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	after := FederatedCredential{ID: id, FederatedSpec: updated}
	before := c.knownFederated(applicationID)
	c.federated.wrote(applicationID, before.with(FederatedCredential{ID: id, FederatedSpec: old}), before.with(after))
	return &after, nil
}

// DeleteFederatedCredential removes a credential; an absent one, and an absent application, is success. Graph: DELETE
// /applications/{id}/federatedIdentityCredentials/{id}.
func (c *Client) DeleteFederatedCredential(ctx context.Context, applicationID, id string) error {
	unlock, err := c.locks.lock(ctx, applicationID)
	if err != nil {
		return c.fail(opDeleteFederated, id, err)
	}
	defer unlock()
	item := c.federatedBuilder(applicationID).ByFederatedIdentityCredentialId(id)
	_, err = c.remove(ctx, removal{
		op: opDeleteFederated, id: id, believes404: c.believesFederated404(applicationID, id),
		send: func(ctx context.Context) error { return item.Delete(ctx, nil) },
		look: func(ctx context.Context) error { return identified(item.Get(ctx, nil)) },
	})
	if err != nil {
		return err
	}
	before := c.knownFederated(applicationID)
	if before.byID(id) == nil {
		before = before.with(FederatedCredential{ID: id})
	}
	c.federated.wrote(applicationID, before, before.without(id))
	return nil
}

// knownFederated is what this process knows of an application's credentials, which may be nothing.
func (c *Client) knownFederated(applicationID string) *federatedSet {
	if set := c.federated.known(applicationID, anyAge); set != nil {
		return set
	}
	return &federatedSet{applicationID: applicationID, partial: true}
}

// believesFederated404 tells whether a 404 for a credential is to be believed: not within Bounds.Missing of a list that
// showed it.
func (c *Client) believesFederated404(applicationID, id string) func(string, error) bool {
	return func(_ string, failure error) bool {
		set := c.federated.known(applicationID, c.bounds.Missing+time.Since(errorOf(failure).asked))
		if set == nil { // what the process before has written may be late
			return c.federated.believes404(applicationID, failure)
		}
		return set.byID(id) == nil
	}
}
