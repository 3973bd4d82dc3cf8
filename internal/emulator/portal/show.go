package portal

import (
	"cmp"
	"crypto/sha1" //nolint:gosec // A thumbprint's length; nothing is hashed.
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// registration is a row of the list.
type registration struct {
	Name, ClientID   string
	Created, Deleted time.Time
	Credentials      string // "Current", "Expired" or "-"
}

type registrationList struct{ Live, Deleted []registration }

func registrations(s scene) registrationList {
	rows := func(apps []tenant.Doc) []registration {
		out := make([]registration, 0, len(apps))
		for _, app := range apps {
			out = append(out, registration{
				Name: app.String("displayName"), ClientID: app.String("appId"), Created: app.Time("createdDateTime"),
				Deleted: app.Time("deletedDateTime"), Credentials: validity(s.now, app),
			})
		}
		slices.SortStableFunc(out, func(a, b registration) int {
			return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		})
		return out
	}
	return registrationList{
		Live:    rows(s.view.List(s.tenant.ID, tenant.Application)),
		Deleted: rows(s.view.ListDeleted(s.tenant.ID, tenant.Application)),
	}
}

func validity(now time.Time, app tenant.Doc) string {
	state := "-"
	for _, list := range []string{"passwordCredentials", "keyCredentials"} {
		for _, c := range app.Docs(list) {
			if end := c.Time("endDateTime"); end.IsZero() || end.After(now) {
				return "Current"
			}
			state = "Expired"
		}
	}
	return state
}

// audience is signInAudience in the portal's words, in short and in full.
type audience struct{ Short, Full string }

func audienceOf(s scene) audience {
	switch value := s.app.String("signInAudience"); value {
	case "AzureADMyOrg":
		return audience{"My organization only", "Accounts in this organizational directory only (" + s.tenant.DisplayName + " only - Single tenant)"}
	case "AzureADMultipleOrgs":
		return audience{"Multiple organizations", "Accounts in any organizational directory (Any Microsoft Entra ID tenant - Multitenant)"}
	case "AzureADandPersonalMicrosoftAccount":
		return audience{"All Microsoft account users", "Accounts in any organizational directory (Any Microsoft Entra ID tenant - Multitenant) and personal Microsoft accounts"}
	case "PersonalMicrosoftAccount":
		return audience{"Personal Microsoft account users", "Personal Microsoft accounts only"}
	default:
		return audience{value, value}
	}
}

// fact is a line of an overview.
type fact struct{ Name, Value string }

func overview(s scene) any {
	managed := "None: the application has no service principal here"
	if sp, ok := s.view.ServicePrincipalByClientID(s.tenant.ID, s.app.String("appId")); ok {
		managed = sp.String("displayName")
		if !sp.Bool("accountEnabled") {
			managed += " (sign-in disabled)"
		}
	}
	facts := []fact{
		{"Display name", s.app.String("displayName")},
		{"Application (client) ID", s.app.String("appId")},
		{"Object ID", s.app.String("id")},
		{"Directory (tenant) ID", s.tenant.ID},
		{"Supported account types", audienceOf(s).Short},
		{"Client credentials", fmt.Sprintf("%d certificate, %d secret", len(s.app.Docs("keyCredentials")), len(s.app.Docs("passwordCredentials")))},
		{"Redirect URIs", fmt.Sprintf("%d web, %d spa, %d public client", len(s.app.Doc("web").Strings("redirectUris")),
			len(s.app.Doc("spa").Strings("redirectUris")), len(s.app.Doc("publicClient").Strings("redirectUris")))},
		{"Application ID URI", strings.Join(s.app.Strings("identifierUris"), ", ")},
		{"Managed application in local directory", managed},
		{"Unique name", s.app.String("uniqueName")},
		{"Description", s.app.String("description")},
	}
	return slices.DeleteFunc(facts, func(f fact) bool { return f.Value == "" })
}

// platform is a kind of client with its redirect URIs.
type platform struct {
	Name string
	URIs []string
}

func platforms(app tenant.Doc) []platform {
	all := []platform{
		{"Web", app.Doc("web").Strings("redirectUris")},
		{"Single-page application", app.Doc("spa").Strings("redirectUris")},
		{"Mobile and desktop applications", app.Doc("publicClient").Strings("redirectUris")},
	}
	return slices.DeleteFunc(all, func(p platform) bool { return len(p.URIs) == 0 })
}

type authenticationContent struct {
	Platforms              []platform
	Audience               string
	LogoutURL              string
	AccessTokens, IDTokens bool // implicit grant
	PublicClientFlows      bool
}

func authentication(s scene) any {
	implicit := s.app.Doc("web").Doc("implicitGrantSettings")
	return authenticationContent{
		Platforms: platforms(s.app), Audience: audienceOf(s).Full, LogoutURL: s.app.Doc("web").String("logoutUrl"),
		AccessTokens: implicit.Bool("enableAccessTokenIssuance"), IDTokens: implicit.Bool("enableIdTokenIssuance"),
		PublicClientFlows: s.app.Bool("isFallbackPublicClient"),
	}
}

// credential is a secret or a certificate; Hint is the thumbprint of a certificate.
type credential struct {
	Description, Hint, KeyID string
	Start, End               time.Time
	Expired                  bool
}

// federated is a credential of another identity provider.
type federated struct{ Name, Issuer, Subject, Audience string }

type credentialsContent struct {
	Secrets, Certificates []credential
	Federated             []federated
}

func credentials(s scene) any {
	read := func(list, hint string) []credential {
		var out []credential
		for _, c := range s.app.Docs(list) {
			end := c.Time("endDateTime")
			out = append(out, credential{
				Description: c.String("displayName"), Hint: c.String(hint), KeyID: c.String("keyId"),
				Start: c.Time("startDateTime"), End: end, Expired: !end.IsZero() && !end.After(s.now),
			})
		}
		return out
	}
	content := credentialsContent{Secrets: read("passwordCredentials", "hint"), Certificates: read("keyCredentials", "customKeyIdentifier")}
	for _, f := range s.app.Docs("federatedIdentityCredentials") {
		content.Federated = append(content.Federated, federated{
			Name: f.String("name"), Issuer: f.String("issuer"), Subject: f.String("subject"), Audience: strings.Join(f.Strings("audiences"), ", "),
		})
	}
	for i, c := range content.Certificates {
		// Graph has the thumbprint in base64, the portal in hexadecimal; an identifier of one's own is shown as it is.
		if sum, err := base64.StdEncoding.DecodeString(c.Hint); err == nil && len(sum) == sha1.Size {
			content.Certificates[i].Hint = fmt.Sprintf("%X", sum)
		}
	}
	return content
}
