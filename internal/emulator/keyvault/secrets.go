package keyvault

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Limits of a secret.
const (
	maxValue       = 25 << 10
	maxContentType = 255
	maxTags        = 15
	maxTag         = 256
	maxPage        = 25
	retentionDays  = 90
)

// attributes are the attributes that a request may set. What is absent stays as it is.
type attributes struct {
	Enabled *bool  `json:"enabled"`
	NBF     *int64 `json:"nbf"`
	EXP     *int64 `json:"exp"`
	// Read-only, but accepted, because clients send back what they were given.
	Created         any `json:"created"`
	Updated         any `json:"updated"`
	RecoveryLevel   any `json:"recoveryLevel"`
	RecoverableDays any `json:"recoverableDays"`
}

// parameters are the bodies of a set and of an update.
type parameters struct {
	Value       *string            `json:"value"`
	ContentType *string            `json:"contentType"`
	Attributes  attributes         `json:"attributes"`
	Tags        *map[string]string `json:"tags"`
}

func (c *call) parameters() (parameters, error) {
	var p parameters
	media, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	if len(c.body) == 0 || !strings.EqualFold(strings.TrimSpace(media), "application/json") {
		return p, errBadParameter("Request body not specified.")
	}
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, errBadParameter("Property has invalid value: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return p, errBadParameter("The request body goes on after its value.")
	}
	return p, p.check()
}

func (p parameters) check() error {
	switch {
	case p.Value != nil && len(*p.Value) > maxValue:
		return errBadParameter("The secret value must not be longer than %d bytes.", maxValue)
	case p.ContentType != nil && utf8.RuneCountInString(*p.ContentType) > maxContentType:
		return errBadParameter("The content type must not be longer than %d characters.", maxContentType)
	case p.Attributes.NBF != nil && p.Attributes.EXP != nil && *p.Attributes.EXP <= *p.Attributes.NBF:
		return errBadParameter("The expiry must be after the activation.")
	case p.Tags == nil:
		return nil
	case len(*p.Tags) > maxTags:
		return errBadParameter("A secret must not have more than %d tags.", maxTags)
	}
	for name, value := range *p.Tags {
		if n := utf8.RuneCountInString(name); n == 0 || n > maxTag || utf8.RuneCountInString(value) > maxTag {
			return errBadParameter("A tag's name and value must not be longer than %d characters.", maxTag)
		}
	}
	return nil
}

// apply writes what is given into a version.
func (p parameters) apply(version tenant.Doc) {
	if p.ContentType != nil {
		version["contentType"] = *p.ContentType
	}
	if p.Attributes.Enabled != nil {
		version["enabled"] = *p.Attributes.Enabled
	}
	for name, at := range map[string]*int64{"nbf": p.Attributes.NBF, "exp": p.Attributes.EXP} {
		if at != nil {
			version[name] = float64(*at)
		}
	}
	if p.Tags != nil {
		tags := tenant.Doc{}
		for name, value := range *p.Tags {
			tags[name] = value
		}
		version["tags"] = tags
	}
}

