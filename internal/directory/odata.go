package directory

import (
	"context"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/transport"
)

// quoteOData writes a text as an OData string literal. A quote inside is doubled, so that no text can end the literal.
// Percent-encoding is the SDK's part.
func quoteOData(s string) string { return "'" + keyOData(s) + "'" }

// keyOData is the inside of a literal, for key segments whose quotes the SDK writes.
func keyOData(s string) string { return strings.ReplaceAll(s, "'", "''") }

// page is one page of a list, as the SDK gives it.
type page interface{ GetOdataNextLink() *string }

// pages reads a list to its end. A next link is followed only on our own origin, because it gets our token, and never
// twice, because that would not end.
func pages[P page](ctx context.Context, c *Client, first func(context.Context) (P, error), next func(context.Context, string) (P, error), each func(P)) error {
	p, err := first(ctx)
	seen := make(map[string]bool)
	for {
		if err != nil {
			return err
		}
		each(p)
		link := text(p.GetOdataNextLink())
		if link == "" {
			return nil
		}
		if !transport.SameOrigin(c.endpoint, link) {
			return &transport.ForeignOriginError{Origin: transport.OriginOf(link), Endpoint: c.endpoint}
		}
		if seen[link] {
			return &Error{Kind: KindUnreachable, Op: "read a list", Endpoint: c.endpoint, Message: "the list never ends: a page links to one that was read already"}
		}
		seen[link] = true
		p, err = next(ctx, link)
	}
}
