package directory

import (
	"context"
	"crypto/sha1" //nolint:gosec // The thumbprints of the portal are SHA-1.
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/microsoftgraph/msgraph-sdk-go/applications"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// Certificate is the public part of a keyCredential.
type Certificate struct {
	KeyID, DisplayName, Thumbprint string
	Usage                          string // Verify for sign-in, Encrypt for tokens
	Start, End                     time.Time
	// Twin is another credential of the application for the same certificate; only in the result of AddCertificate.
	Twin *Certificate

	// entry is the credential as Graph has shown it. It is sent back with every write to the collection, which Graph
	// replaces whole; it is shared, and must not be written to.
	entry models.KeyCredentialable
}

// NewCertificate is what AddCertificate makes a credential of.
type NewCertificate struct {
	// KeyID is chosen by the caller, so that a reply that was lost costs nothing: the write can be repeated.
	KeyID       string
	DisplayName string // "" takes Graph's default, the certificate's subject
	X509        *x509.Certificate
}

// AddCertificate makes a credential of a certificate's public part, valid as long as the certificate, and leaves the
// other credentials of the application as they are (see writePart). Graph's addKey is no way: it wants a proof by
// another key. The result is non-nil from the moment that the credential exists. Graph: PATCH /applications/{id}.
func (c *Client) AddCertificate(ctx context.Context, applicationID string, certificate NewCertificate) (*Certificate, error) {
	entry, err := newKey(certificate)
	if err != nil {
		return nil, &Error{Kind: KindInvalid, Op: opAddCertificate.name, Object: applicationID, Message: "the key id is not a GUID", Err: err}
	}
	unlock, err := c.locks.lock(ctx, applicationID)
	if err != nil {
		return nil, c.fail(opAddCertificate, applicationID, err)
	}
	defer unlock()
	added := fromKeys([]models.KeyCredentialable{entry})[0]
	added.Start, added.End = certificate.X509.NotBefore.UTC(), certificate.X509.NotAfter.UTC()
	added.Thumbprint = Thumbprint(certificate.X509)
	app, err := c.writePart(ctx, applicationID, part{
		op: opAddCertificate, what: "the certificate", outdated: otherCertificates, missing: fewerCertificates,
		holds: func(app *Application) bool { return app.certificate(added.KeyID) != nil },
		merge: func(before *Application) (*Application, models.Applicationable, error) {
			after := before.clone()
			after.Certificates = append(after.Certificates, added)
			return after, certificatesBody(after), nil
		},
		// A certificate that was not there when ours was added is newer: who wrote it did not know of ours.
		overwritten: func(after, seen *Application) bool { return fewerCertificates(seen, after) },
	})
	switch {
	case KindOf(err) == KindPolicy:
		return nil, c.withMaxLifetime(ctx, applicationID, CertificateCredential, err)
	case app == nil:
		return nil, c.heldAlready(ctx, applicationID, &added, err)
	}
	made := app.certificate(added.KeyID)
	made.Twin = app.twin(&added)
	return made, err
}

// heldAlready makes KindExists of a refusal when the application has a credential for the same certificate. Nothing says
// whether Graph takes a second one.
func (c *Client) heldAlready(ctx context.Context, applicationID string, added *Certificate, refusal error) error {
	if kind := KindOf(refusal); kind != KindInvalid && kind != KindConflict || errorOf(refusal).Status == 0 {
		return refusal
	}
	app, err := c.knownApplication(ctx, applicationID, refreshFor)
	if err != nil {
		return refusal // which says more
	}
	k := app.twin(added)
	if k == nil {
		return refusal
	}
	e := *errorOf(refusal)
	e.Kind, e.Message = KindExists, "the application has a credential for the same certificate"
	e.Candidates = []Candidate{{ID: k.KeyID, DisplayName: k.DisplayName, Detail: "valid until " + k.End.Format(time.RFC3339)}}
	return &e
}

// twin is another credential of the application for the same certificate, nil when it has none.
func (a *Application) twin(of *Certificate) *Certificate {
	for i, k := range a.Certificates {
		if k.Thumbprint == of.Thumbprint && k.KeyID != of.KeyID {
			return &a.Certificates[i]
		}
	}
	return nil
}

// RemoveCertificate removes a credential; an absent one, and an absent application, is success. Graph: PATCH
// /applications/{id}.
func (c *Client) RemoveCertificate(ctx context.Context, applicationID, keyID string) error {
	unlock, err := c.locks.lock(ctx, applicationID)
	if err != nil {
		return c.fail(opRemoveCertificate, applicationID, err)
	}
	defer unlock()
	keyID = strings.ToLower(keyID)
	_, err = c.writePart(ctx, applicationID, part{
		op: opRemoveCertificate, what: "the certificates", removal: true, outdated: otherCertificates, missing: fewerCertificates,
		holds: func(app *Application) bool { return app.certificate(keyID) == nil },
		merge: func(before *Application) (*Application, models.Applicationable, error) {
			after := before.clone()
			after.Certificates = slices.DeleteFunc(after.Certificates, func(k Certificate) bool { return k.KeyID == keyID })
			return after, certificatesBody(after), nil
		},
	})
	if KindOf(err) == KindNotFound {
		return nil
	}
	return err
}

// Certificate reads one by its key id, as part of its application, which is how Graph shows it. KindNotFound when the
// application is gone, or has no such credential. Graph: GET /applications/{id}.
func (c *Client) Certificate(ctx context.Context, applicationID, keyID string) (*Certificate, error) {
	app, err := c.Application(ctx, applicationID)
	if err != nil {
		return nil, err
	}
	found := app.certificate(strings.ToLower(keyID))
	if found == nil {
		return nil, &Error{Kind: KindNotFound, Op: opReadCertificate.name, Object: keyID, Endpoint: c.endpoint,
			Message: "the application " + applicationID + " holds no certificate with this key id"}
	}
	return found, nil
}

// CertificateDER is the certificate of a credential, which the usual reads of an application leave out; nil where Graph
// shows none. Graph: GET /applications/{id}?$select=keyCredentials.
func (c *Client) CertificateDER(ctx context.Context, applicationID, keyID string) ([]byte, error) {
	query := &applications.ApplicationItemRequestBuilderGetQueryParameters{Select: []string{"id", "keyCredentials"}}
	m, err := c.applicationBuilder(applicationID).Get(ctx, &applications.ApplicationItemRequestBuilderGetRequestConfiguration{QueryParameters: query})
	if err := identified(m, err); err != nil {
		return nil, c.fail(opReadCertificate, applicationID, err)
	}
	for _, k := range m.GetKeyCredentials() {
		if strings.EqualFold(guid(k.GetKeyId()), keyID) {
			return k.GetKey(), nil
		}
	}
	return nil, nil
}

// certificate is the application's credential with a key id, nil when it has none.
func (a *Application) certificate(keyID string) *Certificate {
	for i := range a.Certificates {
		if a.Certificates[i].KeyID == keyID {
			return &a.Certificates[i]
		}
	}
	return nil
}

// fewerCertificates tells whether b lacks a credential that a has.
func fewerCertificates(a, b *Application) bool {
	return slices.ContainsFunc(a.Certificates, func(k Certificate) bool { return b.certificate(k.KeyID) == nil })
}

// otherCertificates tells whether two looks at an application show different credentials.
func otherCertificates(a, b *Application) bool {
	return fewerCertificates(a, b) || fewerCertificates(b, a)
}

// Thumbprint is a certificate's SHA-1 in capital hexadecimal digits, as the portal and azidentity name it.
func Thumbprint(certificate *x509.Certificate) string {
	sum := sha1.Sum(certificate.Raw) //nolint:gosec // It names a certificate; it guards nothing.
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func fromKeys(all []models.KeyCredentialable) []Certificate {
	out := make([]Certificate, 0, len(all))
	for _, k := range all {
		out = append(out, Certificate{
			KeyID: guid(k.GetKeyId()), DisplayName: text(k.GetDisplayName()), Usage: text(k.GetUsage()),
			Thumbprint: strings.ToUpper(hex.EncodeToString(k.GetCustomKeyIdentifier())),
			Start:      instant(k.GetStartDateTime()), End: instant(k.GetEndDateTime()), entry: k,
		})
	}
	return out
}

// newKey is the wire form of a credential to be made.
func newKey(certificate NewCertificate) (models.KeyCredentialable, error) {
	id, err := uuid.Parse(certificate.KeyID)
	if err != nil {
		return nil, err
	}
	kind, usage := "AsymmetricX509Cert", "Verify"
	k := models.NewKeyCredential()
	k.SetKeyId(&id)
	k.SetTypeEscaped(&kind)
	k.SetUsage(&usage)
	k.SetKey(certificate.X509.Raw)
	if certificate.DisplayName != "" {
		k.SetDisplayName(&certificate.DisplayName)
	}
	return k, nil
}

// certificatesBody writes all credentials of an application. What Graph has shown goes back as it was: without the key,
// which the usual reads leave out and which Graph then keeps.
func certificatesBody(app *Application) models.Applicationable {
	entries := make([]models.KeyCredentialable, 0, len(app.Certificates))
	for _, k := range app.Certificates {
		entries = append(entries, exactTimes(k.entry))
	}
	body := models.NewApplication()
	body.SetKeyCredentials(entries)
	return body
}

// exactTimes is an entry whose times are written in full: the SDK cuts them to seconds, and an entry that is altered is
// refused.
func exactTimes(k models.KeyCredentialable) models.KeyCredentialable {
	out := models.NewKeyCredential()
	extra := out.GetAdditionalData()
	for name, value := range k.GetAdditionalData() {
		extra[name] = value
	}
	for name, t := range map[string]*time.Time{"startDateTime": k.GetStartDateTime(), "endDateTime": k.GetEndDateTime()} {
		if t != nil {
			extra[name] = t.UTC().Format(time.RFC3339Nano)
		}
	}
	out.SetKeyId(k.GetKeyId())
	out.SetTypeEscaped(k.GetTypeEscaped())
	out.SetUsage(k.GetUsage())
	out.SetKey(k.GetKey())
	out.SetDisplayName(k.GetDisplayName())
	out.SetCustomKeyIdentifier(k.GetCustomKeyIdentifier())
	out.SetOdataType(k.GetOdataType())
	return out
}
