package directory_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// publicPart is a certificate for all tests: keys are slow to make.
var publicPart = sync.OnceValues(func() (*x509.Certificate, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	virtual := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when tests in virtual time begin
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: virtual.AddDate(-1, 0, 0), NotAfter: virtual.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
})

func newCertificate(t *testing.T) directory.NewCertificate {
	t.Helper()
	certificate, err := publicPart()
	if err != nil {
		t.Fatal(err)
	}
	return directory.NewCertificate{KeyID: uuid.NewString(), DisplayName: "terraform", X509: certificate}
}

// writesOfCredentials are those of TestAmbiguousWrites on what an application holds.
func writesOfCredentials() []write {
	const federated = "/applications/{id}/federatedIdentityCredentials"
	spec := directory.FederatedSpec{Name: "main", Issuer: "https://issuer.example.com", Subject: "main", Audience: "api://AzureADTokenExchange"}
	return []write{
		{"secret", "POST", "/applications/{id}/addPassword", func(s *stage) func() error {
			s.want["secrets"] = 1
			return s.addSecret
		}},
		{"removal of a secret", "POST", "/applications/{id}/removePassword", func(s *stage) func() error {
			made, err := s.client.AddSecret(s.Context(), s.app.ID, "terraform", time.Now().Add(24*time.Hour))
			s.must(err)
			time.Sleep(time.Minute) // virtual
			return func() error { return settled(s.client.RemoveSecret(s.Context(), s.app.ID, made.KeyID)) }
		}},
		{"certificate", "PATCH", "/applications/{id}", func(s *stage) func() error {
			s.want["certificates"] = 1
			return func() error {
				made, err := s.client.AddCertificate(s.Context(), s.app.ID, newCertificate(s.T))
				if settled(err) != nil {
					return err
				}
				return s.lists("keyCredentials", "keyId", made.KeyID)
			}
		}},
		{"removal of a certificate", "PATCH", "/applications/{id}", func(s *stage) func() error {
			made, err := s.client.AddCertificate(s.Context(), s.app.ID, newCertificate(s.T))
			s.must(err)
			time.Sleep(time.Minute) // virtual
			return func() error { return settled(s.client.RemoveCertificate(s.Context(), s.app.ID, made.KeyID)) }
		}},
		{"federated credential", "POST", federated, func(s *stage) func() error {
			s.want["federated credentials"] = 1
			return func() error {
				made, err := s.client.CreateFederatedCredential(s.Context(), s.app.ID, spec)
				if settled(err) != nil {
					return err
				}
				return s.lists("federatedIdentityCredentials", "id", made.ID)
			}
		}},
		{"PATCH of a federated credential", "PATCH", federated + "/{subId}", func(s *stage) func() error {
			made, err := s.client.CreateFederatedCredential(s.Context(), s.app.ID, spec)
			s.must(err)
			s.want["federated credentials"] = 1
			return func() error {
				changed := spec
				changed.Subject = "release"
				if _, err := s.client.UpdateFederatedCredential(s.Context(), s.app.ID, made.ID, spec, changed); settled(err) != nil {
					return err
				}
				return s.lists("federatedIdentityCredentials", "subject", "release")
			}
		}},
		{"deletion of a federated credential", "DELETE", federated + "/{subId}", func(s *stage) func() error {
			made, err := s.client.CreateFederatedCredential(s.Context(), s.app.ID, spec)
			s.must(err)
			time.Sleep(time.Minute) // virtual
			return func() error { return settled(s.client.DeleteFederatedCredential(s.Context(), s.app.ID, made.ID)) }
		}},
	}
}

func (s *stage) addSecret() error {
	made, err := s.client.AddSecret(s.Context(), s.app.ID, "terraform", time.Now().Add(24*time.Hour))
	if err != nil {
		return err
	}
	if made.Value.IsZero() {
		return fmt.Errorf("the value of %s is not known", made.KeyID)
	}
	if _, err := s.client.SettleSecret(s.Context(), s.app.ID, made.KeyID); settled(err) != nil {
		return err
	}
	return s.lists("passwordCredentials", "keyId", made.KeyID)
}

// lists demands that one entry of an application's collection has a value.
func (s *stage) lists(property, member, want string) error {
	app, err := s.there(s.app.ID)
	if err != nil {
		return err
	}
	for _, entry := range app.Docs(property) {
		if entry.String(member) == want {
			return nil
		}
	}
	return fmt.Errorf("%s hold no %s %s", property, member, want)
}
