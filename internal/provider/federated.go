package provider

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

var federatedNameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$`)

// federatedName judges the name of a federated credential.
func federatedName() validator.String {
	return check{"3 to 120 letters, digits, - and _", func(s string) string {
		if federatedNameForm.MatchString(s) {
			return ""
		}
		return fmt.Sprintf("%q is no name for a federated credential: it has 3 to 120 letters (without accents), digits, - and _, and begins with a letter or a digit.", s)
	}}
}

// issuerAddress judges the form that OpenID Connect gives an issuer: https, without query and fragment.
func issuerAddress() validator.String {
	return check{"must be an https address without query and fragment", func(s string) string {
		const form = "An issuer is an https address, exactly as in the claim iss of its tokens, such as https://token.actions.githubusercontent.com."
		u, err := url.Parse(s)
		switch {
		case strings.TrimSpace(s) != s:
			return fmt.Sprintf("%q begins or ends with a blank, which no token's issuer does. Remove it.", s)
		case err != nil || u.Scheme != "https" || u.Host == "" || strings.ContainsAny(s, " \t\r\n"):
			return fmt.Sprintf("%q is not such an address. %s", s, form)
		case u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#") || u.User != nil:
			return fmt.Sprintf("%q has a query, a fragment or a user name, which an issuer can't have. %s", s, form)
		}
		return ""
	}}
}

// hint is a mistake that is certain: no token of the issuer can look like that.
type hint struct{ attribute, advice string }

const (
	githubIssuer     = "https://token.actions.githubusercontent.com"
	devOpsIssuer     = "https://vstoken.dev.azure.com/"
	serviceAccount   = "system:serviceaccount:"
	discoveryAddress = "/.well-known/openid-configuration"
)

// githubClaim is how every subject of GitHub's begins, whatever form an organisation has chosen.
var githubClaim = regexp.MustCompile(`^[a-z_]+:`)

// federatedHints finds certain mistakes in an issuer and subject. What is merely unusual is nobody's business: an
// organisation on GitHub can choose the form of its subjects.
func federatedHints(issuer, subject string) []hint {
	var hints []hint
	add := func(attribute, advice string) { hints = append(hints, hint{attribute, advice}) }
	switch {
	case strings.HasSuffix(strings.TrimSuffix(issuer, "/"), discoveryAddress):
		add("issuer", fmt.Sprintf("%q is the address of the issuer's discovery document. The issuer is what stands before %s.", issuer, discoveryAddress))
	case strings.TrimSuffix(issuer, "/") == githubIssuer && issuer != githubIssuer:
		add("issuer", "GitHub's tokens name their issuer without a / at the end: write "+githubIssuer+".")
	}
	if strings.TrimSpace(subject) != subject {
		add("subject", "It begins or ends with a blank, and is compared letter by letter. Remove the blank.")
	}
	if strings.Contains(subject, "*") {
		add("subject", "There are no wildcards: a * stands for itself. Write one federated credential for each subject.")
	}
	switch {
	case strings.TrimSuffix(issuer, "/") == githubIssuer:
		hints = append(hints, githubHints(subject)...)
	case strings.HasPrefix(issuer, devOpsIssuer):
		parts := strings.Split(strings.TrimPrefix(strings.TrimPrefix(subject, "sc://"), "p://"), "/")
		if !strings.HasPrefix(subject, "sc://") && !strings.HasPrefix(subject, "p://") || len(parts) < 3 {
			add("subject", "Azure DevOps writes sc://<organization>/<project>/<service connection>. Copy the subject that the service connection shows.")
		}
	case strings.HasPrefix(subject, strings.TrimPrefix(serviceAccount, "system:")):
		add("subject", fmt.Sprintf("Kubernetes writes %s<namespace>:<name>, with system: at the beginning.", serviceAccount))
	case strings.HasPrefix(subject, serviceAccount):
		if parts := strings.Split(strings.TrimPrefix(subject, serviceAccount), ":"); len(parts) != 2 || parts[0] == "" || parts[1] == "" {
			add("subject", fmt.Sprintf("Kubernetes writes %s<namespace>:<name>, with one namespace and one name.", serviceAccount))
		}
	}
	return hints
}

// githubHints judges the default form of GitHub's subjects, where that is what was meant.
func githubHints(subject string) []hint {
	rest, isRepository := strings.CutPrefix(subject, "repo:")
	if strings.HasPrefix(subject, "https://") || isRepository && (strings.Contains(rest, "://") || strings.HasPrefix(rest, "github.com/")) {
		return []hint{{"subject", "GitHub names a repository by owner and name, without an address: repo:<owner>/<repository>:…"}}
	}
	if !githubClaim.MatchString(subject) {
		return []hint{{"subject", "GitHub begins a subject with the name of a claim, in small letters: repo:<owner>/<repository>:… unless your organisation has chosen another."}}
	}
	if !isRepository {
		return nil // an organisation may begin its subjects with another claim
	}
	repository, context, _ := strings.Cut(rest, ":")
	if !strings.Contains(repository, "/") {
		return []hint{{"subject", fmt.Sprintf("%q lacks the owner or the name: GitHub writes repo:<owner>/<repository>:…", repository)}}
	}
	if strings.HasPrefix(context, "refs/") {
		return []hint{{"subject", fmt.Sprintf("GitHub writes ref: before a ref: repo:%s:ref:%s.", repository, context)}}
	}
	key, value, _ := strings.Cut(context, ":")
	switch key {
	case "ref":
		if !strings.HasPrefix(value, "refs/") {
			return []hint{{"subject", fmt.Sprintf("GitHub writes refs in full: ref:refs/heads/%[1]s for the branch %[1]s, ref:refs/tags/%[1]s for the tag.", value)}}
		}
	case "branch", "tag":
		kind := map[string]string{"branch": "heads", "tag": "tags"}[key]
		return []hint{{"subject", fmt.Sprintf("GitHub writes a %s as ref:refs/%s/%s.", key, kind, value)}}
	case "env":
		return []hint{{"subject", "GitHub writes environment:" + value + "."}}
	case "pull-request", "pull_requests", "pr":
		return []hint{{"subject", "GitHub writes pull_request, and nothing after it."}}
	}
	return nil
}
