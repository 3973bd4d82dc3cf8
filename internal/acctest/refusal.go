package acctest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

// refused is where a context keeps the AADSTS numbers of the last reply that refused a sign-in. Microsoft's libraries
// keep them in the text of their errors only: some have read the reply before anybody else can.
type refused struct{}

// refusal signs in, and gives the AADSTS numbers with which that failed, none for another failure.
func refusal(ctx context.Context, signIn func(context.Context) (Claims, error)) ([]int, error) {
	var numbers []int
	_, err := signIn(context.WithValue(ctx, refused{}, &numbers))
	var shown *webuser.Error
	if errors.As(err, &shown) {
		return []int{shown.Code}, err
	}
	return numbers, err
}

// noting hands the numbers of replies that refuse to the context of the request.
type noting struct {
	http.RoundTripper
}

// RoundTrip makes the request.
func (n noting) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := n.RoundTripper.RoundTrip(req)
	numbers, wanted := req.Context().Value(refused{}).(*[]int)
	if err != nil || !wanted || resp.StatusCode < http.StatusBadRequest {
		return resp, err
	}
	text, err := runtime.Payload(resp) // It can be read again.
	if err != nil {
		return nil, err
	}
	var body struct {
		Numbers []int `json:"error_codes"`
	}
	if json.Unmarshal(text, &body) == nil { // A page is no JSON; webuser reads its number.
		*numbers = body.Numbers
	}
	return resp, nil
}
