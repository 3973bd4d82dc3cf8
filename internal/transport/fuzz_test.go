package transport

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"
)

// FuzzRetryAfter: no header makes a wait negative or longer than it can say.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "1", "2.128", "-1", "1e300", "NaN", "Inf", "0x1p4", " 5 ", "Fri, 20 Nov 2026 09:00:00 GMT", "Friday, 20-Nov-26 09:00:00 GMT"} {
		f.Add(seed, "Fri, 20 Nov 2026 08:59:00 GMT")
	}
	f.Add("Fri, 10 Nov 9999 00:00:00 GMT", "Fri, 10 Nov 0000 00:00:00 GMT")
	f.Fuzz(func(t *testing.T, after, date string) {
		wait, told := retryAfter(&http.Response{Header: http.Header{"Retry-After": {after}, "Date": {date}}})
		if wait < 0 || wait >= absurd || !told && wait != 0 {
			t.Errorf("%q at %q: %v, %v", after, date, wait, told)
		}
		w := &Window{}
		w.extend(wait, verdict{}, "x")
		if left, _ := w.Remaining(); left > wait+time.Second {
			t.Errorf("%v is left of %v", left, wait)
		}
	})
}

// FuzzFlaw: any reply can be judged, is left as it was, and passes for one of Graph only as a JSON object, a refusal with
// Graph's error, or an empty one where Graph has none.
func FuzzFlaw(f *testing.F) {
	for _, seed := range []string{"", "{}", "null", `{"error":{}}`, `{"error":{"code":"x"}}`, `{"error":5}`, "<html>", `{"a":`} {
		f.Add(200, "application/json", seed, "")
		f.Add(404, "application/json; charset=utf-8", seed, "")
		f.Add(302, "text/html", seed, "https://x.example/\x00")
	}
	f.Fuzz(func(t *testing.T, status int, contentType, body, location string) {
		resp := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}, "Location": {location}},
			Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body))}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			req := &http.Request{Method: method}
			why := flaw(req, resp)
			judge(req, resp, nil)
			if why == "" && status == http.StatusNotFound && errorCode(resp) == "" && !bytes.Contains([]byte(body), []byte("{")) {
				t.Errorf("%q passes for Graph's 404", body)
			}
			if left, err := io.ReadAll(resp.Body); err != nil || string(left) != body {
				t.Errorf("%q is left of %q (%v)", left, body, err)
			}
			resp.Body = io.NopCloser(bytes.NewReader([]byte(body)))
		}
	})
}
