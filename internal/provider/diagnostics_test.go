package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/appreg/terraform-provider-appreg/internal/credential"
	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// Each kind of failure is told with its cause and the next step; the texts are read here as a person would.
func TestFailuresInPlainWords(t *testing.T) {
	t.Parallel()
	application := action{verb: "create", noun: "application", name: "Mail import", resource: "appreg_application"}
	for _, c := range []toldFailure{
		{application, &directory.Error{Kind: directory.KindInvalid, Status: 400, Code: "Request_BadRequest", Message: "Invalid value specified for property 'web'.", RequestID: "r-1"},
			`Unable to create application "Mail import"`,
			[]string{"Microsoft Graph refused the request: Invalid value specified for property 'web' (400 Request_BadRequest).", "request-id, for its support: r-1"}},
		{application, &directory.Error{Kind: directory.KindForbidden, Status: 403, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation.", Permissions: []string{"Application.ReadWrite.OwnedBy"}},
			`Unable to create application "Mail import"`,
			[]string{"needs the Microsoft Graph permission Application.ReadWrite.OwnedBy,", "must also be an owner", "Application.ReadWrite.All"}},
		{application, &directory.Error{Kind: directory.KindNameTaken, Candidates: []directory.Candidate{{ID: "o-1", ClientID: "c-1", DisplayName: "Mail import"}}},
			`Unable to create application "Mail import"`,
			[]string{"prevent_duplicate_names", `"Mail import", object id o-1, client id c-1`, "to = appreg_application.example", `id = "o-1"`}},
		{application, &directory.Error{Kind: directory.KindExists, Message: "the unique name is taken", Candidates: []directory.Candidate{{ID: "o-1"}}},
			`Unable to create application "Mail import"`,
			[]string{"Nothing was written", "adopt_existing = true", `id = "o-1"`}},
		{application, &directory.Error{Kind: directory.KindExists, Candidates: []directory.Candidate{{ID: "o-1", Deleted: true}}},
			`Unable to create application "Mail import"`,
			[]string{"can be restored", "30 days", "deleted"}},
		{application, &directory.Error{Kind: directory.KindTooManySecrets, Status: 400, Code: "TooManyAppPasswords", Message: "Not allowed to add 3 passwords."},
			`Unable to create application "Mail import"`, []string{"can hold two client secrets at a time: Not allowed to add 3 passwords (400 TooManyAppPasswords)."}},
		{application, &directory.Error{Kind: directory.KindUntrusted, Endpoint: "https://graph.example", Err: errors.New("x509: unknown authority")},
			`Unable to create application "Mail import"`,
			[]string{"https://graph.example is not trusted", "ca_file (APPREG_CA_FILE)"}},
		{application, &directory.Error{Kind: directory.KindUntrusted, Endpoint: "https://graph.example", Err: x509.CertificateInvalidError{Reason: x509.Expired}},
			`Unable to create application "Mail import"`,
			[]string{"https://graph.example is not trusted", "expired or is not yet valid", "Check this machine's clock"}},
		{application, &directory.Error{Kind: directory.KindNotGraph, Endpoint: "https://graph.example", Err: errors.New("it is a page")},
			`Unable to create application "Mail import"`,
			[]string{"What answered at https://graph.example is not Microsoft Graph: it is a page.", "HTTPS_PROXY and NO_PROXY", "graph_endpoint (APPREG_GRAPH_ENDPOINT)"}},
		{application, &directory.Error{Kind: directory.KindAmbiguous, Endpoint: "https://graph.example", Message: "no application tagged appreg:1 was found; one may appear later", Err: errors.New("unexpected EOF")},
			`Unable to create application "Mail import"`,
			[]string{"can't be told whether", "https://graph.example: unexpected EOF.", "tagged appreg:1", "Apply again: what was made is then found or named"}},
		{application, &directory.Error{Kind: directory.KindUnreachable, Endpoint: "https://graph.example", Err: errors.New("no such host")},
			`Unable to create application "Mail import"`,
			[]string{"https://graph.example could not be reached: no such host.", "authority_host"}},
		{application, &directory.Error{Kind: directory.KindCanceled, Err: context.DeadlineExceeded},
			`Unable to create application "Mail import"`,
			[]string{"ran out", "timeouts attribute"}},
		{application, &directory.Error{Kind: directory.KindCanceled, Err: context.Canceled},
			`Unable to create application "Mail import"`,
			[]string{"The operation was cancelled."}},
		{application, &directory.Error{Kind: directory.KindSignIn, Err: &credential.Error{Number: 7000215, Title: "The client secret is wrong", Advice: "Check client_secret (ARM_CLIENT_SECRET).", TraceID: "t-1", CorrelationID: "c-1"}},
			`Unable to create application "Mail import"`,
			[]string{"No access token could be had. The client secret is wrong (AADSTS7000215).", "ARM_CLIENT_SECRET", "t-1"}},
		{action{verb: "read", noun: "application"}, errors.New("plain"), "Unable to read application", []string{"plain."}},
	} {
		c.check(t)
	}
}

func TestFailuresOfSecretsInPlainWords(t *testing.T) {
	t.Parallel()
	secret := action{verb: "create", noun: "client secret", name: "terraform", resource: "appreg_client_secret", importPrefix: "app/", by: "application_id"}
	for _, c := range []toldFailure{
		{secret, &directory.Error{Kind: directory.KindPolicy, Status: 400, Code: "CredentialInvalidLifetimeAsPerAppPolicy", Message: "Credential lifetime exceeds the max value allowed as per assigned policy 'p'.", MaxLifetime: "P90D"},
			`Unable to create client secret "terraform"`,
			[]string{"A policy of the tenant", "The longest lifetime allowed is 90 days: set validity_days to 90 or less, or end_date to a time within 90 days."}},
		{secret, &directory.Error{Kind: directory.KindTooManySecrets, Candidates: []directory.Candidate{{ID: "k-1", DisplayName: "old"}, {ID: "k-2"}}},
			`Unable to create client secret "terraform"`,
			[]string{`k-1 ("old"), k-2`, "-replace", "create_before_destroy"}},
		{secret, &directory.Error{Kind: directory.KindAmbiguous, Candidates: []directory.Candidate{{ID: "k-1", Detail: "valid until 2027"}}},
			`Unable to create client secret "terraform"`,
			[]string{"can't be told whether", "Nothing was removed", `id = "app/k-1"`, "key id k-1, valid until 2027"}},
		{secret, &directory.Error{Kind: directory.KindNotFound, Status: 404, Code: "Request_ResourceNotFound", Message: "Resource 'x' does not exist."},
			`Unable to create client secret "terraform"`,
			[]string{"knows no such object", "may have been deleted meanwhile", "Check application_id: it must be the application's object id"}},
	} {
		c.check(t)
	}
}

// toldFailure is an error and what is told of it.
type toldFailure struct {
	act   action
	err   error
	title string
	want  []string
}

func (f toldFailure) check(t *testing.T) {
	t.Helper()
	var diags diag.Diagnostics
	if !f.act.failed(&diags, fmt.Errorf("wrapped: %w", f.err), false) || diags.ErrorsCount() != 1 {
		t.Fatalf("%v is not an error: %v", f.err, diags)
	}
	if got := diags[0].Summary(); got != f.title {
		t.Errorf("the title is %q, want %q", got, f.title)
	}
	for _, part := range f.want {
		if got := diags[0].Detail(); !strings.Contains(got, part) {
			t.Errorf("%v: the detail lacks %q:\n%s", f.err, part, got)
		}
	}
}

// What exists and is right must not be tainted by a wait that ran out or was cancelled.
func TestWaitsThatRanOutAreWarnings(t *testing.T) {
	t.Parallel()
	act := action{verb: "create", noun: "application", name: "x", resource: "appreg_application"}
	for _, kind := range []directory.Kind{directory.KindUnsettled, directory.KindCanceled} {
		err := &directory.Error{Kind: kind, Waited: "the application to be readable"}
		var made, lost diag.Diagnostics
		if act.failed(&made, err, true) || made.HasError() || made.WarningsCount() != 1 {
			t.Errorf("kind %d with an object: %v, want a warning", kind, made)
		}
		if !act.failed(&lost, err, false) || !lost.HasError() {
			t.Errorf("kind %d without an object: %v, want an error", kind, lost)
		}
	}
	var diags diag.Diagnostics
	if act.failed(&diags, nil, true) || len(diags) != 0 {
		t.Errorf("no error gives %v", diags)
	}
	if err := (&directory.Error{Kind: directory.KindForbidden}); !act.failed(&diags, err, true) {
		t.Error("a refusal is an error, even when the object exists")
	}
}
