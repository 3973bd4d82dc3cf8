package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/golang-jwt/jwt/v5"

	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

// The identity platform's numbers for a secret and for an application that it does not (any longer) know.
const (
	wrongSecret        = 7000215
	unknownApplication = 700016
)

// settleTimeout is how long the identity platform may take to notice a change: it learns of one later than Graph.
const settleTimeout = 30 * time.Second

// product signs in as the mail-import product would, through Microsoft's own client library.
type product struct {
	emulator *emulator
	handed   handedOver
}

func (p product) options() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: p.emulator.BaseURL},
		Transport: p.emulator.client,
	}
}

// withSecret signs in as the application itself.
func (p product) withSecret(ctx context.Context, secret string) (jwt.MapClaims, error) {
	cred, err := azidentity.NewClientSecretCredential(p.handed.TenantID, p.handed.ClientID, secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: p.options(), DisableInstanceDiscovery: true})
	if err != nil {
		return nil, err
	}
	return p.claims(ctx, cred, ".default")
}

// withDeviceCode signs in as a user: the product shows a code, and the user types it into a page. Nobody is asked for
// consent, because the administrator gave it; a user who is asked nevertheless declines, and the sign-in fails.
func (p product) withDeviceCode(ctx context.Context, u webuser.User, scopes ...string) (jwt.MapClaims, error) {
	cred, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
		ClientOptions: p.options(), DisableInstanceDiscovery: true,
		TenantID: p.handed.TenantID, ClientID: p.handed.ClientID,
		UserPrompt: func(ctx context.Context, m azidentity.DeviceCodeMessage) error {
			return webuser.ApproveDeviceCode(ctx, p.emulator.client, m.VerificationURL, m.UserCode, u, webuser.Decline)
		},
	})
	if err != nil {
		return nil, err
	}
	return p.claims(ctx, cred, scopes...)
}

// claims gets a token for Graph and reads it. Its signature is Graph's business.
func (p product) claims(ctx context.Context, cred azcore.TokenCredential, scopes ...string) (jwt.MapClaims, error) {
	var full []string
	for _, scope := range scopes {
		full = append(full, p.emulator.BaseURL+"/"+scope)
	}
	token, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: full})
	if err != nil {
		return nil, err
	}
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token.Token, claims); err != nil {
		return nil, fmt.Errorf("reading the token: %w", err)
	}
	return claims, nil
}

// refused waits until the identity platform refuses the secret with this number.
func (p product) refused(ctx context.Context, secret string, number int) error {
	return eventually(ctx, func() (bool, error) {
		_, err := p.withSecret(ctx, secret)
		if err == nil {
			return false, nil
		}
		if got := refusal(err); !slices.Contains(got, number) {
			return false, fmt.Errorf("refused with %v, not with AADSTS%d: %w", got, number, err)
		}
		return true, nil
	})
}

// accepted waits until the identity platform accepts the secret.
func (p product) accepted(ctx context.Context, secret string) (claims jwt.MapClaims, err error) {
	err = eventually(ctx, func() (bool, error) {
		claims, err = p.withSecret(ctx, secret)
		if slices.Contains(refusal(err), wrongSecret) || slices.Contains(refusal(err), unknownApplication) {
			return false, nil
		}
		return err == nil, err
	})
	return claims, err
}

// eventually asks again until the answer is yes or an error.
func eventually(ctx context.Context, ask func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		done, err := ask()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the identity platform took more than %s to notice: %w", settleTimeout, ctx.Err())
		case <-tick.C:
		}
	}
}

// refusal gives the AADSTS numbers of a refused sign-in, none for another failure.
func refusal(err error) []int {
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse == nil {
		return nil
	}
	var body struct {
		Codes []int `json:"error_codes"`
	}
	if json.NewDecoder(failed.RawResponse.Body).Decode(&body) != nil {
		return nil
	}
	return body.Codes
}

// leftovers lists, as the automation application, what the directory still shows of the product's application.
func (p product) leftovers(ctx context.Context) ([]string, error) {
	e := p.emulator
	cred, err := azidentity.NewClientSecretCredential(e.TenantID, e.ClientID, e.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: p.options(), DisableInstanceDiscovery: true})
	if err != nil {
		return nil, err
	}
	token, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{e.BaseURL + "/.default"}})
	if err != nil {
		return nil, err
	}
	var left []string
	for _, collection := range []string{"applications", "servicePrincipals"} {
		found, err := p.find(ctx, token.Token, collection)
		if err != nil {
			return nil, err
		}
		left = append(left, found...)
	}
	return left, nil
}

// find asks Graph for the objects with the application's client id.
func (p product) find(ctx context.Context, token, collection string) (found []string, err error) {
	url := fmt.Sprintf("%s/v1.0/%s?$filter=appId%%20eq%%20'%s'", p.emulator.BaseURL, collection, p.handed.ClientID)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := p.emulator.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("listing %s: %s", collection, resp.Status)
	}
	var page struct {
		Value []struct {
			ID string `json:"id"`
		} `json:"value"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		return nil, fmt.Errorf("listing %s: %w", collection, err)
	}
	for _, object := range page.Value {
		found = append(found, collection+"/"+object.ID)
	}
	return found, nil
}

// text reads a claim for the reader.
func text(claims jwt.MapClaims, name string) string {
	v, ok := claims[name]
	if !ok {
		return "none"
	}
	return strings.Trim(fmt.Sprint(v), "[]")
}
