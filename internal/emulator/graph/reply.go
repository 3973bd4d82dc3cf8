package graph

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Reply is an answer, ready to be written.
type Reply struct {
	Status    int
	Header    http.Header
	Body      []byte
	RequestID string
	ClientID  string // of the caller, "" when the token said nothing
}

// result is what a handler answers: a document, a list, or nothing (a nil body).
type result struct {
	status int
	body   tenant.Doc
	text   string // instead of a body
	media  string // of the text; "" is plain text
}

// one answers with an entity. Replies to writes are exact to seven digits, reads to the second.
func (c *call) one(status int, set, entity string, doc tenant.Doc, exact bool) (*result, error) {
	body, err := c.shape(entity, doc, exact)
	if err != nil {
		return nil, err
	}
	body["@odata.context"] = c.context(set) + "/$entity"
	return &result{status: status, body: body}, nil
}

func (c *call) context(set string) string {
	shown := c.query.Select
	if e := c.query.Expand; e != nil {
		shown = append(slices.Clone(shown), e.Name+"("+strings.Join(e.Select, ",")+")")
	}
	if len(shown) > 0 {
		set += "(" + strings.Join(shown, ",") + ")"
	}
	return c.baseURL + "/$metadata#" + set
}

func nothing() (*result, error) { return &result{status: http.StatusNoContent}, nil }

// render writes results and errors with the headers of the real service.
func (s *Server) render(r *http.Request, res *result, err error) *Reply {
	requestID := uuid.NewString()
	clientRequestID := r.Header.Get("client-request-id")
	if clientRequestID == "" {
		clientRequestID = requestID
	}
	h := http.Header{}
	h.Set("request-id", requestID)
	h.Set("client-request-id", clientRequestID)
	h.Set("x-ms-ags-diagnostic", `{"ServerInfo":{"DataCenter":"Emulator","Slice":"E","Ring":"4","ScaleUnit":"000","RoleInstance":"EM0000000"}}`)
	h.Set("x-ms-resource-unit", "1")
	h.Set("OData-Version", "4.0")
	h.Set("Cache-Control", "no-cache")
	h.Set("Strict-Transport-Security", "max-age=31536000")
	h.Set("Vary", "Accept-Encoding")
	reply := &Reply{Header: h, RequestID: requestID}
	if err == nil && res.text != "" {
		h.Set("Content-Type", cmp.Or(res.media, "text/plain"))
		reply.Status, reply.Body = res.status, []byte(res.text)
		return reply
	}
	var body any
	if err != nil {
		e := asError(err)
		reply.Status = e.Status
		body = envelope(e, s.Cloud.Now(), requestID, clientRequestID)
		if e.RetryAfter != "" {
			h.Set("Retry-After", e.RetryAfter)
		}
	} else {
		reply.Status = res.status
		if res.body != nil {
			body = res.body
		}
	}
	if body != nil {
		reply.SetJSON("application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8", body)
	}
	return reply
}

// SetJSON gives the answer a body and its media type. It panics if JSON can't hold the body.
func (r *Reply) SetJSON(media string, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("a reply that JSON can't hold: %v", err))
	}
	r.Header.Set("Content-Type", media)
	r.Body = text
}

func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return ServerError(http.StatusInternalServerError, "")
}

func envelope(e *Error, now time.Time, requestID, clientRequestID string) map[string]any {
	inner := map[string]any{"date": now.UTC().Format("2006-01-02T15:04:05"), "request-id": requestID,
		"client-request-id": clientRequestID}
	if e.Status == http.StatusTooManyRequests {
		inner["code"], inner["status"], inner["message"] = "429", "429", "Please retry after"
	}
	out := map[string]any{"code": e.Code, "message": e.Message, "innerError": inner}
	if len(e.Details) > 0 {
		out["details"] = e.Details
	}
	return map[string]any{"error": out}
}
