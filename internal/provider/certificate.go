package provider

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// What is wrong with a text that should be one certificate. None of them quotes it, because it may be a private key.
const (
	hasPrivateKey = "It holds a private key. Give the public part alone: openssl x509 -in key-and-certificate.pem -out certificate.pem takes it out of PEM, " +
		"and openssl pkcs12 -in bundle.pfx -clcerts -nokeys -out certificate.pem out of a PFX file. The private key stays with the program that signs in; " +
		"what was written into a configuration should be replaced."
	severalCertificates = "It holds several certificates. Microsoft Entra ID registers one: give the program's own, without those that issued it."
	noCertificate       = "It holds no certificate. Give one in PEM (-----BEGIN CERTIFICATE-----), or its DER in base64, as file(\"certificate.pem\") or filebase64(\"certificate.cer\") read them."
	requestOnly         = "It is a request for a certificate. Have it signed, and give the certificate."
	pemInBase64         = "It is PEM that was put into base64 once more. Read the file with file instead of filebase64."
	unreadable          = "It can't be read as a certificate (X.509). Check that the file was copied whole."
)

// parseCertificate reads the one certificate in a text: PEM, or DER in base64. problem says what is wrong, in a sentence
// that quotes nothing of the text.
func parseCertificate(s string) (certificate *x509.Certificate, problem string) {
	s = strings.TrimPrefix(s, "\ufeff") // which editors on Windows put before a text
	if strings.Contains(s, "PRIVATE KEY-----") {
		return nil, hasPrivateKey
	}
	if strings.Contains(s, "-----BEGIN") {
		return fromPEM([]byte(s))
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	switch {
	case err != nil || len(der) == 0:
		return nil, noCertificate
	case bytes.Contains(der, []byte("PRIVATE KEY-----")):
		return nil, hasPrivateKey
	case bytes.Contains(der, []byte("-----BEGIN")):
		return nil, pemInBase64
	}
	return fromDER(der)
}

func fromPEM(text []byte) (certificate *x509.Certificate, problem string) {
	var found [][]byte
	request := false
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		request = request || strings.Contains(block.Type, "CERTIFICATE REQUEST")
		if block.Type == "CERTIFICATE" || block.Type == "X509 CERTIFICATE" || block.Type == "TRUSTED CERTIFICATE" {
			found = append(found, block.Bytes)
		}
	}
	switch {
	case len(found) == 1:
		return fromDER(found[0])
	case len(found) > 1:
		return nil, severalCertificates
	case request:
		return nil, requestOnly
	}
	return nil, noCertificate
}

func fromDER(der []byte) (certificate *x509.Certificate, problem string) {
	if certificate, err := x509.ParseCertificate(der); err == nil {
		return certificate, ""
	}
	if all, err := x509.ParseCertificates(der); err == nil && len(all) > 1 {
		return nil, severalCertificates
	}
	if isPrivateKey(der) {
		return nil, hasPrivateKey
	}
	return nil, unreadable
}

// isPrivateKey knows the DER forms that hold one: PKCS #1, SEC 1, PKCS #8 and PFX begin with a version number, which a
// certificate does not, and an encrypted PKCS #8 with the name of a cipher and then nothing but an octet string.
func isPrivateKey(der []byte) bool {
	var encrypted struct {
		Cipher struct {
			Algorithm  asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Data []byte
	}
	var body asn1.RawValue
	var version int
	if _, err := asn1.Unmarshal(der, &body); err != nil || body.Tag != asn1.TagSequence {
		return false
	}
	if _, err := asn1.Unmarshal(der, &encrypted); err == nil {
		return true
	}
	_, err := asn1.Unmarshal(body.Bytes, &version)
	return err == nil
}

// asPEM is how a certificate that was imported is written.
func asPEM(certificate *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
}

// certificateText requires one certificate's public part.
func certificateText() validator.String { return certificateCheck{} }

type certificateCheck struct{}

var _ validator.String = certificateCheck{}

// Description implements validator.Describer.
func (certificateCheck) Description(context.Context) string {
	return "one certificate, public part only"
}

// MarkdownDescription implements validator.Describer.
func (c certificateCheck) MarkdownDescription(ctx context.Context) string { return c.Description(ctx) }

// ValidateString implements validator.String.
func (certificateCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	_, problem := parseCertificate(req.ConfigValue.ValueString())
	switch problem {
	case "":
	case hasPrivateKey:
		// Not at the attribute: Terraform would quote its lines, and the key may be written there.
		resp.Diagnostics.AddError(fmt.Sprintf("Invalid %s: a private key", req.Path), problem)
	default:
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Invalid %s", req.Path), problem)
	}
}

// otherCertificate keeps the spelling in the state when the configuration means the same certificate, and replaces the
// resource when it means another one.
type otherCertificate struct{}

var _ planmodifier.String = otherCertificate{}

// Description implements planmodifier.Describer.
func (otherCertificate) Description(context.Context) string {
	return "Another certificate needs a new object; another spelling of the same one changes nothing."
}

// MarkdownDescription implements planmodifier.Describer.
func (o otherCertificate) MarkdownDescription(ctx context.Context) string { return o.Description(ctx) }

// PlanModifyString implements planmodifier.String.
func (otherCertificate) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.State.Raw.IsNull() || req.Plan.Raw.IsNull() || req.PlanValue.Equal(req.StateValue) {
		return
	}
	if !req.PlanValue.IsUnknown() {
		planned, _ := parseCertificate(req.PlanValue.ValueString())
		held, _ := parseCertificate(req.StateValue.ValueString())
		if planned != nil && held != nil && planned.Equal(held) {
			resp.PlanValue = req.StateValue
			return
		}
	}
	resp.RequiresReplace = true
}

// weakness says what keeps a certificate from being of use, "" for a good one. Sign-in takes RS256 and PS256 alone.
func weakness(certificate *x509.Certificate) string {
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	switch {
	case !ok:
		return "Its key is of type " + certificate.PublicKeyAlgorithm.String() + ", and Microsoft Entra ID accepts signatures of RSA keys (RS256 and PS256) alone. A program can't sign in with it: have one issued for an RSA key of 2048 bits or more."
	case key.N.BitLen() < 2048:
		return fmt.Sprintf("Its RSA key has %d bits. Shorter keys than 2048 bits can be broken, and a tenant may refuse them: have one issued for a longer key.", key.N.BitLen())
	}
	return ""
}
