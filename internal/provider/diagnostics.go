package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/appreg/terraform-provider-appreg/internal/credential"
	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// action is what was being done when something failed.
type action struct {
	verb, noun, name string // as in: Unable to create application "Mail import"
	resource         string // Terraform's type, for import blocks
	importPrefix     string // what stands before a candidate's id in an import id
	by               string // the argument that names what Graph is asked about, "" when it is known from the state
}

// title is the diagnostic's headline.
func (a action) title() string {
	if a.name == "" {
		return fmt.Sprintf("Unable to %s %s", a.verb, a.noun)
	}
	return fmt.Sprintf("Unable to %s %s %q", a.verb, a.noun, a.name)
}

// failed reports an error, and whether it is one. made says that the object exists nevertheless: then a wait that ran
// out, or a cancellation, is a warning. An error would taint the object, and the next apply would delete a healthy one.
func (a action) failed(diags *diag.Diagnostics, err error, made bool) bool {
	if err == nil {
		return false
	}
	if made {
		switch directory.KindOf(err) {
		case directory.KindUnsettled:
			diags.AddWarning(fmt.Sprintf("The directory is slow to show the %s", a.noun), a.detail(err))
			return false
		case directory.KindCanceled:
			diags.AddWarning(fmt.Sprintf("Cancelled while waiting for the %s", a.noun),
				"It exists and is kept in the state. The next plan shows what, if anything, is missing.")
			return false
		}
	}
	if a.by != "" && a.unknownReference(directory.KindOf(err)) {
		a.failedAt(diags, path.Root(a.by), err)
		return true
	}
	diags.AddError(a.title(), a.detail(err))
	return true
}

// unknownReference tells whether Graph doesn't know what the configuration names. For service principals and what they
// are made of it answers 400 as well as 404.
func (a action) unknownReference(kind directory.Kind) bool {
	return kind == directory.KindNotFound || kind == directory.KindInvalid && (a.by == "service_principal_id" || a.by == "client_id")
}

// failedAt is failed for an error that belongs to an argument.
func (a action) failedAt(diags *diag.Diagnostics, p path.Path, err error) {
	diags.AddAttributeError(p, a.title(), a.detail(err))
}

// detail tells the cause, the next step and what Microsoft's support asks for.
func (a action) detail(err error) string {
	if text := a.detailOfVault(err); text != "" {
		return text
	}
	var refused *credential.Error
	if errors.As(err, &refused) {
		return signInDetail(refused)
	}
	var e *directory.Error
	if !errors.As(err, &e) {
		return sentence(err.Error())
	}
	parts := []string{a.cause(e), a.nextStep(e)}
	if len(e.Candidates) > 0 && e.Kind != directory.KindTooManySecrets {
		parts = append(parts, a.candidates(e.Candidates))
	}
	if e.RequestID != "" {
		parts = append(parts, "Microsoft Graph's request-id, for its support: "+e.RequestID)
	}
	return paragraphs(parts...)
}

// signInDetail tells why there is no access token.
func signInDetail(e *credential.Error) string {
	cause := "No access token could be had. " + e.Title
	if e.Number != 0 {
		cause += fmt.Sprintf(" (AADSTS%d)", e.Number)
	}
	if e.Err != nil {
		cause += ": " + e.Err.Error()
	}
	trace := ""
	if e.TraceID != "" {
		trace = fmt.Sprintf("Trace id, for Microsoft's support: %s, correlation id: %s", e.TraceID, e.CorrelationID)
	}
	return paragraphs(sentence(cause), e.Advice, trace)
}

// cause says what happened, in words of its own where Graph's are not helpful.
func (a action) cause(e *directory.Error) string {
	switch e.Kind {
	case directory.KindNotFound:
		return sentence(fmt.Sprintf("Microsoft Graph knows no such object: %s", graphSays(e)))
	case directory.KindForbidden:
		return sentence("Microsoft Graph refused it, because a permission is missing: " + graphSays(e))
	case directory.KindSignIn:
		return sentence("No access token could be had. " + innermost(e))
	case directory.KindUnauthorized:
		return sentence("Microsoft Graph did not accept the access token: " + graphSays(e))
	case directory.KindThrottled:
		return sentence("Microsoft Graph throttled the requests for longer than this operation may take: " + graphSays(e))
	case directory.KindUnreachable:
		return sentence(fmt.Sprintf("%s could not be reached: %s", endpoint(e), innermost(e)))
	case directory.KindNotGraph:
		return sentence(fmt.Sprintf("What answered at %s is not Microsoft Graph: %s", endpoint(e), innermost(e)))
	case directory.KindUntrusted:
		return sentence(fmt.Sprintf("The TLS certificate of %s is not trusted: %s", endpoint(e), innermost(e)))
	case directory.KindForeignOrigin:
		return sentence("A link or redirect pointed to another host than the configured one. Nothing was sent there: " + innermost(e))
	case directory.KindUnsettled:
		return sentence("The change was written, but a replica of the directory still shows something else: " + e.Waited)
	case directory.KindAmbiguous:
		const open = "The reply to the request was lost, and it can't be told whether the change was made. Nothing was removed."
		if e.Err == nil {
			return paragraphs(open, sentence(e.Message))
		}
		return paragraphs(open, sentence(endpoint(e)+": "+innermost(e)), sentence(e.Message))
	case directory.KindPolicy:
		return sentence("A policy of the tenant for applications forbids it: " + graphSays(e))
	case directory.KindTooManySecrets:
		const rule = "An application for personal Microsoft accounts can hold two client secrets at a time"
		if len(e.Candidates) == 0 { // a change of something else, to an application that holds more
			return sentence(rule + ": " + graphSays(e))
		}
		return rule + ", and this one holds them: " + keyIDs(e.Candidates) + "."
	case directory.KindNameTaken:
		return "Another application has this display name, and prevent_duplicate_names is set."
	case directory.KindExists:
		return fmt.Sprintf("There is one already, which this resource does not manage. Nothing was written: %s", sentence(graphSays(e)))
	case directory.KindCanceled:
		if errors.Is(e, context.DeadlineExceeded) {
			return "The time that the operation may take ran out."
		}
		return "The operation was cancelled."
	default:
		return sentence("Microsoft Graph refused the request: " + graphSays(e))
	}
}

