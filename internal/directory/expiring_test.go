package directory

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// report is ten applications with one secret each, of which the nth ends in n days.
func report(start time.Time, owners func(body string, seen int) answer) func(line, body string, seen int) answer {
	return func(line, body string, seen int) answer {
		switch {
		case strings.HasPrefix(line, "GET /applications?"):
			var apps []object
			for n := range 10 {
				apps = append(apps, object{
					"id": fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", n), "appId": fmt.Sprintf("bbbbbbbb-0000-4000-8000-%012d", n),
					"displayName": "Product", "keyCredentials": []object{},
					"passwordCredentials": []object{password(keyNumber(n), "s", start.AddDate(-1, 0, 0), start.AddDate(0, 0, n))},
				})
			}
			slices.Reverse(apps)
			return answer{status: 200, body: list(apps...)}
		case line == "POST /$batch":
			return owners(body, seen)
		case strings.HasSuffix(line, "/owners?$select=id"):
			return answer{status: 200, body: list(object{"id": "by itself"})}
		}
		return answer{}
	}
}

// batchOf answers the two requests of a batch.
func batchOf(first, second object) answer {
	return answer{status: 200, body: object{"responses": []object{ // in any order
		{"id": "1", "status": second["status"], "body": second["body"]}, {"id": "0", "status": first["status"], "body": first["body"]},
	}}}
}

// What a batch doesn't answer in full is asked for by itself; what it answers is not asked again.
func TestOwnersThatABatchDoesNotGive(t *testing.T) {
	t.Parallel()
	good := object{"status": 200, "body": list(object{"id": "z"}, object{"id": "in a batch"})}
	for name, c := range map[string]struct {
		owners func(string, int) answer
		want   []string // the owners of both
		alone  int
	}{
		"all there":        {func(string, int) answer { return batchOf(good, good) }, []string{"in a batch", "z"}, 0},
		"one is throttled": {func(string, int) answer { return batchOf(object{"status": 429, "body": object{}}, good) }, nil, 1},
		"one isn't JSON":   {func(string, int) answer { return batchOf(object{"status": 200, "body": "PGh0bWw-"}, good) }, nil, 1},
		"one lacks a list": {func(string, int) answer { return batchOf(object{"status": 200, "body": object{}}, good) }, nil, 1},
		"one has more pages": {func(string, int) answer {
			return batchOf(object{"status": 200, "body": object{"value": []object{}, "@odata.nextLink": testEndpoint + "/v1.0/next"}}, good)
		}, nil, 1},
		"the reply is lost": {func(string, int) answer { return answer{lost: true} }, []string{"by itself"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				now := time.Now()
				c2, f := newFake(t, report(now, c.owners))
				found, err := c2.ExpiringCredentials(t.Context(), ExpiringFilter{Before: now.AddDate(0, 0, 1)})
				if err != nil || len(found) != 2 {
					t.Fatalf("%v, %v, want two credentials", found, err)
				}
				if n := f.count("GET /applications/"); n != c.alone {
					t.Errorf("%d applications were asked for by themselves, want %d: %q", n, c.alone, f.lines())
				}
				for _, credential := range found {
					if c.want != nil && !slices.Equal(credential.Owners, c.want) || len(credential.Owners) == 0 {
						t.Errorf("owners are %q, want %q", credential.Owners, c.want)
					}
				}
			})
		})
	}
}

// A refusal of the whole batch is the answer, with the permission that it takes.
func TestOwnersRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := newFake(t, report(time.Now(), func(string, int) answer {
			return refusal(403, "Authorization_RequestDenied", "Insufficient privileges")
		}))
		_, err := c.ExpiringCredentials(t.Context(), ExpiringFilter{Before: time.Now()})
		wantKind(t, err, KindForbidden)
		if got := errorOf(err).Permissions; !slices.Equal(got, []string{"Application.Read.All"}) {
			t.Errorf("needs %q", got)
		}
	})
}

// The ends are inclusive towards the future and exclusive towards the past, as a secret is refused at its very end.
func TestExpiringBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		c, f := newFake(t, report(now, func(string, int) answer { return answer{fail: io.ErrUnexpectedEOF} }))
		for _, b := range []struct {
			after, before time.Time
			want          []int
		}{
			{time.Time{}, now.Add(-time.Second), nil},
			{time.Time{}, now, []int{0}},
			{now, now.AddDate(0, 0, 2), []int{1, 2}},
			{now.Add(-time.Second), now.AddDate(0, 0, 1), []int{0, 1}},
		} {
			found, err := c.ExpiringCredentials(t.Context(), ExpiringFilter{After: b.after, Before: b.before})
			if err != nil {
				t.Fatal(err)
			}
			var want, got []string
			for _, n := range b.want {
				want = append(want, keyNumber(n))
			}
			for _, credential := range found {
				got = append(got, credential.KeyID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("from %s to %s: %q, want %q", b.after, b.before, got, want)
			}
		}
		line := f.lines()[0]
		if line != "GET /applications?$select=id,appId,displayName,passwordCredentials,keyCredentials&$top=999" {
			t.Errorf("the first request is %s", line)
		}
	})
}

// Credentials that end at the same time keep one order, whatever Graph's is.
func TestExpiringOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(time.Hour)
		secret := func(n int) object { return password(keyNumber(n), "s", end.AddDate(-1, 0, 0), end) }
		app := func(n int, name string, secrets, keys []object) object {
			return object{"id": fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", n), "appId": fmt.Sprintf("bbbbbbbb-0000-4000-8000-%012d", n),
				"displayName": name, "passwordCredentials": secrets, "keyCredentials": keys}
		}
		apps := []object{
			app(3, "B", []object{secret(5)}, nil), app(2, "A", []object{secret(4)}, nil),
			app(1, "A", []object{secret(3), secret(2)}, []object{secret(1)}),
		}
		seen := 0
		c, _ := newFake(t, func(line, _ string, n int) answer {
			if line == "POST /$batch" {
				return answer{status: 200, body: object{"responses": []object{}}}
			}
			if strings.HasSuffix(line, "/owners?$select=id") {
				return answer{status: 200, body: list()}
			}
			if seen = n; n%2 == 1 {
				slices.Reverse(apps)
			}
			return answer{status: 200, body: list(apps...)}
		})
		for range 4 {
			found, err := c.ExpiringCredentials(t.Context(), ExpiringFilter{Before: end})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range found {
				got = append(got, f.KeyID)
			}
			if want := []string{keyNumber(2), keyNumber(3), keyNumber(1), keyNumber(4), keyNumber(5)}; !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		}
		if seen != 3 {
			t.Errorf("the applications were listed %d times, want 4", seen+1)
		}
	})
}
