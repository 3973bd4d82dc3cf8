package directory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/applications"
	"golang.org/x/sync/errgroup"
)

const (
	// mostPerPage is the largest page that Graph gives of applications.
	mostPerPage = 999
	// maxParallel bounds the requests that one report has under way.
	maxParallel = 4
)

// CredentialKind tells a client secret from a certificate.
type CredentialKind string

// The kinds of credentials that expire.
const (
	SecretCredential      CredentialKind = "secret"
	CertificateCredential CredentialKind = "certificate"
)

// ExpiringCredential is a credential of an application, with what a report says of it.
type ExpiringCredential struct {
	ApplicationID, ApplicationName, ClientID string
	Kind                                     CredentialKind
	KeyID, DisplayName                       string
	Hint                                     string // the first characters of a secret, the thumbprint of a certificate
	End                                      time.Time
	Owners                                   []string // object ids, sorted
}

// ExpiringFilter chooses credentials by their end.
type ExpiringFilter struct {
	// Before is the latest end that is listed; After is a time that the end must be later than, zero for any.
	After, Before time.Time
	// ApplicationIDs narrows it to applications by object id: nil means all of the tenant, an empty list none. One that
	// doesn't exist is KindNotFound.
	ApplicationIDs []string
}

// ExpiringCredentials lists credentials by their end, soonest first, then by application, kind and key id. Lists lag
// behind by minutes at times; what this process wrote itself is seen nevertheless. Graph: GET /applications, in pages
// of 999, and the owners of those found with POST /$batch.
func (c *Client) ExpiringCredentials(ctx context.Context, filter ExpiringFilter) ([]ExpiringCredential, error) {
	apps, err := c.withCredentials(ctx, filter.ApplicationIDs)
	if err != nil {
		return nil, err
	}
	var found []ExpiringCredential
	var holders []string
	for _, app := range apps {
		expiring := filter.of(&app)
		if len(expiring) > 0 {
			found, holders = append(found, expiring...), append(holders, app.ID)
		}
	}
	owners, err := c.ownersOfAll(ctx, holders)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].Owners = owners[found[i].ApplicationID]
	}
	slices.SortFunc(found, func(a, b ExpiringCredential) int {
		return cmp.Or(a.End.Compare(b.End), cmp.Compare(a.ApplicationName, b.ApplicationName), cmp.Compare(a.ClientID, b.ClientID),
			-cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.KeyID, b.KeyID))
	})
	return found, nil
}

// of lists the credentials of one application that the filter chooses. One without an end never expires.
func (f ExpiringFilter) of(app *Application) []ExpiringCredential {
	var out []ExpiringCredential
	add := func(kind CredentialKind, keyID, displayName, hint string, end time.Time) {
		if end.IsZero() || end.After(f.Before) || !end.After(f.After) {
			return
		}
		out = append(out, ExpiringCredential{
			ApplicationID: app.ID, ApplicationName: app.DisplayName, ClientID: app.ClientID,
			Kind: kind, KeyID: keyID, DisplayName: displayName, Hint: hint, End: end,
		})
	}
	for _, s := range app.Secrets {
		add(SecretCredential, s.KeyID, s.DisplayName, s.Hint, s.End)
	}
	for _, k := range app.Certificates {
		add(CertificateCredential, k.KeyID, k.DisplayName, k.Thumbprint, k.End)
	}
	return out
}

// withCredentials reads applications with their credentials: those that are named, or all.
func (c *Client) withCredentials(ctx context.Context, ids []string) ([]Application, error) {
	var apps []Application
	var err error
	if ids == nil {
		apps, err = c.listCredentials(ctx, "")
	} else {
		ids = distinctIDs(ids)
		apps, err = c.listCredentialsOf(ctx, ids)
	}
	if err != nil {
		return nil, err
	}
	listed := make(map[string]*Application, len(apps))
	for i := range apps {
		listed[strings.ToLower(apps[i].ID)] = &apps[i]
	}
	// Lists lag most: what this process wrote, and what is named and not listed, is read by its id.
	again := without(ids, slices.Collect(maps.Keys(listed)))
	for _, id := range c.applications.written() {
		if ids == nil || slices.Contains(ids, id) {
			again = append(again, id)
		}
	}
	for _, id := range distinctIDs(again) {
		app, err := c.Application(ctx, id)
		switch {
		case KindOf(err) == KindNotFound && !slices.Contains(ids, id):
			delete(listed, id)
		case err != nil:
			return nil, err
		default:
			listed[id] = app
		}
	}
	out := make([]Application, 0, len(listed))
	for _, app := range listed {
		out = append(out, *app)
	}
	return out, nil
}

// listCredentialsOf lists the applications with these ids that lists show, several in one request.
func (c *Client) listCredentialsOf(ctx context.Context, ids []string) ([]Application, error) {
	var mu sync.Mutex
	var found []Application
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxParallel)
	for chunk := range slices.Chunk(ids, maxNames) {
		group.Go(func() error {
			apps, err := c.listCredentials(ctx, inFilter("id", chunk))
			mu.Lock()
			defer mu.Unlock()
			found = append(found, apps...)
			return err
		})
	}
	return found, group.Wait()
}

func (c *Client) listCredentials(ctx context.Context, filter string) ([]Application, error) {
	size := int32(mostPerPage)
	query := &applications.ApplicationsRequestBuilderGetQueryParameters{
		Top: &size, Select: []string{"id", "appId", "displayName", "passwordCredentials", "keyCredentials"},
	}
	if filter != "" {
		query.Filter, query.Top = &filter, nil
	}
	return c.listApplications(ctx, query)
}

// distinctIDs lists GUIDs once each, in lower case, sorted.
func distinctIDs(ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = strings.ToLower(id)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
