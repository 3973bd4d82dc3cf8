package signin

import (
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
)

// graphClaims are the claims by which an API knows its caller.
type graphClaims struct {
	jwt.RegisteredClaims
	TenantID  string   `json:"tid"`
	ClientID  string   `json:"appid"`
	ClientID2 string   `json:"azp"` // the same in tokens of version 2.0
	ObjectID  string   `json:"oid"`
	Kind      string   `json:"idtyp"`
	Roles     []string `json:"roles"`
	Scopes    string   `json:"scp"`
}

// Verify reads an access token that this platform signed. Whether it is for the API and still good is for the API to
// judge.
func (h *Handler) Verify(token string) (graph.Caller, error) {
	var claims graphClaims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithoutClaimsValidation())
	if _, err := parser.ParseWithClaims(token, &claims, h.publicKey); err != nil {
		return graph.Caller{}, fmt.Errorf("the token is not this platform's: %w", err)
	}
	if claims.Kind == "" {
		return graph.Caller{}, errors.New("an id token is not an access token")
	}
	caller := graph.Caller{
		TenantID: claims.TenantID, ClientID: firstOf(claims.ClientID, claims.ClientID2), Audience: strings.Join(claims.Audience, " "),
		Expires: claims.ExpiresAt.Time, Roles: claims.Roles, Scopes: strings.Fields(claims.Scopes),
	}
	if claims.Kind == "app" {
		caller.ServicePrincipalID = claims.ObjectID
		return caller, nil
	}
	caller.UserID = claims.ObjectID
	if sp, ok := h.cloud.Latest().ServicePrincipalByClientID(caller.TenantID, caller.ClientID); ok {
		caller.ServicePrincipalID = sp.String("id")
	}
	return caller, nil
}
