// Package webuser is a scripted person: it signs in to the identity platform's pages the way somebody at a keyboard
// does, by reading each page, filling its form and pressing a button. It needs no browser and runs no script.
//
// It finds its way by what a page shows: the autocomplete hints of the fields (username, current-password,
// one-time-code), the values of the buttons (next, accept, decline) and the text of an alert. What a person would
// read in red is returned as an [Error] with the AADSTS number in it.
package webuser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// User is who signs in.
type User struct {
	UserName     string
	Password     string
	SecondFactor string // the one-time code; empty when the person has no second factor
}

// Consent is what the person answers when a page asks for permissions.
type Consent int

const (
	// Decline presses "Cancel".
	Decline Consent = iota
	// Accept agrees for this person only.
	Accept
	// AcceptForOrganization ticks "on behalf of your organisation" first, which only an administrator is offered.
	AcceptForOrganization
)

// Error is a refusal that a page showed.
type Error struct {
	Code   int    // the AADSTS number, 0 when the page named none
	Status int    // the HTTP status of the page
	Text   string // what the page said
}

// Error gives what the page said.
func (e *Error) Error() string { return e.Text }

// ErrNotOffered means that a page lacked what the person was told to use: a field that can't be filled, or consent
// for the organisation where none is offered.
var ErrNotOffered = errors.New("the page does not offer it")

// maxPages bounds a sign-in: the longest one (code, confirmation, name, password, second factor, consent, done)
// needs seven pages.
const maxPages = 12

// SignIn opens an authorize or admin-consent page, signs in as user, answers the question for consent, and returns
// the address at which the sign-in ends: the redirect URI with the code or the error in it. Like a person who copies
// the address, it does not visit it; only a reply by form_post is delivered, because nothing else holds the code.
func SignIn(ctx context.Context, client *http.Client, pageURL string, user User, consent Consent) (*url.URL, error) {
	start, err := url.Parse(pageURL)
	if err != nil {
		return nil, fmt.Errorf("the page's address: %w", err)
	}
	redirect := start.Query().Get("redirect_uri")
	v := newVisit(client, user, consent)
	v.isEnd = func(u *url.URL) bool { return redirect != "" && sameTarget(u, redirect) }
	if err := v.run(ctx, start); err != nil {
		return nil, err
	}
	if v.end == nil {
		return nil, fmt.Errorf("the sign-in ended on a page without redirecting to %q: %w", redirect, ErrNotOffered)
	}
	return v.end, nil
}

// ApproveDeviceCode opens the verification page, types the code, signs in as user and answers the question for
// consent. It returns nil when the page says that the device is signed in.
func ApproveDeviceCode(ctx context.Context, client *http.Client, verificationURI, userCode string, user User, consent Consent) error {
	start, err := url.Parse(verificationURI)
	if err != nil {
		return fmt.Errorf("the verification page's address: %w", err)
	}
	v := newVisit(client, user, consent)
	v.userCode = userCode
	return v.run(ctx, start)
}

// visit is one person in front of one browser window.
type visit struct {
	client   *http.Client
	user     User
	userCode string
	consent  Consent
	isEnd    func(*url.URL) bool
	end      *url.URL
}

func newVisit(client *http.Client, user User, consent Consent) *visit {
	v := &visit{user: user, consent: consent, isEnd: func(*url.URL) bool { return false }}
	// A shallow copy, so that the caller's client keeps its own redirect rule.
	c := *client
	c.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		switch {
		case v.isEnd(next.URL):
			return http.ErrUseLastResponse
		case len(via) >= maxPages:
			return fmt.Errorf("more than %d redirects in a row: %w", maxPages, ErrNotOffered)
		}
		return nil
	}
	v.client = &c
	return v
}

