package graph

import (
	"net/http"
	"slices"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/edm"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

const (
	// noRole is the role of a plain assignment to a resource without roles.
	noRole = "00000000-0000-0000-0000-000000000000"
	// mostAssignments is how many roles a principal may hold.
	mostAssignments = 1500
)

// assignmentSide is an end of an app role assignment, and the collection that it has of them.
type assignmentSide struct{ end, collection string }

func clientSide() assignmentSide   { return assignmentSide{"principalId", "appRoleAssignments"} }
func resourceSide() assignmentSide { return assignmentSide{"resourceId", "appRoleAssignedTo"} }

func (s assignmentSide) set(id string) string {
	return "servicePrincipals('" + id + "')/" + s.collection
}

func (s assignmentSide) list(c *call) (*result, error) {
	sp, err := c.principal()
	if err != nil {
		return nil, err
	}
	return c.list(s.of(sp.String("id")))
}

func (s assignmentSide) count(c *call) (*result, error) {
	sp, err := c.principal()
	if err != nil {
		return nil, err
	}
	return c.count(s.of(sp.String("id")))
}

// of is the collection that a service principal has.
func (s assignmentSide) of(id string) collection {
	return collection{kind: tenant.AppRoleAssignment, set: s.set(id), within: ending(s.end, id),
		fields: odata.Fields{"principalDisplayName": "eq startsWith", "resourceId": "eq"}}
}

// find gives the assignment that the path names, as the replica that answers this request shows it.
func (s assignmentSide) find(c *call) (tenant.Doc, error) {
	sp, err := c.principal()
	if err != nil {
		return nil, err
	}
	id := c.params["assignmentId"]
	held, ok := c.near(id).Get(c.caller.TenantID, tenant.AppRoleAssignment, id)
	if !ok || held.String(s.end) != sp.String("id") {
		return nil, notFound(id)
	}
	return held, nil
}

func (s assignmentSide) get(c *call) (*result, error) {
	held, err := s.find(c)
	if err != nil {
		return nil, err
	}
	return c.one(http.StatusOK, s.set(held.String(s.end)), string(tenant.AppRoleAssignment), held, false)
}

func (s assignmentSide) create(c *call) (*result, error) {
	body, err := edm.Decode(string(tenant.AppRoleAssignment), c.body, edm.Create)
	if err != nil {
		return nil, fromBody(err)
	}
	if err := c.mayAssign(); err != nil {
		return nil, err
	}
	sp, err := c.principal()
	if err != nil {
		return nil, err
	}
	if body.String("appRoleId") == "" || body.String(s.end) != sp.String("id") {
		return nil, notAReference()
	}
	var made tenant.Doc
	err = c.Cloud.Update(func(tx *tenant.Tx) error {
		if made, err = c.assign(tx, body); err != nil {
			return err
		}
		tx.Put(c.caller.TenantID, tenant.AppRoleAssignment, made)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.one(http.StatusCreated, s.set(sp.String("id")), string(tenant.AppRoleAssignment), made, true)
}

// assign makes an assignment as asked for.
func (c *call) assign(tx *tenant.Tx, asked tenant.Doc) (tenant.Doc, error) {
	kind, memberType := tenant.ServicePrincipal, "Application"
	principal, ok := tx.Get(c.caller.TenantID, kind, asked.String("principalId"))
	if !ok {
		kind, memberType = tenant.User, "User"
		principal, ok = tx.Get(c.caller.TenantID, kind, asked.String("principalId"))
	}
	if !ok {
		return nil, notAReference()
	}
	// Roles come from the application, names too.
	resource, ok := tx.Effective(c.caller.TenantID, tenant.ServicePrincipal, asked.String("resourceId"))
	if !ok {
		return nil, notAReference()
	}
	if kind == tenant.ServicePrincipal {
		principal, _ = tx.Effective(c.caller.TenantID, kind, principal.String("id"))
	}
	roleID := asked.String("appRoleId")
	if !offersRole(resource, roleID, memberType) {
		return nil, badRequest("Permission being assigned was not found on application")
	}
	held := tx.Find(c.caller.TenantID, tenant.AppRoleAssignment, func(d tenant.Doc) bool {
		return d.String("principalId") == principal.String("id")
	})
	if slices.ContainsFunc(held, func(d tenant.Doc) bool {
		return d.String("resourceId") == resource.String("id") && d.String("appRoleId") == roleID
	}) {
		return nil, badRequest("Permission being assigned already exists on the object").
			with(detail("InvalidUpdate", "", "appRoleAssignments"))
	}
	if len(held) >= mostAssignments {
		return nil, quotaExceeded()
	}
	return tx.NewAssignment(kind, principal, resource, roleID)
}

// offersRole tells whether a service principal has an enabled role for a type of member.
func offersRole(resource tenant.Doc, roleID, memberType string) bool {
	roles := resource.Docs("appRoles")
	if roleID == noRole {
		return len(roles) == 0
	}
	return slices.ContainsFunc(roles, func(role tenant.Doc) bool {
		return role.String("id") == roleID && role.Bool("isEnabled") &&
			slices.Contains(role.Strings("allowedMemberTypes"), memberType)
	})
}

func (s assignmentSide) remove(c *call) (*result, error) {
	if err := c.mayAssign(); err != nil {
		return nil, err
	}
	held, err := s.find(c)
	if err != nil {
		return nil, err
	}
	err = c.Cloud.Update(func(tx *tenant.Tx) error {
		if _, ok := tx.Get(c.caller.TenantID, tenant.AppRoleAssignment, held.String("id")); !ok {
			return notFound(held.String("id"))
		}
		tx.Remove(c.caller.TenantID, tenant.AppRoleAssignment, held.String("id"))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return nothing()
}

// mayAssign refuses a signed-in user who is no administrator.
func (c *call) mayAssign() error {
	if c.caller.UserID != "" && !c.administrator {
		return denied()
	}
	return nil
}
