package directory

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// An application whose owners are refused after it was made is purged: a deleted one would keep its unique name.
func TestRefusedOwnersTakeTheApplicationBack(t *testing.T) {
	t.Parallel()
	const owner = "eeeeeeee-0000-4000-8000-000000000001"
	owners := []string{owner}
	for i := range maxBoundOwners {
		owners = append(owners, keyNumber(i))
	}
	for name, spec := range map[string]ApplicationSpec{
		"unique name": {DisplayName: "Mail import", UniqueName: "mail's", Owners: []string{owner}},
		"many owners": {DisplayName: "Mail import", Owners: owners},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deleted := false
				c, f := newFake(t, func(line, _ string, _ int) answer {
					switch {
					case strings.HasPrefix(line, "PATCH") || line == "POST /applications":
						return answer{status: 201, body: appJSON(nil)}
					case line == "POST /applications/"+appID+"/owners/$ref":
						return refusal(403, "Authorization_RequestDenied", "Insufficient privileges")
					case strings.HasPrefix(line, "DELETE"):
						deleted = true
						return answer{status: 204}
					case line == "GET /applications/"+appID && !deleted:
						return answer{status: 200, body: appJSON(nil)}
					case strings.HasPrefix(line, "GET /applications/"+appID+"/owners"):
						return answer{status: 200, body: list()}
					}
					return notFound()
				})
				app, _, err := c.CreateApplication(t.Context(), spec, CreateOptions{})
				wantKind(t, err, KindForbidden)
				if app != nil {
					t.Errorf("%v is there no longer", app)
				}
				for _, line := range []string{"DELETE /applications/" + appID, "DELETE /directory/deletedItems/" + appID} {
					if !slices.Contains(f.lines(), line) {
						t.Errorf("no %s among %q", line, f.lines())
					}
				}
			})
		})
	}
}

// What was there before is not returned beside an error: recorded as half-made, the next apply would delete it.
func TestARefusedAdoptionRecordsNothing(t *testing.T) {
	t.Parallel()
	conflict := refusal(409, "Request_MultipleObjectsWithSameKeyValue", "exists")
	key := GrantKey{ClientPrincipalID: spID, ResourcePrincipalID: graphSPID}
	c, _ := newFake(t, func(line, _ string, _ int) answer {
		switch {
		case strings.HasPrefix(line, "PATCH"):
			return refusal(403, "Authorization_RequestDenied", "Insufficient privileges")
		case strings.HasPrefix(line, "POST"):
			return conflict
		case line == spByClient:
			return answer{status: 200, body: spJSON(nil)}
		case strings.HasPrefix(line, "GET /oauth2PermissionGrants/"):
			return answer{status: 200, body: object{"id": key.ID(), "clientId": spID, "resourceId": graphSPID, "consentType": "AllPrincipals", "scope": "User.Read"}}
		}
		return answer{status: 200, body: appJSON(object{"uniqueName": "mail's"})}
	})
	app, _, err := c.CreateApplication(t.Context(), ApplicationSpec{DisplayName: "New", UniqueName: "mail's"}, CreateOptions{Adopt: true})
	if wantKind(t, err, KindForbidden); app != nil {
		t.Errorf("application %v", app)
	}
	sp, _, err := c.CreateServicePrincipal(t.Context(), ServicePrincipalSpec{ClientID: clientID, Notes: "new"}, ServicePrincipalFields{Notes: true}, true)
	if wantKind(t, err, KindForbidden); sp != nil {
		t.Errorf("service principal %v", sp)
	}
	grant, _, err := c.EnsureGrant(t.Context(), key, []string{"Mail.Read"})
	if wantKind(t, err, KindForbidden); grant != nil {
		t.Errorf("grant %v", grant)
	}
}
