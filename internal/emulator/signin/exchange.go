package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
)

// exchange is one request and its reply.
type exchange struct {
	h           *Handler
	w           http.ResponseWriter
	r           *http.Request
	origin      string // where the client believes to be: https and the Host header
	trace       string
	correlation string
	now         time.Time
}

type handlerFunc func(*exchange) error

// renderer answers with a refusal.
type renderer func(*exchange, *Error) error

// handle runs f and has its error rendered: the only place where refusals become replies.
func (h *Handler) handle(f handlerFunc, render renderer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{h: h, w: w, r: r, origin: "https://" + r.Host, trace: uuid.NewString(), now: h.now()}
		x.correlation = x.correlationID()
		x.commonHeaders()
		err := f(x)
		if err == nil {
			return
		}
		var refusal *Error
		if !errors.As(err, &refusal) {
			h.log.ErrorContext(r.Context(), "sign-in failed", "path", r.URL.Path, "error", err)
			refusal = transient(TransientNumber)
		}
		if err := render(x, refusal); err != nil {
			h.log.ErrorContext(r.Context(), "rendering a refusal failed", "path", r.URL.Path, "error", err)
		}
	})
}

func (x *exchange) correlationID() string {
	for _, given := range []string{x.r.Header.Get("client-request-id"), x.r.URL.Query().Get("client-request-id")} {
		if id, err := uuid.Parse(given); err == nil {
			return id.String()
		}
	}
	return uuid.NewString()
}

func (x *exchange) commonHeaders() {
	head := x.w.Header()
	head.Set("Cache-Control", "no-store, no-cache")
	head.Set("Pragma", "no-cache")
	head.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("P3P", `CP="DSP CUR OTPi IND OTRi ONL FIN"`)
	head.Set("x-ms-request-id", x.trace)
	head.Set("x-ms-ests-server", "2.1.11722.21 - EMULATOR")
	if x.r.Header.Get("return-client-request-id") == "true" {
		head.Set("client-request-id", x.correlation)
	}
}

// post reads the form of a POST; values in the query are ignored, as clients put their telemetry there.
func (x *exchange) post() (url.Values, error) {
	if x.r.Method != http.MethodPost {
		return nil, errPostOnly(x.r.Method)
	}
	if err := x.r.ParseForm(); err != nil {
		return nil, errMalformed()
	}
	return x.r.PostForm, nil
}

func (x *exchange) json(status int, body any) error {
	x.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	x.w.WriteHeader(status)
	return json.NewEncoder(x.w).Encode(body)
}

const timestampLayout = "2006-01-02 15:04:05Z"

// describe is the text with the trailer by which the platform's operators find a request.
func (x *exchange) describe(e *Error) string {
	return fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s", e.Error(), x.trace, x.correlation, x.now.UTC().Format(timestampLayout))
}

func renderJSON(x *exchange, e *Error) error {
	e = x.h.asRead(e)
	body := map[string]any{
		"error": e.Code, "error_description": x.describe(e), "error_codes": []int{e.Number},
		"timestamp": x.now.UTC().Format(timestampLayout), "trace_id": x.trace, "correlation_id": x.correlation,
	}
	if e.hasURI() {
		body["error_uri"] = x.errorURI(e)
	}
	if e.SubError != "" {
		body["suberror"] = e.SubError
	}
	if e.Claims != "" {
		body["claims"] = e.Claims
	}
	return x.json(e.Status, body)
}

func (x *exchange) errorURI(e *Error) string {
	return fmt.Sprintf("%s/error?code=%d", x.origin, e.Number)
}

// asRead is the refusal as the readings have it. Only programs are told of them: on a page they make no difference.
func (h *Handler) asRead(e *Error) *Error {
	readings, out := h.reading(), *e
	switch {
	case readings.MissingCredentialIs400 && (e.Number == 7000218 || e.Number == 7000216):
		out.Status = http.StatusBadRequest
	case readings.StrongAuthentication && e.Number == 50076:
		out = *errStrongAuthenticationNeeded()
	case readings.MissingFieldIs90014 && e.Number == 900144 && e.about != "grant_type" && e.about != "client_id":
		out = *errMissingField(e.about)
	case readings.InvalidScopeIs28002 && e.Number == 70011:
		out = *errTokenScope(e.about)
	}
	if readings.InteractionRequired && slices.Contains([]int{50074, 50079, 50158}, out.Number) {
		out.Code = codeInteractionRequired
	}
	out.Claims = e.Claims
	return &out
}
