package provider

import (
	"fmt"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// invalidAdvice says what Graph's refusal of a content is usually about, where its own words don't.
func (a action) invalidAdvice() string {
	switch a.resource {
	case "appreg_client_secret":
		return "A tenant may accept no end that is more than two years ahead: choose a shorter validity_days or an earlier end_date."
	case "appreg_certificate":
		return "Check that the certificate has not expired, and that its key is an RSA key of 2048 bits or more."
	case "appreg_federated_credential":
		return fmt.Sprintf("Check that the application holds fewer than %d federated credentials, and that issuer, subject and audience are as the issuer writes them.", directory.MostFederated)
	}
	return ""
}

// existsAdvice says what to do about an object that holds a key.
func (a action) existsAdvice(candidates []directory.Candidate) string {
	if a.resource == "appreg_federated_credential" {
		return "Names, and pairs of issuer and subject, are unique in an application. Import the other one, change or remove it, or write another name and subject. " +
			"If it is the one that is to be replaced, remove create_before_destroy: the old one has to go first."
	}
	if a.resource == "appreg_certificate" {
		return "Import it instead of adding it again. If it is the one that is to be replaced, remove create_before_destroy: the old credential has to go first."
	}
	for _, c := range candidates {
		if c.Deleted {
			return "It is deleted, but can be restored and keeps its name reserved for 30 days: set adopt_existing = true to restore it with its client id, or purge it from the deleted items."
		}
	}
	return "Import it, or set adopt_existing = true to take it over."
}
