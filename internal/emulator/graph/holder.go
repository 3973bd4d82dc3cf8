package graph

import (
	"net/http"
	"slices"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

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
		before := doc.Clone()
		if err := f(tx, doc); err != nil {
			return err
		}
		if err := c.checkLock(tx, before, doc); err != nil {
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

// checkLock refuses a change of what an application from another tenant keeps to itself by its
// servicePrincipalLockConfiguration. Secrets count as credentials that verify.
func (c *call) checkLock(tx *tenant.Tx, before, doc tenant.Doc) error {
	home, app, ok := tx.ApplicationByClientID(doc.String("appId"))
	lock := app.Doc("servicePrincipalLockConfiguration")
	if !ok || home == c.caller.TenantID || !lock.Bool("isEnabled") {
		return nil
	}
	locked := func(part string) bool { return lock.Bool("allProperties") || lock.Bool(part) }
	switch {
	case locked("tokenEncryptionKeyId") && before["tokenEncryptionKeyId"] != doc["tokenEncryptionKeyId"]:
		return c.lockedProperty("tokenEncryptionKeyId")
	case locked("credentialsWithUsageVerify") && !slices.Equal(keysOf(before, "passwordCredentials", ""), keysOf(doc, "passwordCredentials", "")):
		return c.lockedProperty("passwordCredentials")
	}
	for usage, part := range map[string]string{"Verify": "credentialsWithUsageVerify", "Sign": "credentialsWithUsageSign"} {
		if locked(part) && !slices.Equal(keysOf(before, "keyCredentials", usage), keysOf(doc, "keyCredentials", usage)) {
			return c.lockedProperty("keyCredentials")
		}
	}
	return nil
}

// keysOf lists the key ids of the credentials of one usage; "" is all of them.
func keysOf(doc tenant.Doc, list, usage string) []string {
	var ids []string
	for _, credential := range doc.Docs(list) {
		if usage == "" || credential.String("usage") == usage {
			ids = append(ids, credential.String("keyId"))
		}
	}
	slices.Sort(ids)
	return ids
}

func (c *call) lockedProperty(name string) *Error {
	e := badRequest("Property '%s' is locked by the application.", name)
	if c.Readings.is(LockedPrincipal, "403") {
		e.Status, e.Code = http.StatusForbidden, denied().Code
	}
	return e
}
