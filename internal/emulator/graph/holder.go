package graph

import "github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"

// holder is a type of object that holds credentials and owners, with the way to find the one that the path names.
type holder struct {
	kind tenant.Kind
	find func(*call) (tenant.Doc, error)
}

func applicationHolder() holder { return holder{tenant.Application, (*call).application} }
func principalHolder() holder   { return holder{tenant.ServicePrincipal, (*call).principal} }

// change writes the object that the path names, which the replica that answers showed as seen.
func (h holder) change(c *call, seen tenant.Doc, f func(tx *tenant.Tx, doc tenant.Doc) error) error {
	return c.change(h.kind, seen, func(tx *tenant.Tx, doc tenant.Doc) error {
		if err := c.mayChange(doc); err != nil {
			return err
		}
		if err := f(tx, doc); err != nil {
			return err
		}
		tx.Put(c.caller.TenantID, h.kind, doc)
		return nil
	})
}

// mayChange refuses changes of Microsoft's own service principals.
func (c *call) mayChange(doc tenant.Doc) error {
	if doc.String("appOwnerOrganizationId") == tenant.MicrosoftTenantID && c.Readings.is(FirstPartyChanges, "refused") {
		return denied()
	}
	return nil
}
