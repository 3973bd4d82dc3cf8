package signin

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
)

// userInfo tells who a token was issued for. The address is Microsoft Graph's, and so are its refusals; what it tells
// beside the subject follows from the OpenID Connect scopes in the token.
func userInfo(x *exchange) error {
	api := graph.Config{Cloud: x.h.cloud, Authority: x.h, Hosts: x.h.hosts}
	caller, err := api.Authenticate(x.r)
	var refusal *graph.Error
	if errors.As(err, &refusal) {
		return x.refuseAsGraph(refusal.Code, refusal.Message)
	}
	if err != nil {
		return err
	}
	account, ok := x.h.cloud.AccountOf(caller.UserID)
	if !ok || !x.h.hasUser(account) || !slices.Contains(caller.Scopes, "openid") {
		return x.refuseAsGraph("InvalidAuthenticationToken", "The token is of no user who has signed in with the scope openid.")
	}
	body := map[string]any{"sub": x.pairwise(account, caller.ClientID)}
	if slices.Contains(caller.Scopes, "profile") {
		given, family := names(account)
		body["name"], body["given_name"], body["family_name"] = account.DisplayName, given, family
	}
	if slices.Contains(caller.Scopes, "email") {
		body["email"] = account.UserName
	}
	return x.json(http.StatusOK, body)
}

func (x *exchange) refuseAsGraph(code, message string) error {
	x.w.Header().Set("WWW-Authenticate", "Bearer")
	return x.json(http.StatusUnauthorized, map[string]any{"error": map[string]any{"code": code, "message": message, "innerError": map[string]any{
		"date": x.now.UTC().Format(time.DateOnly + "T" + time.TimeOnly), "request-id": x.trace, "client-request-id": x.correlation}}})
}

// lacking answers for what the platform has and the emulator doesn't.
func lacking(x *exchange) error {
	return x.page(http.StatusNotImplemented, "message", pageData{Title: "Not emulated", Text: "The real platform answers here; the emulator doesn't play it."})
}

// errorPage is where the error_uri of a refusal leads.
func errorPage(x *exchange) error {
	return x.page(http.StatusOK, "message", pageData{Title: "Sign-in errors", Text: "The refusal itself says all that the emulator knows about its number."})
}
