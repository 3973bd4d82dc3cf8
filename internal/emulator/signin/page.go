package signin

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"time"
)

//go:embed pages.gohtml
var pagesText string

// pages are the few pages that a person sees. They work without a script, and a screen reader can read them.
var pages = template.Must(template.New("pages").Parse(pagesText))

// pageData is what a page shows.
type pageData struct {
	Title, Text, Alert string
	Action, Flow       string
	App, Hint, User    string
	Organization       string
	OfferOrganization  bool
	OrganizationOnly   bool
	Permissions        []permission
	Fields             url.Values
	Trace, Correlation string
	Timestamp          string
}

func (x *exchange) page(status int, name string, data pageData) error {
	data.Trace, data.Correlation, data.Timestamp = x.trace, x.correlation, x.now.UTC().Format(time.RFC3339)
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	x.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	x.w.WriteHeader(status)
	_, err := b.WriteTo(x.w)
	return err
}

// ask shows the form of the sign-in's stage; alert is what went wrong with the last answer.
func (x *exchange) ask(f flow, alert *Error) error {
	data := pageData{Title: "Sign in", Action: "/" + f.at.segment() + "/login", App: f.appName, Hint: f.hint, User: f.account.UserName}
	switch f.stage {
	case stagePassword:
		data.Title = "Enter password"
	case stageFactor:
		data.Title = "Enter code"
	case stageUser, stageConsent:
	}
	if alert != nil {
		data.Alert = x.describe(alert)
	}
	data.Flow = opaque()
	x.h.flows.put(data.Flow, f, x.now, flowLifetime)
	return x.page(http.StatusOK, string(f.stage), data)
}

func (x *exchange) askConsent(f flow, in directory, request consentRequest) error {
	data := pageData{
		Title: "Permissions requested", Action: "/" + f.at.segment() + "/login", App: f.appName, User: f.account.UserName, Organization: in.DisplayName,
		OfferOrganization: f.account.Administrator && !request.organization, OrganizationOnly: request.organization, Permissions: request.lines,
		Flow: opaque(),
	}
	x.h.flows.put(data.Flow, f, x.now, flowLifetime)
	return x.page(http.StatusOK, string(stageConsent), data)
}

func renderPage(x *exchange, e *Error) error {
	return x.page(e.Status, "refusal", pageData{Title: "You can't be signed in", Alert: x.describe(e)})
}

func notFound(x *exchange) error {
	return x.page(http.StatusNotFound, "message", pageData{Title: "Not found", Text: "There is no such page."})
}