// setSecret adds a version: PUT /secrets/{name}.
func setSecret(c *call) (*result, error) {
	p, err := c.parameters()
	if err != nil {
		return nil, err
	}
	if p.Value == nil {
		return nil, errBadParameter("Property  has invalid value: value is required.")
	}
	var made tenant.Doc
	err = c.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		made, err = addVersion(tx, c.vault, c.params["name"], p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &result{http.StatusOK, c.bundle(made, true)}, nil
}

// addVersion makes a version in a vault of the main tenant. A deleted secret keeps its name.
func addVersion(tx *tenant.Tx, vault, name string, p parameters) (tenant.Doc, error) {
	home, id := tx.Tenants()[0].ID, secretID(vault, name)
	if _, deleted := tx.GetDeleted(home, tenant.VaultSecret, id); deleted {
		return nil, errDeleted(name)
	}
	secret, ok := tx.Get(home, tenant.VaultSecret, id)
	if !ok {
		secret = tenant.Doc{"id": id, "vault": vault, "name": name, "deletedDateTime": nil}
	}
	now := float64(tx.Now().Unix())
	version := tenant.Doc{"name": secret["name"], "version": strings.ReplaceAll(tx.NewID("vault secret", vault, name), "-", ""),
		"value": *p.Value, "contentType": nil, "tags": nil, "enabled": true, "nbf": nil, "exp": nil, "created": now, "updated": now}
	p.apply(version)
	secret["versions"] = append(secret.Docs("versions"), version)
	tx.Put(home, tenant.VaultSecret, secret)
	return version, nil
}

// secretID is where a secret is kept. Names are compared without regard to case.
func secretID(vault, name string) string { return vault + "/" + strings.ToLower(name) }

// secret reads a live secret.
func (c *call) secret() (tenant.Doc, error) {
	name := c.params["name"]
	doc, ok := c.cloud.Latest().Get(c.cloud.Seeded().TenantID, tenant.VaultSecret, secretID(c.vault, name))
	if !ok {
		return nil, errNotFound(name)
	}
	return doc, nil
}

// pick finds the version that the path names, or the latest.
func (c *call) pick(secret tenant.Doc) (int, error) {
	versions := secret.Docs("versions")
	wanted := c.params["version"]
	if wanted == "" {
		return len(versions) - 1, nil
	}
	i := slices.IndexFunc(versions, func(v tenant.Doc) bool { return strings.EqualFold(v.String("version"), wanted) })
	if i < 0 {
		return 0, errNotFound(c.params["name"] + "/" + wanted)
	}
	return i, nil
}

// getSecret shows a value: GET /secrets/{name}, and with a version.
func getSecret(c *call) (*result, error) {
	secret, err := c.secret()
	if err != nil {
		return nil, err
	}
	i, err := c.pick(secret)
	if err != nil {
		return nil, err
	}
	version := secret.Docs("versions")[i]
	if !version.Bool("enabled") {
		return nil, errDisabled()
	}
	return &result{http.StatusOK, c.bundle(version, true)}, nil
}

// updateSecret changes a version's attributes, content type and tags: PATCH /secrets/{name}/{version}.
func updateSecret(c *call) (*result, error) {
	p, err := c.parameters()
	if err != nil {
		return nil, err
	}
	if p.Value != nil {
		return nil, errBadParameter("A version's value can't be changed.")
	}
	var changed tenant.Doc
	err = c.cloud.UpdateEverywhere(func(tx *tenant.Tx) error {
		secret, ok := tx.Get(c.cloudTenant(tx), tenant.VaultSecret, secretID(c.vault, c.params["name"]))
		if !ok {
			return errNotFound(c.params["name"])
		}
		i, err := c.pick(secret)
		if err != nil {
			return err
		}
		changed = secret.Docs("versions")[i]
		p.apply(changed)
		changed["updated"] = float64(tx.Now().Unix())
		tx.Put(c.cloudTenant(tx), tenant.VaultSecret, secret)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &result{http.StatusOK, c.bundle(changed, false)}, nil
}

// cloudTenant is the main tenant, inside a transaction.
func (*call) cloudTenant(tx *tenant.Tx) string { return tx.Tenants()[0].ID }

// bundle is a version as replies show it.
func (c *call) bundle(version tenant.Doc, withValue bool) map[string]any {
	out := c.item(version)
	if withValue {
		out["value"] = version.String("value")
	}
	return out
}

// item is a version without its value.
func (c *call) item(version tenant.Doc) map[string]any {
	attributes := map[string]any{"enabled": version["enabled"], "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": retentionDays}
	for _, name := range []string{"nbf", "exp", "created", "updated"} {
		if version[name] != nil {
			attributes[name] = version[name]
		}
	}
	out := map[string]any{"id": c.address("secrets", version.String("name"), version.String("version")), "attributes": attributes}
	if version["contentType"] != nil {
		out["contentType"] = version["contentType"]
	}
	if version["tags"] != nil {
		out["tags"] = version["tags"]
	}
	return out
}

// address is where the vault has something, by the name that the request used.
func (c *call) address(parts ...string) string {
	return "https://" + c.r.Host + "/" + strings.Join(parts, "/")
}

// listVersions lists the versions without their values: GET /secrets/{name}/versions. The order is that of their ids, so
// it tells nothing about their age, as in the real vault.
func listVersions(c *call) (*result, error) {
	secret, err := c.secret()
	if err != nil {
		if c.reading().AbsentIsNotFound {
			return nil, err
		}
		return c.page(nil)
	}
	versions := secret.Docs("versions")
	slices.SortFunc(versions, func(a, b tenant.Doc) int { return cmp.Compare(a.String("version"), b.String("version")) })
	items := make([]map[string]any, 0, len(versions))
	for _, v := range versions {
		items = append(items, c.item(v))
	}
	return c.page(items)
}

// listSecrets lists the secrets by what their latest versions say, without versions: GET /secrets.
func listSecrets(c *call) (*result, error) {
	found := c.cloud.Latest().Find(c.cloud.Seeded().TenantID, tenant.VaultSecret, func(d tenant.Doc) bool { return d.String("vault") == c.vault })
	items := make([]map[string]any, 0, len(found))
	for _, secret := range found {
		versions := secret.Docs("versions")
		item := c.item(versions[len(versions)-1])
		item["id"] = c.address("secrets", secret.String("name"))
		items = append(items, item)
	}
	return c.page(items)
}

// page cuts a list and links to what comes next.
func (c *call) page(items []map[string]any) (*result, error) {
	query := c.r.URL.Query()
	size := maxPage
	if text := query.Get("maxresults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPage {
			return nil, errBadParameter("maxresults must be a number from 1 to %d.", maxPage)
		}
		size = n
	}
	if c.pageSize > 0 {
		size = min(size, c.pageSize)
	}
	from := 0
	if token := query.Get("$skiptoken"); token != "" {
		n, err := strconv.Atoi(token)
		if err != nil || n < 0 || n > len(items) {
			return nil, errBadParameter("The skip token is invalid.")
		}
		from = n
	}
	end := min(from+size, len(items))
	body := map[string]any{"value": append([]map[string]any{}, items[from:end]...), "nextLink": nil}
	if end < len(items) {
		next := maps.Clone(query)
		next.Set("$skiptoken", strconv.Itoa(end))
		link := c.r.URL
		host := c.r.Host
		if !strings.Contains(host, ":") {
			host += ":443" // As the real vault writes it.
		}
		body["nextLink"] = "https://" + host + link.Path + "?" + next.Encode()
	}
	return &result{http.StatusOK, body}, nil
}
