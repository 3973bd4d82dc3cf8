package graph

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const (
	batchPath = "/$batch"
	// mostBatched is how many requests one batch may hold.
	mostBatched = 20
)

// batched is a request inside a batch.
type batched struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// key is the id as others refer to it: without regard to case.
func (b batched) key() string { return strings.ToLower(b.ID) }

// batch answers several requests one after the other, each as if it had come alone with the caller's token.
func batch(c *call) (*result, error) {
	requests, err := c.batched()
	if err != nil {
		return nil, err
	}
	failed := map[string]bool{}
	responses := make([]any, 0, len(requests))
	for _, item := range requests {
		var response tenant.Doc
		if slices.ContainsFunc(item.DependsOn, func(id string) bool { return failed[strings.ToLower(id)] }) {
			response = batchResponse(item.ID, c.render(c.r, nil, failedDependency()))
		} else {
			response = batchResponse(item.ID, c.serveBatched(item))
		}
		status, ok := response["status"].(int)
		failed[item.key()] = !ok || status >= http.StatusBadRequest
		responses = append(responses, response)
	}
	return &result{status: http.StatusOK, body: tenant.Doc{"responses": responses}}, nil
}

// batched reads the requests of a batch. A request may wait for earlier ones only.
func (c *call) batched() ([]batched, error) {
	var parcel struct {
		Requests []batched `json:"requests"`
	}
	if json.Unmarshal(c.body, &parcel) != nil || len(parcel.Requests) == 0 {
		return nil, malformedBatch("it holds no requests")
	}
	if len(parcel.Requests) > mostBatched {
		return nil, malformedBatch("it holds more than 20 requests")
	}
	known := map[string]bool{}
	for _, item := range parcel.Requests {
		switch {
		case item.ID == "" || item.Method == "" || item.URL == "":
			return nil, malformedBatch("a request lacks its id, method or url")
		case known[item.key()]:
			return nil, malformedBatch("the id '" + item.ID + "' occurs twice")
		case slices.ContainsFunc(item.DependsOn, func(id string) bool { return !known[strings.ToLower(id)] }):
			return nil, malformedBatch("the request '" + item.ID + "' depends on one that doesn't come before it")
		}
		known[item.key()] = true
	}
	return parcel.Requests, nil
}

// serveBatched answers one request of a batch.
func (c *call) serveBatched(item batched) *Reply {
	target, err := url.Parse(c.baseURL + item.URL)
	if err != nil || !strings.HasPrefix(item.URL, "/") || strings.EqualFold(strings.TrimPrefix(target.Path, "/"+version(c.r)), batchPath) {
		return c.render(c.r, nil, unknownSegment(item.URL))
	}
	body, header := item.payload()
	header.Set("Authorization", c.r.Header.Get("Authorization"))
	inner := c.r.Clone(c.r.Context())
	inner.Method, inner.URL, inner.RequestURI, inner.Header = strings.ToUpper(item.Method), target, "", header
	inner.ContentLength, inner.Body = int64(len(body)), io.NopCloser(bytes.NewReader(body))
	return c.Serve(inner, body)
}

// payload gives the body of a request and its headers. What isn't JSON comes as base64url text.
func (b batched) payload() ([]byte, http.Header) {
	header := http.Header{}
	for name, value := range b.Headers {
		header.Set(name, value)
	}
	if string(b.Body) == "null" {
		return nil, header
	}
	var text string
	if !strings.HasPrefix(strings.ToLower(header.Get("Content-Type")), "application/json") && json.Unmarshal(b.Body, &text) == nil {
		if raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "=")); err == nil {
			return raw, header
		}
	}
	return b.Body, header
}

// batchResponse is a reply as a batch shows it.
func batchResponse(id string, reply *Reply) tenant.Doc {
	headers, body := map[string]string{}, any(nil)
	if len(reply.Body) > 0 {
		for _, name := range []string{"Cache-Control", "x-ms-resource-unit", "OData-Version", "Content-Type", "Retry-After", "Location"} {
			if value := reply.Header.Get(name); value != "" {
				headers[name] = value
			}
		}
		if body = json.RawMessage(reply.Body); !json.Valid(reply.Body) || !strings.Contains(headers["Content-Type"], "json") {
			body = base64.RawURLEncoding.EncodeToString(reply.Body)
		}
	}
	return tenant.Doc{"id": id, "status": reply.Status, "headers": headers, "body": body}
}

func malformedBatch(why string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "BadRequest", Message: "Invalid batch payload: " + why + "."}
}

func failedDependency() *Error {
	return &Error{Status: http.StatusFailedDependency, Code: "FailedDependency",
		Message: "A request that this one depends on has failed."}
}
