package keyvault

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// The second door: what other people do with a vault, and what a test wants to see. Nothing is checked.

// Secret is a secret with its versions, the oldest first.
type Secret struct {
	Vault    string    `json:"vault"`
	Name     string    `json:"name"`
	Deleted  bool      `json:"deleted"`
	Versions []Version `json:"versions"`
}

// Version is a version of a secret.
type Version struct {
	ID          string            `json:"id"`
	Value       string            `json:"value"`
	ContentType string            `json:"content_type"`
	Tags        map[string]string `json:"tags"`
	Enabled     bool              `json:"enabled"`
	NotBefore   time.Time         `json:"not_before,omitzero"` // zero for none
	Expires     time.Time         `json:"expires,omitzero"`    // zero for none
	Created     time.Time         `json:"created"`
}

// ErrNoSecret is returned for a secret or version that a vault doesn't hold.
var ErrNoSecret = errors.New("no such secret")

// Secrets lists the secrets of all vaults, deleted ones included.
func (s *Server) Secrets() []Secret {
	home, view := s.cloud.Seeded().TenantID, s.cloud.Latest()
	var out []Secret
	for _, d := range append(view.List(home, tenant.VaultSecret), view.ListDeleted(home, tenant.VaultSecret)...) {
		secret := Secret{Vault: d.String("vault"), Name: d.String("name"), Deleted: d["deletedDateTime"] != nil}
		for _, v := range d.Docs("versions") {
			secret.Versions = append(secret.Versions, versionOf(v))
		}
		out = append(out, secret)
	}
	return out
}

func versionOf(v tenant.Doc) Version {
	out := Version{ID: v.String("version"), Value: v.String("value"), ContentType: v.String("contentType"), Tags: map[string]string{},
		Enabled: v.Bool("enabled"), NotBefore: seconds(v["nbf"]), Expires: seconds(v["exp"]), Created: seconds(v["created"])}
	for name := range v.Doc("tags") {
		out.Tags[name] = v.Doc("tags").String(name)
	}
	return out
}

func seconds(v any) time.Time {
	n, ok := v.(float64)
	if !ok {
		return time.Time{}
	}
	return time.Unix(int64(n), 0).UTC()
}

// Add makes a version as somebody else would, and returns its id.
func (s *Server) Add(vault, name, value string, tags map[string]string) (id string, err error) {
	err = s.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		made, err := addVersion(tx, vault, name, parameters{Value: &value, Tags: &tags})
		id = made.String("version")
		return err
	})
	return id, err
}

// Change edits a version: enabled, tags, content type, not before and expires. An edit that does nothing leaves the
// version as it was, also the time of its last update.
func (s *Server) Change(vault, name, version string, edit func(*Version)) error {
	home := s.cloud.Seeded().TenantID
	return s.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		secret, _ := tx.Get(home, tenant.VaultSecret, secretID(vault, name))
		for _, doc := range secret.Docs("versions") {
			if doc.String("version") != version {
				continue
			}
			before, v := versionOf(doc), versionOf(doc)
			if edit(&v); reflect.DeepEqual(v, before) {
				return nil
			}
			p := parameters{ContentType: &v.ContentType, Tags: &v.Tags, Attributes: attributes{Enabled: &v.Enabled}}
			p.apply(doc)
			doc["nbf"], doc["exp"] = unix(v.NotBefore), unix(v.Expires)
			doc["updated"] = float64(tx.Now().Unix())
			tx.Put(home, tenant.VaultSecret, secret)
			return nil
		}
		return fmt.Errorf("%w: %s/%s in %s", ErrNoSecret, name, version, vault)
	})
}

func unix(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return float64(t.Unix())
}

// Delete, Recover and Purge do to a secret what the portal's buttons of these names do.
func (s *Server) Delete(vault, name string) error {
	_, err := s.remove(vault, name)
	return absent(err)
}

// Recover brings a deleted secret back.
func (s *Server) Recover(vault, name string) error {
	_, err := s.restore(vault, name)
	return absent(err)
}

// Purge removes a deleted secret for good.
func (s *Server) Purge(vault, name string) error { return absent(s.purge(vault, name)) }

func absent(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrNoSecret, err)
}
