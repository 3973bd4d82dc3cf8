package webuser_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

var mara = webuser.User{UserName: "mara@example.com", Password: "secret", SecondFactor: "123456"}

// site serves pages; each handler is one page.
func site(t *testing.T, pages map[string]http.HandlerFunc) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, page := range pages {
		mux.HandleFunc(pattern, page)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func form(fields string) string {
	return `<!DOCTYPE html><title>A page</title><form method="post" action="next?x=1">` + fields + `</form>`
}

func show(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, text) }
}

const redirect = "https://app.example/done"

func open(ctx context.Context, s *httptest.Server, u webuser.User, consent webuser.Consent) (*url.URL, error) {
	return webuser.SignIn(ctx, s.Client(), s.URL+"/start?"+url.Values{"redirect_uri": {redirect}}.Encode(), u, consent)
}

// TestFillsForms has every kind of field on one page and looks at what is sent.
func TestFillsForms(t *testing.T) {
	t.Parallel()
	const fields = `<input type="hidden" name="h" value="1"><input name="a" autocomplete="username">
		<input name="b" type="password" autocomplete="current-password"><input name="c" autocomplete="one-time-code">`
	const question = fields + `<input type="checkbox" name="all" value="true"><button name="action" value="accept">Yes</button><button name="action" value="decline">No</button>`
	const rest = "&a=mara%40example.com&b=secret&c=123456&h=1"
	for name, row := range map[string]struct {
		fields  string
		consent webuser.Consent
		want    string
	}{
		"one button":       {fields + `<button name="action" value="next">Next</button>`, webuser.Decline, "action=next" + rest},
		"nameless button":  {fields + `<button>Next</button>`, webuser.Decline, rest[1:]},
		"declined":         {question, webuser.Decline, "action=decline" + rest},
		"accepted":         {question, webuser.Accept, "action=accept" + rest},
		"for organisation": {question, webuser.AcceptForOrganization, "action=accept&all=true" + rest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := site(t, map[string]http.HandlerFunc{
				"GET /start": show(form(row.fields)),
				"POST /next": func(w http.ResponseWriter, r *http.Request) {
					if err := r.ParseForm(); err != nil {
						t.Error(err)
					}
					w.Header().Set("Location", redirect+"?"+r.PostForm.Encode())
					w.WriteHeader(http.StatusFound)
				},
			})
			end, err := open(t.Context(), s, mara, row.consent)
			if err != nil {
				t.Fatal(err)
			}
			if got := end.RawQuery; sorted(got) != sorted(row.want) {
				t.Errorf("sent %s, want %s", got, row.want)
			}
		})
	}
}

func sorted(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return err.Error()
	}
	return values.Encode()
}

// TestEnds are the ways in which a sign-in can't go on.
func TestEnds(t *testing.T) {
	t.Parallel()
	user := form(`<input name="a" autocomplete="username"><button>Next</button>`)
	for name, row := range map[string]struct {
		pages map[string]http.HandlerFunc
		user  webuser.User
		code  int // of the page's refusal; 0 is ErrNotOffered
	}{
		"alert beside a form": {map[string]http.HandlerFunc{"GET /start": show(user), "POST /next": show(`<p role="alert">AADSTS50126: <b>No</b>.</p>` + user)}, mara, 50126},
		"page without a form": {map[string]http.HandlerFunc{"GET /start": show(`<p>Nothing here</p>`)}, mara, 0},
		"unknown field":       {map[string]http.HandlerFunc{"GET /start": show(form(`<input name="shoe-size">`))}, mara, 0},
		"nothing to fill in":  {map[string]http.HandlerFunc{"GET /start": show(form(`<input name="c" autocomplete="one-time-code">`))}, webuser.User{UserName: "x", Password: "y"}, 0},
		"no end":              {map[string]http.HandlerFunc{"GET /start": show(user), "POST /next": show(user)}, mara, 0},
		"redirects in a circle": {map[string]http.HandlerFunc{"GET /start": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/start")
			w.WriteHeader(http.StatusFound)
		}}, mara, 0},
		"no organisation": {map[string]http.HandlerFunc{"GET /start": show(form(`<button name="action" value="accept">Yes</button>`))}, mara, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			end, err := open(t.Context(), site(t, row.pages), row.user, webuser.AcceptForOrganization)
			var shown *webuser.Error
			switch {
			case row.code != 0 && (!errors.As(err, &shown) || shown.Code != row.code || shown.Text != "AADSTS50126: No."):
				t.Errorf("got %v %v, want AADSTS%d", end, err, row.code)
			case row.code == 0 && !errors.Is(err, webuser.ErrNotOffered):
				t.Errorf("got %v %v, want %v", end, err, webuser.ErrNotOffered)
			}
		})
	}
	s := site(t, map[string]http.HandlerFunc{"GET /start": func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "down", http.StatusServiceUnavailable)
	}})
	var shown *webuser.Error
	if _, err := open(t.Context(), s, mara, webuser.Accept); !errors.As(err, &shown) || shown.Status != http.StatusServiceUnavailable || shown.Code != 0 {
		t.Errorf("a page with an error status: %v", err)
	}
}

func TestDeviceCode(t *testing.T) {
	t.Parallel()
	s := site(t, map[string]http.HandlerFunc{
		"GET /start": show(form(`<input name="user_code" autocomplete="off"><button>Next</button>`)),
		"POST /next": func(w http.ResponseWriter, r *http.Request) {
			if r.PostFormValue("user_code") != "ABC" {
				http.Error(w, "wrong code", http.StatusBadRequest)
			}
		},
	})
	if err := webuser.ApproveDeviceCode(t.Context(), s.Client(), s.URL+"/start", "ABC", mara, webuser.Accept); err != nil {
		t.Error(err)
	}
	if err := webuser.ApproveDeviceCode(t.Context(), s.Client(), s.URL+"/start", "DEF", mara, webuser.Accept); err == nil {
		t.Error("a wrong code went through")
	}
}

func TestHonoursContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(ctx, site(t, nil), mara, webuser.Accept); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
