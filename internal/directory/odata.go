package directory

import (
	"context"
	"net/http"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/store"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
)

// quoteOData writes a text as an OData string literal. A quote inside is doubled, so that no text can end the literal.
// Percent-encoding is the SDK's part.
func quoteOData(s string) string { return "'" + keyOData(s) + "'" }

// keyOData is the inside of a literal, for key segments whose quotes the SDK writes.
func keyOData(s string) string { return strings.ReplaceAll(s, "'", "''") }

// errorBodies reads the body of every refusal as Graph's: Kiota writes any status from 400 on as XXX.
var errorBodies = abstractions.ErrorMappings{"XXX": odataerrors.CreateODataErrorFromDiscriminatorValue}

// request is one that no builder of the linked parts of the SDK makes.
func (c *Client) request(method abstractions.HttpMethod, template string) *abstractions.RequestInformation {
	request := abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(method, template, c.pathParameters())
	request.Headers.Add("Accept", "application/json")
	return request
}

// page is one page of a list, as the SDK gives it.
type page interface {
	GetOdataNextLink() *string
	GetBackingStore() store.BackingStore
}

// maxPages is more pages than any list that is asked for has: filters leave few objects of a tenant.
const maxPages = 1000

// emptyPage tells whether a reply holds no list. Taken for an empty one, it would make things appear to be gone.
func emptyPage[P page](p P) bool {
	if any(p) == nil {
		return true
	}
	value, err := p.GetBackingStore().Get("value")
	return err != nil || value == nil
}

// pages reads a list to its end. A next link is followed only on our own origin, because it gets our token, and never
// twice, because that would not end; nor does a list that has no last page.
func pages[P page](ctx context.Context, c *Client, first func(context.Context) (P, error), next func(context.Context, string) (P, error), each func(P)) error {
	p, err := first(ctx)
	seen := make(map[string]bool)
	for {
		if err != nil {
			return err
		}
		if emptyPage(p) {
			return errNoBody
		}
		each(p)
		link := text(p.GetOdataNextLink())
		if link == "" {
			return nil
		}
		if !transport.SameOrigin(c.endpoint, link) {
			return &transport.ForeignOriginError{Origin: transport.OriginOf(link), Endpoint: c.endpoint}
		}
		if seen[link] || len(seen) == maxPages {
			return &transport.UnexpectedReplyError{Status: http.StatusOK, ContentType: "application/json", Flaw: "the list never ends"}
		}
		seen[link] = true
		p, err = next(ctx, link)
	}
}
