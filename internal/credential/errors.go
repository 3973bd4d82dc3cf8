package credential

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
)

// Kind classifies an Error; callers decide by it, never by text.
type Kind int

// The kinds of failure of a sign-in.
const (
	KindRefused     Kind = iota // the identity platform refused; see Error.Number
	KindUnreachable             // no answer, or not one of an identity platform
	KindUntrusted               // the TLS certificate of the endpoint is not trusted
	KindAssertion               // the OIDC token could not be had
	KindUnavailable             // the Azure CLI or the managed identity gave no token
)

// Error is a sign-in that failed, in plain words. It never holds a secret.
type Error struct {
	Kind   Kind
	Number int    // AADSTS number, 0 where there is none
	Title  string // what happened, without a full stop
	Advice string // what to do, in sentences
	// CorrelationID and TraceID are what Microsoft's support asks for; "" where the identity platform didn't answer.
	CorrelationID, TraceID string
	Err                    error
}

// Error gives one line: what happened, the AADSTS number, the cause and what to do.
func (e *Error) Error() string {
	text := e.Title
	if e.Number != 0 {
		text += fmt.Sprintf(" (AADSTS%d)", e.Number)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return strings.TrimSuffix(text, ".") + ". " + e.Advice
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// explain tells in plain words why the method gave no token.
func (c *explained) explain(ctx context.Context, seen *observation, err error) error {
	switch c.method.(type) {
	case AzureCLI:
		_, lookErr := exec.LookPath("az")
		return cliError(ctx, c.config, err, lookErr)
	case ManagedIdentity:
		return &Error{
			Kind:   KindUnavailable,
			Title:  "The managed identity gave no token",
			Advice: "Terraform must run on an Azure resource that has a managed identity; a user-assigned one needs client_id (ARM_CLIENT_ID). Elsewhere leave use_msi (ARM_USE_MSI) off and configure another credential.",
			Err:    err,
		}
	}
	return c.config.explain(ctx, seen, err)
}

// explain tells in plain words why the authority didn't give what was asked for.
func (c Config) explain(ctx context.Context, seen *observation, err error) error {
	if seen.cause != nil {
		return seen.cause
	}
	if e := seen.unreachable(); e != nil {
		if seen.endpoint != c.AuthorityHost {
			e.Advice = "It is asked whether authority_host (APPREG_AUTHORITY_HOST) is one of Microsoft's. For an authority that is not, set disable_instance_discovery (APPREG_DISABLE_INSTANCE_DISCOVERY) to true."
		}
		return e
	}
	if e := c.refused(seen); e != nil {
		return e
	}
	if seen.status == http.StatusTooManyRequests || seen.status >= http.StatusInternalServerError {
		return &Error{
			Kind:   KindUnreachable,
			Title:  fmt.Sprintf("%s is not available for the moment (HTTP status %d)", c.AuthorityHost, seen.status),
			Advice: "Try again in a few minutes; https://status.azure.com tells of incidents.",
		}
	}
	e := &Error{
		Kind:   KindUnreachable,
		Title:  fmt.Sprintf("%s did not answer as a Microsoft sign-in endpoint does", c.AuthorityHost),
		Advice: "Check authority_host (APPREG_AUTHORITY_HOST), environment (ARM_ENVIRONMENT) and any proxy in between; an authority that is not Microsoft's needs disable_instance_discovery (APPREG_DISABLE_INSTANCE_DISCOVERY).",
	}
	switch {
	case ctx.Err() != nil:
		e.Err = ctx.Err()
	case seen.status >= http.StatusMultipleChoices:
		e.Err = fmt.Errorf("HTTP status %d", seen.status)
	case !seen.tokenSent:
		e.Err = err // nothing that the reply to a token request says is quoted: it could be the token
	}
	return e
}

// unreachable tells why there was no reply, nil when there was one.
func (o *observation) unreachable() *Error {
	switch {
	case o.err == nil:
		return nil
	case untrusted(o.err):
		advice := ""
		if invalid := (x509.CertificateInvalidError{}); errors.As(o.err, &invalid) && invalid.Reason == x509.Expired {
			advice = "Check this machine's clock. "
		}
		return &Error{
			Kind:   KindUntrusted,
			Title:  fmt.Sprintf("The TLS certificate of %s is not trusted", o.endpoint),
			Advice: advice + "If a proxy or a private authority issues certificates of its own, name the PEM file with its root in ca_file (APPREG_CA_FILE). Verification can't be turned off.",
			Err:    o.err,
		}
	default:
		return &Error{
			Kind:   KindUnreachable,
			Title:  fmt.Sprintf("%s can't be reached", o.endpoint),
			Advice: "Check the network, HTTPS_PROXY, and the endpoint: environment (ARM_ENVIRONMENT) chooses the cloud, authority_host (APPREG_AUTHORITY_HOST) overrides its sign-in endpoint.",
			Err:    o.err,
		}
	}
}

// refused tells what the identity platform refused, nil when it gave no reason.
func (c Config) refused(seen *observation) *Error {
	r := seen.refusal
	if r.Error == "" {
		return nil
	}
	e := &Error{Kind: KindRefused, TraceID: r.TraceID, CorrelationID: r.CorrelationID}
	if len(r.Codes) > 0 {
		e.Number = r.Codes[0]
	}
	known, ok := refusals[e.Number]
	if !ok {
		known = plain{
			title:  "The sign-in was refused: " + firstLine(r),
			advice: "Look the number up at https://login.microsoftonline.com/error, and check tenant_id (ARM_TENANT_ID), client_id (ARM_CLIENT_ID) and the credential.",
		}
	}
	fill := strings.NewReplacer("{client}", c.ClientID, "{tenant}", c.TenantID, "{authority}", c.AuthorityHost, "{scope}", strings.Join(seen.scopes, " "))
	e.Title, e.Advice = fill.Replace(known.title), fill.Replace(known.advice)
	return e
}

// firstLine is the identity platform's own sentence without its number and trailer.
func firstLine(r refusal) string {
	text, _, _ := strings.Cut(r.Description, "Trace ID:")
	if _, after, ok := strings.Cut(text, ": "); ok && strings.HasPrefix(text, "AADSTS") {
		text = after
	}
	if text = strings.Join(strings.Fields(text), " "); text == "" {
		return r.Error
	}
	return strings.TrimSuffix(text, ".")
}

// cliError tells why the Azure CLI gave no token; lookErr is the failure to find it.
func cliError(ctx context.Context, c Config, err, lookErr error) *Error {
	login := "az login"
	if c.TenantID != "" {
		login += " --tenant " + c.TenantID
	}
	switch {
	case errors.Is(lookErr, exec.ErrNotFound):
		return &Error{
			Kind:   KindUnavailable,
			Title:  "No credential is configured, and the Azure CLI, which is used then, is not installed",
			Advice: fmt.Sprintf("Configure tenant_id, client_id and client_secret (ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET) or another credential, or install the Azure CLI and run %q.", login),
			Err:    lookErr,
		}
	case ctx.Err() != nil:
		err = ctx.Err()
	}
	return &Error{
		Kind:   KindUnavailable,
		Title:  "The Azure CLI gave no token",
		Advice: fmt.Sprintf("Run %q. To sign in as an application instead, configure tenant_id, client_id and a credential (ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET, …).", login),
		Err:    err,
	}
}
