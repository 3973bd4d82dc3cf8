package keyvault

import (
	"net/http"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Deletion is soft and instantaneous; the real vault takes some seconds over it.

// deletedBundle is a deleted secret by its latest version.
func (c *call) deletedBundle(secret tenant.Doc) map[string]any {
	versions := secret.Docs("versions")
	out := c.item(versions[len(versions)-1])
	at := secret.Time("deletedDateTime")
	out["recoveryId"] = c.address("deletedsecrets", secret.String("name"))
	out["deletedDate"], out["scheduledPurgeDate"] = at.Unix(), at.Add(retentionDays*24*time.Hour).Unix()
	return out
}

// deleteSecret deletes a secret with all its versions: DELETE /secrets/{name}.
func deleteSecret(c *call) (*result, error) {
	deleted, err := c.remove(c.vault, c.params["name"])
	if err != nil {
		return nil, err
	}
	return &result{http.StatusOK, c.deletedBundle(deleted)}, nil
}

func (s *Server) remove(vault, name string) (deleted tenant.Doc, err error) {
	home, id := s.cloud.Seeded().TenantID, secretID(vault, name)
	return deleted, s.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		if !tx.SoftDelete(home, tenant.VaultSecret, id) {
			return errNotFound(name)
		}
		deleted, _ = tx.GetDeleted(home, tenant.VaultSecret, id)
		return nil
	})
}

// getDeleted shows a deleted secret: GET /deletedsecrets/{name}.
func getDeleted(c *call) (*result, error) {
	secret, ok := c.cloud.Latest().GetDeleted(c.cloud.Seeded().TenantID, tenant.VaultSecret, secretID(c.vault, c.params["name"]))
	if !ok {
		return nil, errNotDeleted(c.params["name"])
	}
	return &result{http.StatusOK, c.deletedBundle(secret)}, nil
}

// listDeleted lists the deleted secrets: GET /deletedsecrets.
func listDeleted(c *call) (*result, error) {
	items := []map[string]any{}
	for _, secret := range c.cloud.Latest().ListDeleted(c.cloud.Seeded().TenantID, tenant.VaultSecret) {
		if secret.String("vault") == c.vault {
			item := c.deletedBundle(secret)
			item["id"] = c.address("secrets", secret.String("name"))
			items = append(items, item)
		}
	}
	return c.page(items)
}

// recoverSecret brings a deleted secret back with all its versions: POST /deletedsecrets/{name}/recover.
func recoverSecret(c *call) (*result, error) {
	secret, err := c.restore(c.vault, c.params["name"])
	if err != nil {
		return nil, err
	}
	versions := secret.Docs("versions")
	return &result{http.StatusOK, c.item(versions[len(versions)-1])}, nil
}

func (s *Server) restore(vault, name string) (secret tenant.Doc, err error) {
	home, id := s.cloud.Seeded().TenantID, secretID(vault, name)
	return secret, s.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		var ok bool
		if secret, ok = tx.GetDeleted(home, tenant.VaultSecret, id); !ok {
			return errNotDeleted(name)
		}
		secret["deletedDateTime"] = nil
		tx.Put(home, tenant.VaultSecret, secret)
		return nil
	})
}

// purgeSecret removes a deleted secret for good: DELETE /deletedsecrets/{name}.
func purgeSecret(c *call) (*result, error) {
	if err := c.purge(c.vault, c.params["name"]); err != nil {
		return nil, err
	}
	return &result{status: http.StatusNoContent}, nil
}

func (s *Server) purge(vault, name string) error {
	home, id := s.cloud.Seeded().TenantID, secretID(vault, name)
	return s.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		if _, ok := tx.GetDeleted(home, tenant.VaultSecret, id); !ok {
			return errNotDeleted(name)
		}
		tx.Remove(home, tenant.VaultSecret, id)
		return nil
	})
}
