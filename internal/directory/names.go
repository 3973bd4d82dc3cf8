package directory

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/microsoftgraph/msgraph-sdk-go/applications"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

const (
	// maxNames is how many values Graph takes in one "in" expression.
	maxNames = 15
	// maxNamesLength keeps the address of a request well below what proxies accept.
	maxNamesLength = 6000
)

// ApplicationsNamed lists the live applications with exactly this display name. Of each only id, client id, name,
// audience, creation time and tags are filled in. Concurrent calls are batched: while one request is under way, further names
// wait and go together in the next. Graph: GET /applications?$filter=displayName in (…).
func (c *Client) ApplicationsNamed(ctx context.Context, displayName string) ([]Application, error) {
	batch := c.names.join(ctx, displayName)
	defer c.names.leave(batch)
	select {
	case <-ctx.Done():
		return nil, c.fail(opFindApplications, displayName, ctx.Err())
	case <-batch.done:
	}
	if batch.err != nil {
		return nil, c.fail(opFindApplications, displayName, batch.err)
	}
	var found []Application
	for _, app := range batch.found {
		if app.DisplayName == displayName && !c.applications.deletedByUs(app.ID) {
			found = append(found, app)
		}
	}
	// Lists lag most: what this process has made, or read by its id, may not be in them yet.
	for _, app := range c.applications.having(func(a *Application) bool { return a.DisplayName == displayName }) {
		if !slices.ContainsFunc(found, func(f Application) bool { return f.ID == app.ID }) {
			found = append(found, *app)
		}
	}
	return found, nil
}

// nameBatches lets names wait for each other without a timer.
type nameBatches struct {
	fetch func(context.Context, []string) ([]Application, error)

	mu      sync.Mutex
	running bool
	waiting []*nameBatch
}

// nameBatch is sealed when it is taken to be sent: found and err are written before done is closed, and never after.
type nameBatch struct {
	names   []string
	length  int
	waiters int
	ctx     context.Context // ends when the last waiter has left
	cancel  context.CancelFunc
	done    chan struct{}
	found   []Application
	err     error
}

// join adds a name to the batch that waits, and sees to it that somebody sends. The sending runs on no caller's ctx.
func (n *nameBatches) join(ctx context.Context, name string) *nameBatch {
	n.mu.Lock()
	defer n.mu.Unlock()
	length := len(url.QueryEscape(quoteOData(name)))
	var batch *nameBatch
	if len(n.waiting) > 0 {
		batch = n.waiting[len(n.waiting)-1]
	}
	if batch == nil || (!slices.Contains(batch.names, name) && (len(batch.names) >= maxNames || batch.length+length > maxNamesLength)) {
		batch = &nameBatch{done: make(chan struct{})}
		batch.ctx, batch.cancel = context.WithCancel(context.WithoutCancel(ctx))
		n.waiting = append(n.waiting, batch)
	}
	batch.waiters++
	if !slices.Contains(batch.names, name) {
		batch.names = append(batch.names, name)
		batch.length += length
	}
	if !n.running {
		n.running = true
		go n.run() //nolint:contextcheck // See above.
	}
	return batch
}

// leave takes one waiter away; a batch that nobody waits for any more is not sent, or cancelled.
func (n *nameBatches) leave(batch *nameBatch) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if batch.waiters--; batch.waiters == 0 {
		batch.cancel()
		n.waiting = slices.DeleteFunc(n.waiting, func(b *nameBatch) bool { return b == batch })
	}
}

// run sends one batch after the other until none waits.
func (n *nameBatches) run() {
	for {
		n.mu.Lock()
		if len(n.waiting) == 0 {
			n.running = false
			n.mu.Unlock()
			return
		}
		batch := n.waiting[0]
		n.waiting = n.waiting[1:]
		n.mu.Unlock()

		bounded, cancel := context.WithTimeout(batch.ctx, sharedTimeout)
		batch.found, batch.err = n.fetch(bounded, batch.names)
		cancel()
		close(batch.done)
	}
}

// inFilter is the filter for objects whose property has one of a few values.
func inFilter(property string, values []string) string {
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = quoteOData(value)
	}
	return property + " in (" + strings.Join(quoted, ",") + ")"
}

func (c *Client) fetchNamed(ctx context.Context, names []string) ([]Application, error) {
	return c.findApplications(ctx, inFilter("displayName", names), "id", "appId", "displayName", "signInAudience", "createdDateTime", "tags")
}

// findApplications lists the live applications that fit a filter.
func (c *Client) findApplications(ctx context.Context, filter string, properties ...string) ([]Application, error) {
	return c.listApplications(ctx, &applications.ApplicationsRequestBuilderGetQueryParameters{Filter: &filter, Select: properties})
}

// listApplications reads a list of live applications to its end.
func (c *Client) listApplications(ctx context.Context, query *applications.ApplicationsRequestBuilderGetQueryParameters) ([]Application, error) {
	var found []Application
	builder := c.applicationsBuilder()
	err := pages(ctx, c,
		func(ctx context.Context) (models.ApplicationCollectionResponseable, error) {
			return builder.Get(ctx, &applications.ApplicationsRequestBuilderGetRequestConfiguration{QueryParameters: query})
		},
		func(ctx context.Context, link string) (models.ApplicationCollectionResponseable, error) {
			return builder.WithUrl(link).Get(ctx, nil)
		},
		func(page models.ApplicationCollectionResponseable) {
			for _, m := range page.GetValue() {
				found = append(found, *fromApplication(m))
			}
		})
	return found, c.fail(opFindApplications, "", err)
}
