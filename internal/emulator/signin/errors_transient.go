package signin

import "net/http"

// The numbers that a fault answers with unless it names one.
const (
	TransientNumber = 90033
	ThrottledNumber = 90055
)

const codeTemporary = "temporarily_unavailable"

// transient is a refusal of a kind that passes. The statuses of all but 50196 are uncertain.
func transient(number int) *Error {
	switch number {
	case 50196:
		return refuse(50196, http.StatusBadRequest, codeInvalidGrant, "A loop of requests was detected. Check that the application keeps the tokens it is given.")
	case 90006:
		return refuse(90006, http.StatusServiceUnavailable, codeTemporary, "The service is temporarily unavailable. Please retry later.")
	case 90012:
		return refuse(90012, http.StatusServiceUnavailable, codeTemporary, "The request has timed out. Please retry later.")
	case 90024:
		return refuse(90024, http.StatusServiceUnavailable, codeTemporary, "The request's budget was exceeded. A transient error has occurred.")
	case ThrottledNumber:
		return refuse(90055, http.StatusTooManyRequests, codeTemporary, "The tenant has sent too many requests.")
	}
	return refuse(90033, http.StatusServiceUnavailable, codeTemporary, "A transient error has occurred. Please try again.")
}

// Fail answers a request as a platform in trouble does, in the form of its endpoint: with an AADSTS number of those that
// a fault may name, and the number's own status unless another is given.
func (h *Handler) Fail(w http.ResponseWriter, r *http.Request, number, status int) {
	refusal := transient(number)
	if status != 0 {
		refusal.Status = status
	}
	render := renderPage
	if _, pattern := h.mux.Handler(r); h.renderers[pattern] != nil {
		render = h.renderers[pattern]
	}
	h.handle(func(*exchange) error { return refusal }, render).ServeHTTP(w, r)
}
