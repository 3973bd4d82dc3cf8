package directory

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What a reply says was so when the request set out. One that takes longer than replicas lag tells nothing new.
func TestAReplyThatTakesItsTimeIsAsOldAsItsRequest(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, c *Client, f *fakeGraph, app *Application){
		"read": func(t *testing.T, c *Client, f *fakeGraph, app *Application) {
			f.answer = onceSlow("GET", f.answer, notFound())
			if _, err := c.Application(t.Context(), app.ID); err != nil {
				t.Error(err)
			}
		},
		"write": func(t *testing.T, c *Client, f *fakeGraph, app *Application) {
			f.answer = onceSlow("PATCH", f.answer, notFound())
			yes := true
			if _, err := c.SetPublicClient(t.Context(), app.ID, &yes); err != nil {
				t.Error(err)
			}
		},
		"service principal": func(t *testing.T, c *Client, f *fakeGraph, app *Application) {
			missing := answer{status: 400, body: object{"error": object{"code": "Request_BadRequest", "details": []object{{"code": "NoBackingApplicationObject"}}}}}
			f.answer = onceSlow("POST", func(string, string, int) answer { return answer{status: 201, body: spJSON(nil)} }, missing)
			if _, _, err := c.CreateServicePrincipal(t.Context(), ServicePrincipalSpec{ClientID: app.ClientID}, ServicePrincipalFields{}, false); err != nil {
				t.Error(err)
			}
		},
		"refresh": func(t *testing.T, c *Client, f *fakeGraph, app *Application) {
			f.answer = onceSlow("GET", f.answer, answer{status: 200, body: appJSON(nil)})
			look := func(ctx context.Context) (*Application, error) { return c.Application(ctx, app.ID) }
			for range 2 {
				if _, err := ReadSettled(t.Context(), c, Memory{At: time.Now(), Created: true}, look, (*Application).Properties); err != nil {
					t.Error(err)
				}
			}
			if n := f.count("GET /applications/"); n != 3 {
				t.Errorf("%d reads, want one to settle the creation, the slow one, and another: what that showed is too old", n)
			}
		},
	}
	for name, act := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				state := newFakeApplication()
				c, f := newFake(t, state.answer)
				app, _, err := c.CreateApplication(t.Context(), ApplicationSpec{DisplayName: "Mail import"}, CreateOptions{})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Second) // virtual
				act(t, c, f, app)
			})
		})
	}
}

// The next process judges by when it asked, too.
func TestASlowReadAfterACreateIsAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := newFake(t, nil)
		reads := 0
		_, err := ReadSettled(t.Context(), c, Memory{At: time.Now(), Created: true}, func(context.Context) (*Secret, error) {
			if reads++; reads > 1 {
				return &Secret{}, nil
			}
			time.Sleep(70 * time.Second) // virtual
			return nil, &Error{Kind: KindNotFound, Err: errors.New("no such secret")}
		}, func(*Secret) Properties { return Properties{} })
		if err != nil {
			t.Error(err)
		}
	})
}

// onceSlow answers the first request of a kind after more than a minute.
func onceSlow(kind string, otherwise func(string, string, int) answer, slow answer) func(string, string, int) answer {
	done := false
	slow.after = 70 * time.Second
	return func(line, body string, seen int) answer {
		if !done && strings.HasPrefix(line, kind) {
			done = true
			return slow
		}
		return otherwise(line, body, seen)
	}
}