// run goes from page to page until one has nothing left to fill in or the window has left for the redirect URI.
func (v *visit) run(ctx context.Context, start *url.URL) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, start.String(), nil)
	if err != nil {
		return err
	}
	for range maxPages {
		p, err := v.open(req)
		if err != nil {
			return err
		}
		if v.end != nil {
			return nil
		}
		if p.alert != "" || p.status >= http.StatusBadRequest {
			return p.refusal()
		}
		if p.form == nil {
			return nil
		}
		if v.isEnd(p.form.action) {
			v.end = p.form.action
			return v.deliver(ctx, p.form)
		}
		fields, err := v.fill(p.form)
		if err != nil {
			return fmt.Errorf("page %q: %w", p.title, err)
		}
		if req, err = p.form.request(ctx, fields); err != nil {
			return err
		}
	}
	return fmt.Errorf("the sign-in asked for more than %d pages: %w", maxPages, ErrNotOffered)
}

// open loads a page, or notes that the window left for the redirect URI.
func (v *visit) open(req *http.Request) (p *page, err error) {
	resp, err := v.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", req.URL.Redacted(), err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		if v.end, err = resp.Location(); err != nil {
			return nil, fmt.Errorf("a redirect without an address: %w", err)
		}
		return nil, nil
	}
	return readPage(resp)
}

// deliver posts the reply form to the redirect URI, as the page's script would in a browser.
func (v *visit) deliver(ctx context.Context, f *form) error {
	req, err := f.request(ctx, f.hidden())
	if err != nil {
		return err
	}
	resp, err := v.client.Do(req)
	if err != nil {
		return fmt.Errorf("delivering the reply to %s: %w", f.action, err)
	}
	return resp.Body.Close()
}

// fill answers what a form asks.
func (v *visit) fill(f *form) (url.Values, error) {
	out := f.hidden()
	for _, in := range f.inputs {
		value, known := "", true
		switch in.autocomplete {
		case "username":
			value = v.user.UserName
		case "current-password":
			value = v.user.Password
		case "one-time-code":
			value = v.user.SecondFactor
		default:
			value, known = v.userCode, in.name == "user_code"
		}
		if !known || value == "" {
			return nil, fmt.Errorf("the field %q can't be filled: %w", in.name, ErrNotOffered)
		}
		out.Set(in.name, value)
	}
	return out, v.press(f, out)
}

// press ticks the box and chooses the button that the person's answer calls for.
func (v *visit) press(f *form, out url.Values) error {
	if !f.hasButton("accept") {
		if len(f.buttons) > 0 && f.buttons[0].name != "" {
			out.Set(f.buttons[0].name, f.buttons[0].value)
		}
		return nil
	}
	answer := "accept"
	switch v.consent {
	case Decline:
		answer = "decline"
	case AcceptForOrganization:
		if f.checkbox.name == "" && !f.forOrganization {
			return fmt.Errorf("consent on behalf of the organisation: %w", ErrNotOffered)
		}
		if f.checkbox.name != "" {
			out.Set(f.checkbox.name, f.checkbox.value)
		}
	case Accept:
	}
	for _, b := range f.buttons {
		if b.value == answer {
			out.Set(b.name, b.value)
			return nil
		}
	}
	return fmt.Errorf("the button %q: %w", answer, ErrNotOffered)
}

// sameTarget tells whether u is the redirect URI, whatever query or fragment was added to it.
func sameTarget(u *url.URL, redirect string) bool {
	r, err := url.Parse(redirect)
	if err != nil {
		return false
	}
	return u.Scheme == r.Scheme && u.Host == r.Host && u.Opaque == r.Opaque && strings.TrimSuffix(u.Path, "/") == strings.TrimSuffix(r.Path, "/")
}

var aadsts = regexp.MustCompile(`AADSTS(\d+)`)

func (p *page) refusal() error {
	text := p.alert
	if text == "" {
		text = fmt.Sprintf("page %q, status %d", p.title, p.status)
	}
	e := &Error{Status: p.status, Text: text}
	if m := aadsts.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return fmt.Errorf("the number in %q: %w", text, err)
		}
		e.Code = n
	}
	return e
}
