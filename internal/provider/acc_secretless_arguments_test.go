package provider_test

import (
	"fmt"
	"strings"
	"testing"
)

// What can't be right of a certificate or a federated credential is refused without asking the tenant.
func TestAccSecretlessArgumentsThatAreRefused(t *testing.T) {
	t.Parallel()
	const (
		certificate = `resource "appreg_certificate"`
		trust       = `resource "appreg_federated_credential"`
		someID      = `application_id = "` + stranger + "\"\n"
		named       = "\nname = \"github\""
		issuer      = "\nissuer = \"https://token.actions.githubusercontent.com\""
		subject     = "\nsubject = \"repo:o/r:pull_request\""
	)
	public := hclText(exampleText(t, examples+"/resources/appreg_certificate/mail-import.pem"))
	name := func(n int) string { return fmt.Sprintf("display_name = %q\n", strings.Repeat("ü", n)) }
	refusedAlone(t, map[string]wrong{
		"certificate_of_name":    {certificate, "application_id = \"Mail import\"\ncertificate = " + public, "application_id", []string{"is not a GUID", "attribute id"}},
		"certificate_of_path":    {certificate, someID + `certificate = "mail-import.pem"`, "certificate", []string{"It holds no certificate", "file("}},
		"certificate_chain":      {certificate, someID + `certificate = "${` + public + `}${` + public + `}"`, "certificate", []string{"It holds several certificates"}},
		"certificate_long_name":  {certificate, name(91) + someID + "certificate = " + public, "display_name", []string{"at most 90"}},
		"certificate_empty_name": {certificate, name(0) + someID + "certificate = " + public, "display_name", []string{"It is empty"}},

		"federated_of_name":     {trust, `application_id = "Mail import"` + named + issuer + subject, "application_id", []string{"is not a GUID", "attribute id"}},
		"federated_short_name":  {trust, someID + `name = "gh"` + issuer + subject, "name", []string{"3 to 120 letters"}},
		"federated_long_name":   {trust, someID + `name = "` + strings.Repeat("x", 121) + `"` + issuer + subject, "name", []string{"3 to 120 letters"}},
		"federated_odd_name":    {trust, someID + `name = "github main"` + issuer + subject, "name", []string{"3 to 120 letters"}},
		"federated_dash_first":  {trust, someID + `name = "-main"` + issuer + subject, "name", []string{"begins with a letter or a digit"}},
		"federated_http":        {trust, someID + named + "\nissuer = \"http://issuer.example\"" + subject, "issuer", []string{"is an https address"}},
		"federated_no_address":  {trust, someID + named + "\nissuer = \"GitHub\"" + subject, "issuer", []string{"is an https address"}},
		"federated_query":       {trust, someID + named + "\nissuer = \"https://issuer.example/?a=1\"" + subject, "issuer", []string{"has a query"}},
		"federated_blank":       {trust, someID + named + "\nissuer = \"https://issuer.example \"" + subject, "issuer", []string{"begins or ends with a blank"}},
		"federated_long_issuer": {trust, someID + named + "\nissuer = \"https://issuer.example/" + strings.Repeat("x", 600) + "\"" + subject, "issuer", []string{"at most 600"}},
		"federated_no_subject":  {trust, someID + named + issuer + "\nsubject = \"\"", "subject", []string{"It is empty"}},
		"federated_long":        {trust, someID + named + issuer + "\nsubject = \"" + strings.Repeat("ü", 601) + "\"", "subject", []string{"at most 600"}},
		"federated_audience":    {trust, someID + named + issuer + subject + "\naudience = \"\"", "audience", []string{"It is empty"}},
		"federated_description": {trust, someID + named + issuer + subject + "\ndescription = \"" + strings.Repeat("x", 601) + "\"", "description", []string{"at most 600"}},
	})
}
