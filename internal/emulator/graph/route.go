package graph

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
)

// route is one operation. Without a handler it is one that Graph has and the emulator lacks.
type route struct {
	method, pattern string
	segments        []segment
	need            permission
	handle          func(*call) (*result, error)
}

// segment is one part of a path: a fixed name, a placeholder, or a name with a key.
type segment struct {
	name, key, param string
}

// keyed is a segment with an alternate key: applications(appId='…').
var keyed = regexp.MustCompile(`^(\w+)\((\w+)='(.*)'\)$`)

// quotedID is a segment with an object's id in parentheses.
var quotedID = regexp.MustCompile(`^(\w+)\('(.*)'\)$`)

func parsePattern(pattern string) []segment {
	var out []segment
	for part := range strings.SplitSeq(strings.TrimPrefix(pattern, "/"), "/") {
		switch m := keyed.FindStringSubmatch(part); {
		case m != nil:
			out = append(out, segment{name: m[1], key: m[2], param: strings.Trim(m[3], "{}")})
		case strings.HasPrefix(part, "{"):
			out = append(out, segment{param: strings.Trim(part, "{}")})
		default:
			out = append(out, segment{name: part})
		}
	}
	return out
}

// match compares a path with the route and gives the values of its placeholders.
func (r *route) match(parts []string) (map[string]string, bool) {
	if len(parts) != len(r.segments) {
		return nil, false
	}
	params := map[string]string{}
	for i, s := range r.segments {
		m := keyed.FindStringSubmatch(parts[i])
		switch {
		case s.key != "":
			if m == nil || !strings.EqualFold(m[1], s.name) || m[2] != s.key {
				return nil, false
			}
			params[s.param] = strings.ReplaceAll(m[3], "''", "'")
		case s.param != "":
			if m != nil || strings.HasPrefix(parts[i], "$") {
				return nil, false
			}
			params[s.param] = parts[i]
		// Actions may be written with their namespace.
		case !strings.EqualFold(parts[i], s.name) && !strings.EqualFold(parts[i], "microsoft.graph."+s.name):
			return nil, false
		}
	}
	return params, true
}

// splitPath gives the parts of a path below the version, unescaped one by one so that a slash inside a key survives.
// ok is false for a path of another surface.
func splitPath(u *url.URL) (version string, parts []string, ok bool) {
	all := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	if version = all[0]; version != "v1.0" && version != "beta" {
		return "", nil, false
	}
	all = all[1:]
	// An alias of the caller's own tenant that older clients put in.
	if len(all) > 0 && strings.EqualFold(all[0], "myorganization") {
		all = all[1:]
	}
	for _, part := range all {
		text, err := url.PathUnescape(part)
		if err != nil {
			return "", nil, false
		}
		// applications('id') is another spelling of applications/id.
		if m := quotedID.FindStringSubmatch(text); m != nil {
			parts = append(parts, m[1], strings.ReplaceAll(m[2], "''", "'"))
			continue
		}
		parts = append(parts, text)
	}
	return version, parts, true
}

// Owns tells whether a path belongs to Graph's surface.
func Owns(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first == "v1.0" || first == "beta"
}

// elsewhere are the roots of what Graph v1.0 offers outside of this slice.
var elsewhere = strings.Fields(`$metadata admin agreementAcceptances agreements appCatalogs applicationTemplates auditLogs
	authenticationMethodConfigurations authenticationMethodsPolicy certificateBasedAuthConfiguration chats communications
	compliance connections contacts contracts copilot dataPolicyOperations deviceAppManagement deviceManagement devices
	directory directoryObjects directoryRoles directoryRoleTemplates domainDnsRecords domains drive drives education
	employeeExperience external filterOperators functions groupLifecyclePolicies groups groupSettings
	groupSettingTemplates identity identityGovernance identityProtection identityProviders informationProtection
	invitations me organization permissionGrants places planner policies print privacy reports roleManagement
	schemaExtensions scopedRoleMemberships search security shares sites solutions storage subscribedSkus subscriptions
	teams teamsTemplates teamwork tenantRelationships users`)

// objectActions are what Graph does with any directory object.
var objectActions = strings.Fields("checkMemberGroups checkMemberObjects getMemberGroups getMemberObjects restore")

// lacksPart tells whether a path goes on, behind an application or service principal, to a part of it that Graph has and
// the emulator has no operation for.
func lacksPart(parts []string) bool {
	collection, _, keyed := strings.Cut(parts[0], "(")
	at := 2
	if keyed {
		at = 1
	}
	entity := map[string]string{applicationSet: "application", principalSet: "servicePrincipal"}[collection]
	if entity == "" || at >= len(parts) {
		return false
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(parts[at], "microsoft.graph."), "(")
	return edm.Has(entity, name) || edm.IsNavigation(entity, name) || slices.Contains(objectActions, name)
}

// find looks up the operation of a request. Without one it tells why: an unknown path, or another method.
func (s *Server) find(r *http.Request) (found *route, params map[string]string, err *Error) {
	_, parts, ok := splitPath(r.URL)
	if !ok {
		return nil, nil, unknownSegment("")
	}
	if len(parts) == 0 {
		return nil, nil, notImplemented(r.Method + " /")
	}
	known := false
	for _, candidate := range s.routes {
		p, ok := candidate.match(parts)
		if !ok {
			continue
		}
		if candidate.method == r.Method {
			return candidate, p, nil
		}
		known = true
	}
	if known {
		return nil, nil, methodNotAllowed()
	}
	if lacksPart(parts) || slices.ContainsFunc(elsewhere, func(root string) bool { return strings.EqualFold(root, parts[0]) }) {
		return nil, nil, notImplemented(r.Method + " /" + strings.Join(parts, "/"))
	}
	return nil, nil, unknownSegment(parts[len(parts)-1])
}