// nextStep says what the reader can do about it.
func (a action) nextStep(e *directory.Error) string {
	if a.unknownReference(e.Kind) {
		return a.missingObject()
	}
	switch e.Kind {
	case directory.KindForbidden:
		return a.missingPermission(e)
	case directory.KindInvalid:
		return a.invalidAdvice()
	case directory.KindConflict:
		return "Another change was made at the same moment. Apply again."
	case directory.KindUnauthorized:
		return "Check that environment, authority_host and graph_endpoint of the provider belong to the same cloud."
	case directory.KindThrottled, directory.KindUnsettled:
		return "Apply again later, or give it more time with the timeouts attribute."
	case directory.KindUnreachable:
		return "Check the network, the proxy settings, and the provider's environment, authority_host and graph_endpoint."
	case directory.KindNotGraph:
		return "A proxy, or a portal that wants a login first, may have answered in its place: check HTTPS_PROXY and NO_PROXY, and the provider's environment (ARM_ENVIRONMENT) and graph_endpoint (APPREG_GRAPH_ENDPOINT)."
	case directory.KindUntrusted:
		if outOfTime(e) {
			return "Check this machine's clock. If it is right, whoever runs the endpoint must renew its certificate."
		}
		return "If a proxy or an endpoint of your own presents this certificate, put its root into a PEM file and name that in the provider's ca_file (APPREG_CA_FILE)."
	case directory.KindForeignOrigin:
		return "Check the provider's graph_endpoint."
	case directory.KindAmbiguous:
		if len(e.Candidates) == 0 {
			return "Apply again: what was made is then found or named. If the reply came from a proxy, correct HTTPS_PROXY, NO_PROXY or graph_endpoint (APPREG_GRAPH_ENDPOINT) first."
		}
		return "Look at what is listed below: import or remove it, then apply again."
	case directory.KindPolicy:
		return a.policyAdvice(e)
	case directory.KindTooManySecrets:
		return "Remove one of them, or replace a secret of this configuration with -replace and without create_before_destroy: the old one then goes first, and sign-in fails until its consumers have the new one."
	case directory.KindNameTaken:
		return "Choose another display_name, unset prevent_duplicate_names, or import the other application."
	case directory.KindExists:
		return a.existsAdvice(e.Candidates)
	case directory.KindCanceled:
		if errors.Is(e, context.DeadlineExceeded) {
			return "Apply again, or give it more time with the timeouts attribute."
		}
		return "Apply again to finish it."
	default:
		return ""
	}
}

// outOfTime tells whether a certificate is not trusted because of the time.
func outOfTime(err error) bool {
	var invalid x509.CertificateInvalidError
	return errors.As(err, &invalid) && invalid.Reason == x509.Expired
}

// missingObject says what to check when there is no object such as the one that was asked for.
func (a action) missingObject() string {
	const meanwhile = "It may have been deleted meanwhile. "
	switch {
	case a.verb == "import":
		return "Check the import id. What was deleted must be restored before it can be imported."
	case a.by == "":
		return meanwhile + "Apply again: the next plan shows what is gone."
	case a.by == "application_id":
		return meanwhile + "Check application_id: it must be the application's object id (its attribute id), not its client id."
	case a.by == "service_principal_id":
		return meanwhile + "Check service_principal_id: it must be the service principal's object id (its attribute id), not the application's; and principal_id, if it is set, must be a user's."
	case a.by == "client_id":
		return "Check client_id: it must be the client id of an application, not an object id."
	case a.by == "owners":
		return "Check owners: each must be the object id of a user or service principal of this tenant. If they are right, the application was deleted meanwhile, and the next plan shows it."
	case a.by == "application_ids":
		return "Check application_ids: each must be the object id (attribute id) of an application of this tenant, not a client id."
	case a.by == "id":
		return fmt.Sprintf("Check id: it must be the object id of the %s, not a client id.", a.noun)
	default:
		return fmt.Sprintf("Check %s: its spelling must be the same.", a.by)
	}
}

