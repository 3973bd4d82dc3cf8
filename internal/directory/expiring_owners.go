package directory

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"golang.org/x/sync/errgroup"
)

// mostBatched is how many requests Graph takes in one batch.
const mostBatched = 20

// ownersOfAll lists the owners of several applications, by application. One that is gone meanwhile has none. ($expand
// would show 20 owners at most.) Graph: POST /$batch with GET /applications/{id}/owners.
func (c *Client) ownersOfAll(ctx context.Context, ids []string) (map[string][]string, error) {
	var mu sync.Mutex
	owners := make(map[string][]string, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxParallel)
	for chunk := range slices.Chunk(ids, mostBatched) {
		group.Go(func() error {
			some, err := c.ownersInBatch(ctx, chunk)
			if err != nil {
				return err
			}
			for _, id := range chunk {
				list, answered := some[id]
				if !answered {
					if list, err = c.Owners(ctx, id); err != nil && KindOf(err) != KindNotFound {
						return err
					}
				}
				mu.Lock()
				owners[id] = list
				mu.Unlock()
			}
			return nil
		})
	}
	return owners, group.Wait()
}

// batchItem is one request of a batch.
type batchItem struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	URL    string `json:"url"`
}

// batchReply is what a batch answers; the bodies of failures are errors, and not always JSON objects.
type batchReply struct {
	Responses []struct {
		ID     string          `json:"id"`
		Status int             `json:"status"`
		Body   json.RawMessage `json:"body"`
	} `json:"responses"`
}

// ownersPage is the body of one answer.
type ownersPage struct {
	Value []struct {
		ID string `json:"id"`
	} `json:"value"`
	NextLink string `json:"@odata.nextLink"`
}

// ownersInBatch gives the owners of those applications whose owners one request could answer in full. What is throttled,
// refused or longer than a page is left to be asked for by itself, where every failure is dealt with; so is everything
// after a lost reply.
func (c *Client) ownersInBatch(ctx context.Context, ids []string) (map[string][]string, error) {
	items := make([]batchItem, len(ids))
	for i, id := range ids {
		items[i] = batchItem{ID: strconv.Itoa(i), Method: http.MethodGet, URL: "/applications/" + id + "/owners?$select=id"}
	}
	reply, err := c.postBatch(ctx, items)
	err = c.fail(opReadOwners, "", err)
	if KindOf(err) == KindAmbiguous {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	owners := make(map[string][]string, len(ids))
	for _, r := range reply.Responses {
		n, err := strconv.Atoi(r.ID)
		var page ownersPage
		if err != nil || n < 0 || n >= len(ids) || r.Status != http.StatusOK || json.Unmarshal(r.Body, &page) != nil || page.Value == nil || page.NextLink != "" {
			continue
		}
		list := make([]string, len(page.Value))
		for i, owner := range page.Value {
			list[i] = owner.ID
		}
		slices.Sort(list)
		owners[ids[n]] = list
	}
	return owners, nil
}

// postBatch sends requests as one. Graph: POST /$batch.
func (c *Client) postBatch(ctx context.Context, items []batchItem) (*batchReply, error) {
	body, err := json.Marshal(map[string]any{"requests": items})
	if err != nil {
		return nil, err
	}
	request := c.request(abstractions.POST, "{+baseurl}/$batch")
	request.SetStreamContentAndContentType(body, "application/json")
	raw, err := c.adapter.SendPrimitive(ctx, request, "[]byte", errorBodies)
	if err != nil {
		return nil, err
	}
	var reply batchReply
	text, ok := raw.([]byte)
	if !ok || json.Unmarshal(text, &reply) != nil {
		return nil, errNoBody
	}
	return &reply, nil
}
