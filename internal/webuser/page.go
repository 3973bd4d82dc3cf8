package webuser

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// page is what a person sees of a page.
type page struct {
	status int
	title  string
	alert  string
	form   *form
}

// form is the first form of a page.
type form struct {
	action          *url.URL
	method          string
	inputs          []input // what a person types into
	hiddenInputs    []input
	buttons         []input
	checkbox        input
	forOrganization bool // the page asks on behalf of the organisation, without a box to tick
}

type input struct{ name, value, autocomplete string }

// maxPageBytes bounds what is read of a page, in bytes.
const maxPageBytes = 1 << 20

func readPage(resp *http.Response) (*page, error) {
	doc, err := html.Parse(http.MaxBytesReader(nil, resp.Body, maxPageBytes))
	if err != nil {
		return nil, fmt.Errorf("reading the page at %s: %w", resp.Request.URL.Redacted(), err)
	}
	p := &page{status: resp.StatusCode}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch {
		case n.Data == "title":
			p.title = text(n)
		case attr(n, "role") == "alert" && p.alert == "":
			p.alert = text(n)
		case n.Data == "form" && p.form == nil:
			if p.form, err = readForm(n, resp.Request.URL); err != nil {
				return nil, fmt.Errorf("page %q: %w", p.title, err)
			}
		}
	}
	return p, nil
}

func readForm(n *html.Node, base *url.URL) (*form, error) {
	action, err := base.Parse(attr(n, "action"))
	if err != nil {
		return nil, fmt.Errorf("the form's address: %w", err)
	}
	f := &form{action: action, method: strings.ToUpper(attr(n, "method")), forOrganization: attr(n, "data-consent") == "organization"}
	for d := range n.Descendants() {
		if d.Type != html.ElementNode {
			continue
		}
		in := input{name: attr(d, "name"), value: attr(d, "value"), autocomplete: attr(d, "autocomplete")}
		switch {
		case d.Data == "button" || d.Data == "input" && attr(d, "type") == "submit":
			f.buttons = append(f.buttons, in)
		case d.Data != "input":
		case attr(d, "type") == "hidden":
			f.hiddenInputs = append(f.hiddenInputs, in)
		case attr(d, "type") == "checkbox":
			f.checkbox = in
		default:
			f.inputs = append(f.inputs, in)
		}
	}
	return f, nil
}

func (f *form) hidden() url.Values {
	out := url.Values{}
	for _, in := range f.hiddenInputs {
		out.Add(in.name, in.value)
	}
	return out
}

func (f *form) hasButton(value string) bool {
	return slices.ContainsFunc(f.buttons, func(b input) bool { return b.value == value })
}

func (f *form) request(ctx context.Context, fields url.Values) (*http.Request, error) {
	target, body := *f.action, fields.Encode()
	if f.method != http.MethodPost {
		target.RawQuery = body
		return http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
