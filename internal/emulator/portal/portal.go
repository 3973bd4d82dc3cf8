// Package portal shows the app registrations of an emulator's tenants on a few pages, the main tenant's first, named and
// worded as those of the real portal are. They can be looked at and nothing else, show what is there at that moment without the lag of a
// replica, and know no secret: of a client secret only the hint that Graph shows too.
package portal

import (
	"bytes"
	"cmp"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Path is where the pages are, and what their addresses begin with.
const Path = "/portal/"

// directories is where the lists of single tenants are, below Path.
const directories = "directories/"

//go:embed pages.gohtml
var pagesText string

//go:embed style.css
var style []byte

var templates = template.Must(template.New("pages").Funcs(template.FuncMap{"day": day}).Parse(pagesText))

// day is an instant as the pages show it.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// page is one page about an application.
type page struct {
	Segment string // of its address
	Title   string
	show    func(scene) any // what its template is given
}

// pages are in the order of the menu; a template is named like the page's title.
var pages = []page{
	{"", "Overview", overview},
	{"authentication", "Authentication", authentication},
	{"credentials", "Certificates & secrets", credentials},
	{"permissions", "API permissions", permissions},
}

// scene is what a page is made of: one state of the tenant.
type scene struct {
	view   *tenant.View
	tenant tenant.TenantInfo
	app    tenant.Doc
	now    time.Time
}

// frame is what surrounds the content of every page.
type frame struct {
	Title         string
	Tenant        tenant.TenantInfo
	Organizations []tenant.TenantInfo // to go to
	Home          string
	List          string // of the tenant's applications
	Name          string // of the application; "" when the page is about none
	ClientID      string
	Menu          []page
	Content       any
}

type handler struct{ cloud *tenant.Cloud }

// New gives the pages of a cloud, under [Path]. Whoever reaches them can read them.
func New(cloud *tenant.Cloud) http.Handler {
	h := handler{cloud: cloud}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"{$}", h.list)
	mux.HandleFunc("GET "+Path+directories+"{tenant}/{$}", h.list)
	mux.HandleFunc("GET "+Path+"style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		// A browser that has gone needs no answer.
		_, _ = w.Write(style)
	})
	for _, p := range pages {
		end := p.Segment
		if end == "" {
			end = "{$}"
		}
		mux.HandleFunc("GET "+Path+"{clientID}/"+end, func(w http.ResponseWriter, r *http.Request) { h.about(w, r, p) })
	}
	mux.HandleFunc("GET "+Path, h.notFound)
	return mux
}

// list shows the applications of the tenant that the address names by id or domain, or of the main one.
func (h handler) list(w http.ResponseWriter, r *http.Request) {
	in, ok := h.cloud.Tenant(cmp.Or(r.PathValue("tenant"), h.cloud.Seeded().TenantID))
	if !ok {
		h.notFound(w, r)
		return
	}
	s := scene{view: h.cloud.Latest(), tenant: in, now: h.cloud.Now()}
	h.write(w, http.StatusOK, "App registrations", frame{Title: "App registrations", Tenant: in, Content: registrations(s)})
}

// about shows a page about an application, in its own tenant.
func (h handler) about(w http.ResponseWriter, r *http.Request, p page) {
	s := scene{view: h.cloud.Latest(), now: h.cloud.Now()}
	home, app, ok := s.view.ApplicationByClientID(r.PathValue("clientID"))
	in, known := h.cloud.Tenant(home)
	if !ok || !known {
		h.notFound(w, r)
		return
	}
	s.app, s.tenant = app, in
	h.write(w, http.StatusOK, p.Title, frame{
		Title: p.Title, Tenant: in, Name: app.String("displayName"), ClientID: app.String("appId"), Menu: pages, Content: p.show(s),
	})
}

func (h handler) notFound(w http.ResponseWriter, _ *http.Request) {
	in, ok := h.cloud.Tenant(h.cloud.Seeded().TenantID)
	if !ok {
		http.Error(w, "there is no tenant", http.StatusNotFound)
		return
	}
	h.write(w, http.StatusNotFound, "Not found", frame{Title: "Not found", Tenant: in})
}

// write renders a page. It forbids whatever the pages don't need: scripts, frames, and being kept.
func (h handler) write(w http.ResponseWriter, status int, name string, f frame) {
	f.Home, f.List = Path, Path+directories+f.Tenant.ID+"/"
	// The tenant of personal accounts is no organisation, and nobody registers anything there.
	f.Organizations = slices.DeleteFunc(h.cloud.Tenants(), func(t tenant.TenantInfo) bool { return t.ID == tenant.ConsumersTenantID })
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, f); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Cache-Control", "no-store")
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	// A browser that has gone needs no answer.
	_, _ = b.WriteTo(w)
}