func (a action) missingPermission(e *directory.Error) string {
	if len(e.Permissions) == 0 {
		return "Give the identity that Terraform runs as the permission for this call, and have an administrator consent to it."
	}
	advice := "The identity that Terraform runs as needs the Microsoft Graph permission " + strings.Join(e.Permissions, ", ") + ", with an administrator's consent."
	if strings.Contains(advice, ".OwnedBy") {
		advice += " It must also be an owner of the application; for the applications of others it needs Application.ReadWrite.All."
	}
	return advice + " A signed-in user also needs a role such as Cloud Application Administrator. A new permission works from the next sign-in on."
}

// candidates lists objects to look at, with the import block for each live one.
func (a action) candidates(cs []directory.Candidate) string {
	lines := make([]string, 0, 2*len(cs))
	for _, c := range cs {
		lines = append(lines, describeAs(a.idNoun(), c))
		if !c.Deleted && a.resource != "" {
			lines = append(lines, importBlock(a.resource, a.importPrefix+c.ID))
		}
	}
	return strings.Join(lines, "\n\n")
}

// idNoun is what the id of a candidate is called where the reader looks for it.
func (a action) idNoun() string {
	switch a.resource {
	case "appreg_client_secret", "appreg_certificate":
		return "key id"
	case "appreg_federated_credential", "appreg_admin_consent":
		return "id"
	}
	return "object id"
}

func describe(c directory.Candidate) string { return describeAs("object id", c) }

func describeAs(idNoun string, c directory.Candidate) string {
	what := idNoun + " " + c.ID
	if c.DisplayName != "" {
		what = fmt.Sprintf("%q, %s", c.DisplayName, what)
	}
	if c.ClientID != "" {
		what += ", client id " + c.ClientID
	}
	if c.Detail != "" {
		what += ", " + c.Detail
	}
	if c.Deleted {
		what += ", deleted"
	}
	return "  " + what
}

// importBlock is what to write to bring an object under Terraform's management.
func importBlock(resource, id string) string {
	return fmt.Sprintf("  import {\n    to = %s.example\n    id = %q\n  }", resource, id)
}

func keyIDs(cs []directory.Candidate) string {
	ids := make([]string, len(cs))
	for i, c := range cs {
		ids[i] = c.ID
		if c.DisplayName != "" {
			ids[i] += fmt.Sprintf(" (%q)", c.DisplayName)
		}
	}
	return strings.Join(ids, ", ")
}

// policyAdvice names the argument that the tenant's policy is about, and what may stand there when that is known.
func (a action) policyAdvice(e *directory.Error) string {
	const ask = "Ask the tenant's administrator what the application management policy allows"
	switch e.Code {
	case "SignInAudienceNotAllowedAsPerAppPolicy":
		return ask + ", and choose another sign_in_audience, or have this application exempted."
	case "CredentialTypeNotAllowedAsPerAppPolicy":
		return ask + ": another kind of credential, or an exemption for this application."
	}
	days, ok := isoDays(e.MaxLifetime)
	if a.resource == "appreg_certificate" {
		if ok {
			return fmt.Sprintf("Have a certificate issued that is valid for %s or less.", dayCount(int64(days)))
		}
		return ask + ", and have a certificate issued that is valid for a shorter time."
	}
	if a.noun == ephemeralNoun {
		return ask + ", and choose fewer validity_minutes."
	}
	if e.MaxLifetime == "" {
		return ask + ", and choose a shorter validity_days or an earlier end_date."
	}
	if ok {
		return fmt.Sprintf("The longest lifetime allowed is %d days: set validity_days to %d or less, or end_date to a time within %d days.", days, days, days)
	}
	return fmt.Sprintf("The longest lifetime allowed is %s (ISO 8601): choose a shorter validity_days or an earlier end_date.", e.MaxLifetime)
}

// graphSays quotes Graph's message and code.
func graphSays(e *directory.Error) string {
	message := strings.TrimSpace(e.Message)
	if message == "" {
		message = innermost(e)
	}
	switch {
	case e.Code != "" && e.Status != 0:
		return fmt.Sprintf("%s (%d %s)", strings.TrimSuffix(message, "."), e.Status, e.Code)
	case e.Code != "":
		return fmt.Sprintf("%s (%s)", strings.TrimSuffix(message, "."), e.Code)
	default:
		return message
	}
}

// innermost is the text of what lies behind a directory.Error, which says more than its own summary.
func innermost(e *directory.Error) string {
	if e.Err != nil {
		return e.Err.Error()
	}
	if e.Message != "" {
		return e.Message
	}
	return "no further information"
}

func endpoint(e *directory.Error) string {
	if e.Endpoint == "" {
		return "Microsoft Graph"
	}
	return e.Endpoint
}

// sentence ends a text with a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// paragraphs joins what is not empty.
func paragraphs(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "\n\n")
}

// bullets lists names, one to a line.
func bullets(names []string) string { return "  - " + strings.Join(names, "\n  - ") }
