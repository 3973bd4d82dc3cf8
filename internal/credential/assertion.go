package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// exchangeAudience is the audience that Entra expects of an assertion, unless the federated credential says otherwise.
const exchangeAudience = "api://AzureADTokenExchange"

// devOpsAPIVersion is that of Azure DevOps' call for an assertion.
const devOpsAPIVersion = "7.1"

// Assertion says where the assertion of another identity provider comes from: AssertionText, AssertionFile or
// AssertionRequest.
type Assertion interface {
	fetch(ctx context.Context, p runtime.Pipeline) (string, error)
}

// AssertionText is an assertion that is at hand. It is a function so that it never prints.
type AssertionText func() string

func (a AssertionText) fetch(context.Context, runtime.Pipeline) (string, error) { return a(), nil }

// AssertionFile is the path of a file that somebody keeps fresh; it is read each time.
type AssertionFile string

func (a AssertionFile) fetch(context.Context, runtime.Pipeline) (string, error) {
	text, err := os.ReadFile(string(a))
	if err == nil && strings.TrimSpace(string(text)) == "" {
		err = errors.New("the file is empty")
	}
	if err != nil {
		return "", &Error{
			Kind:   KindAssertion,
			Title:  fmt.Sprintf("The OIDC token file %q can't be used", string(a)),
			Advice: "Check oidc_token_file_path (ARM_OIDC_TOKEN_FILE_PATH, AZURE_FEDERATED_TOKEN_FILE): the file must hold the token and be readable by Terraform.",
			Err:    err,
		}
	}
	return strings.TrimSpace(string(text)), nil
}

// AssertionRequest asks for an assertion: with a ServiceConnectionID as Azure DevOps wants it, else as GitHub does.
type AssertionRequest struct {
	URL                 string
	Token               func() string
	ServiceConnectionID string
}

func (a AssertionRequest) fetch(ctx context.Context, p runtime.Pipeline) (string, error) {
	ctx, seen := observe(ctx)
	assertion, err := a.request(ctx, p)
	if err != nil {
		return "", a.explain(seen, err)
	}
	return assertion, nil
}

func (a AssertionRequest) request(ctx context.Context, p runtime.Pipeline) (string, error) {
	u, err := url.Parse(a.URL)
	if err != nil {
		return "", err
	}
	method, query := http.MethodGet, u.Query()
	if a.ServiceConnectionID != "" {
		method = http.MethodPost
		query.Set("api-version", devOpsAPIVersion)
		query.Set("serviceConnectionId", a.ServiceConnectionID)
	} else {
		query.Set("audience", exchangeAudience)
	}
	u.RawQuery = query.Encode()
	req, err := runtime.NewRequest(ctx, method, u.String())
	if err != nil {
		return "", err
	}
	req.Raw().Header.Set("Authorization", "Bearer "+a.Token())
	req.Raw().Header.Set("Accept", "application/json")
	// Azure DevOps answers a bad token with a sign-in page unless told not to.
	req.Raw().Header.Set("X-TFS-FedAuthRedirect", "Suppress")
	var reply struct {
		Value     string `json:"value"`     // GitHub
		OIDCToken string `json:"oidcToken"` // Azure DevOps
	}
	if err := getJSON(p, req, &reply); err != nil {
		return "", err
	}
	assertion := reply.Value + reply.OIDCToken
	if assertion == "" {
		return "", errors.New("the reply holds no token")
	}
	return assertion, nil
}

func (a AssertionRequest) explain(seen *observation, err error) *Error {
	if e := seen.unreachable(); e != nil {
		return e
	}
	e := &Error{Kind: KindAssertion, Title: "The OIDC request URL gave no token", Err: err}
	if seen.status >= http.StatusMultipleChoices {
		e.Title = fmt.Sprintf("The OIDC request URL refused with HTTP status %d", seen.status)
	}
	e.Advice = "Check oidc_request_url (ARM_OIDC_REQUEST_URL) and oidc_request_token (ARM_OIDC_REQUEST_TOKEN); on GitHub the job needs the permission id-token: write."
	if a.ServiceConnectionID != "" {
		e.Advice = "Check oidc_request_url (SYSTEM_OIDCREQUESTURI), oidc_request_token (SYSTEM_ACCESSTOKEN, which the pipeline must map to the step) and ado_pipeline_service_connection_id: the service connection must use workload identity federation and be open to this pipeline."
	}
	return e
}

// noting makes azidentity's callback, and keeps the cause of its failure for the message.
func noting(a Assertion, p runtime.Pipeline) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		assertion, err := a.fetch(ctx, p)
		if e := (*Error)(nil); errors.As(err, &e) {
			observing(ctx).cause = e
		}
		return assertion, err
	}
}

func newPipeline(c Config) runtime.Pipeline {
	o := c.options()
	return runtime.NewPipeline("appreg", "v1.0.0", runtime.PipelineOptions{}, &o)
}

// getJSON performs a request with azcore's retries and decodes the reply of a success.
func getJSON(p runtime.Pipeline, req *policy.Request, into any) error {
	resp, err := p.Do(req) //nolint:bodyclose // Payload does.
	if err != nil {
		return err
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP status %d", resp.StatusCode)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return errors.New("the reply is not the expected JSON") // the JSON error could quote the token
	}
	return nil
}
