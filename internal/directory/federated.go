package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/applications"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// FederatedSpec is what a configuration says of a federated identity credential: which tokens of which issuer an
// application accepts in place of a secret. The sign-in compares issuer, subject and audience letter by letter.
type FederatedSpec struct{ Name, Issuer, Subject, Audience, Description string }

// FederatedCredential is a federated identity credential as Graph shows it.
type FederatedCredential struct {
	FederatedSpec
	ID string
}

// MostFederated is how many federated identity credentials an application can hold.
const MostFederated = 20

// federatedSet are the credentials of one application. They are read and remembered together: one list is one request
// for all resources that hang on it, and names, and issuers with their subjects, are unique in it.
type federatedSet struct {
	applicationID string
	credentials   []FederatedCredential
	partial       bool // not a list that Graph has shown, but what this process has written
}

func (s *federatedSet) properties() Properties {
	p := Properties{}
	for _, f := range s.credentials {
		p[f.ID] = "held"
		for name, value := range f.Properties() {
			p[f.ID+"/"+name] = value
		}
	}
	return p
}

func (s *federatedSet) clone() *federatedSet {
	return &federatedSet{s.applicationID, slices.Clone(s.credentials), s.partial}
}

// find is the credential that fits, nil for none.
func (s *federatedSet) find(fits func(FederatedCredential) bool) *FederatedCredential {
	for i := range s.credentials {
		if fits(s.credentials[i]) {
			return &s.credentials[i]
		}
	}
	return nil
}

func (s *federatedSet) byID(id string) *FederatedCredential {
	return s.find(func(f FederatedCredential) bool { return strings.EqualFold(f.ID, id) })
}

// with is the set with a credential added, or put in place of the one with its id.
func (s *federatedSet) with(f FederatedCredential) *federatedSet {
	after := s.without(f.ID)
	after.credentials = append(after.credentials, f)
	return after
}

func (s *federatedSet) without(id string) *federatedSet {
	after := s.clone()
	after.credentials = slices.DeleteFunc(after.credentials, func(f FederatedCredential) bool { return strings.EqualFold(f.ID, id) })
	return after
}

// Properties are the credential's values in canonical text.
func (f *FederatedCredential) Properties() Properties {
	return Properties{"name": f.Name, "issuer": f.Issuer, "subject": f.Subject, "audience": f.Audience, "description": f.Description}
}

// FederatedCredentials lists those of an application, for a look ahead: what Graph has shown this process a moment ago
// will do. Graph: GET /applications/{id}/federatedIdentityCredentials.
func (c *Client) FederatedCredentials(ctx context.Context, applicationID string) ([]FederatedCredential, error) {
	set, err := c.federatedOf(forRefresh(ctx), applicationID)
	if err != nil {
		return nil, err
	}
	return set.credentials, nil
}

// FederatedCredential reads one by its id, from a list that concurrent callers share. KindNotFound when the application
// is gone, or has no such credential. Graph: GET /applications/{id}/federatedIdentityCredentials.
func (c *Client) FederatedCredential(ctx context.Context, applicationID, id string) (*FederatedCredential, error) {
	set, err := c.federatedOf(ctx, applicationID)
	if err != nil {
		return nil, err
	}
	found := set.byID(id)
	if found == nil {
		return nil, &Error{Kind: KindNotFound, Op: opReadFederated.name, Object: id, Endpoint: c.endpoint,
			Message: "the application " + applicationID + " holds no federated credential with this id"}
	}
	return found, nil
}

func (c *Client) federatedOf(ctx context.Context, applicationID string) (*federatedSet, error) {
	list := c.listFederated(applicationID)
	return read(ctx, c, &c.federated, opReadFederated, applicationID, func(ctx context.Context) (*federatedSet, error) {
		// A replica that lags may not know the application yet.
		return await(ctx, c, wait{opReadFederated, applicationID, "replicas to know the application"}, func(ctx context.Context) (*federatedSet, error) {
			set, err := list(ctx)
			return set, c.fail(opReadFederated, applicationID, err)
		}, func(_ *federatedSet, err error) bool {
			return err == nil || KindOf(err) != KindNotFound || c.applications.believes404(applicationID, err)
		})
	})
}

func (c *Client) listFederated(applicationID string) func(context.Context) (*federatedSet, error) {
	builder := c.federatedBuilder(applicationID)
	type page = models.FederatedIdentityCredentialCollectionResponseable
	return func(ctx context.Context) (*federatedSet, error) {
		set := &federatedSet{applicationID: applicationID}
		err := pages(ctx, c, func(ctx context.Context) (page, error) {
			return builder.Get(ctx, nil)
		}, func(ctx context.Context, link string) (page, error) {
			return builder.WithUrl(link).Get(ctx, nil)
		}, func(p page) {
			for _, m := range p.GetValue() {
				set.credentials = append(set.credentials, fromFederated(m))
			}
		})
		if err != nil {
			return nil, err
		}
		return set, nil
	}
}

func (c *Client) federatedBuilder(applicationID string) *applications.ItemFederatedIdentityCredentialsRequestBuilder {
	return c.applicationBuilder(applicationID).FederatedIdentityCredentials()
}

func fromFederated(m models.FederatedIdentityCredentialable) FederatedCredential {
	return FederatedCredential{ID: text(m.GetId()), FederatedSpec: FederatedSpec{
		Name: text(m.GetName()), Issuer: text(m.GetIssuer()), Subject: text(m.GetSubject()),
		Audience: strings.Join(m.GetAudiences(), " "), Description: text(m.GetDescription()),
	}}
}

// federatedBody is what leads from one credential to another and touches nothing else; all of it for a new one.
func federatedBody(old, updated FederatedSpec) *models.FederatedIdentityCredential {
	patch := applicationPatch{}
	body := models.NewFederatedIdentityCredential()
	extra := body.GetAdditionalData()
	patch.text(extra, "name", old.Name, updated.Name)
	patch.text(extra, "issuer", old.Issuer, updated.Issuer)
	patch.text(extra, "subject", old.Subject, updated.Subject)
	patch.text(extra, "description", old.Description, updated.Description)
	if old.Audience != updated.Audience {
		body.SetAudiences([]string{updated.Audience}) // a list of exactly one
	}
	return body
}

// candidate is the credential as something that a message points to.
func (f *FederatedCredential) candidate() Candidate {
	return Candidate{ID: f.ID, DisplayName: f.Name, Detail: "issuer " + f.Issuer + ", subject " + f.Subject}
}
