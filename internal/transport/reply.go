package transport

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"regexp"
)

// flaw says why a reply can't be one of Microsoft Graph, "" when it can. Between Graph and us are proxies, portals that
// want a login first, and gateways that cut a reply short; and the endpoint may be set to something else altogether.
// What they answer must neither pass for a success nor, above all, for the 404 of an object that is gone.
func flaw(req *http.Request, resp *http.Response) string {
	switch status := resp.StatusCode; {
	case status < http.StatusMultipleChoices:
		// A write needs no body where Graph itself answers; whether an object is missing in it is for the caller to say.
		if resp.ContentLength == 0 && !isRead(req.Method) && (status == http.StatusNoContent || RequestID(resp.Header) != "") {
			return ""
		}
		return notAnObject(resp)
	case status < http.StatusBadRequest:
		return badRedirect(req, resp)
	case status == http.StatusUnauthorized, status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		// The front ends of Graph refuse these without its body at times, and the status says enough.
		if resp.ContentLength == 0 {
			return ""
		}
	}
	if why := notAnObject(resp); why != "" {
		return why
	}
	if envelope, ok := readEnvelope(resp); !ok || envelope.Error == nil {
		return "it holds no error"
	}
	return ""
}

// notAnObject says why the body is no JSON object, which every body of Graph is.
func notAnObject(resp *http.Response) string {
	body := peek(resp)
	if len(body) == 0 {
		return "it is empty"
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return "it is not JSON"
	}
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) || !json.Valid(body) {
		return "its JSON is broken"
	}
	if maybeNull.Match(body) && holdsNullElement(body) {
		return "a list in it holds null"
	}
	return ""
}

// maybeNull finds what can be a null in a list, or a text that looks like one; it is rare in a reply.
var maybeNull = regexp.MustCompile(`[\[,]\s*null\b`)

// holdsNullElement tells whether a list in a JSON document has null for an element. Graph never sends one, and the SDK
// leaves them to be stumbled over.
func holdsNullElement(document []byte) bool {
	d := json.NewDecoder(bytes.NewReader(document))
	var lists []bool // which of the values that are open are lists
	for {
		token, err := d.Token()
		if err != nil {
			return false // the end: the document is valid
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			lists = append(lists, token == json.Delim('['))
		case json.Delim(']'), json.Delim('}'):
			lists = lists[:len(lists)-1]
		case nil:
			if len(lists) > 0 && lists[len(lists)-1] {
				return true
			}
		}
	}
}

// badRedirect says why a redirect is not to be followed. A write is not: it would become a read on the way.
func badRedirect(req *http.Request, resp *http.Response) string {
	to, err := resp.Location()
	switch {
	case err != nil:
		return "it redirects to nowhere"
	case !isRead(req.Method):
		return "it redirects a write to " + originOf(to)
	}
	return ""
}

// envelope is what Graph wraps an error in. Code may be empty: older services leave it out.
type envelope struct {
	Error *struct {
		Code string `json:"code"`
	} `json:"error"`
}

func readEnvelope(resp *http.Response) (e envelope, ok bool) {
	return e, json.Unmarshal(peek(resp), &e) == nil
}

// errorCode is Graph's error code, "" where there is none: then the status alone counts.
func errorCode(resp *http.Response) string {
	if e, ok := readEnvelope(resp); ok && e.Error != nil {
		return e.Error.Code
	}
	return ""
}

// peek reads the body and leaves it as it was.
func peek(resp *http.Response) []byte {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil // can't happen: exchange has read the reply into memory
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return body
}

// unexpected is the error of a reply with a flaw.
func unexpected(service string, resp *http.Response, why string) *UnexpectedReplyError {
	return &UnexpectedReplyError{
		Service: service, Status: resp.StatusCode, ContentType: resp.Header.Get("Content-Type"), RequestID: RequestID(resp.Header), Flaw: why,
	}
}
