package graph

import (
	"encoding/base64"
	"encoding/hex"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// logoPath is the end of the paths whose body is an image.
const logoPath = "/logo"

// logoTypes are the images that can be a logo.
var logoTypes = []string{"image/png", "image/gif", "image/jpeg"}

// largestLogo is how many bytes a logo may have by the reading logo-size.
const largestLogo = 100 << 10

// putLogo replaces the logo of an application; its address in info.logoUrl changes with it, and is kept without the
// emulator's own, which may be another one tomorrow.
func putLogo(c *call) (*result, error) {
	media, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(logoTypes, media) {
		return nil, unsupportedMedia("image/png, image/gif or image/jpeg")
	}
	if found := http.DetectContentType(c.body); found != media || len(c.body) > largestLogo && c.Readings.is(LogoSize, "100KB") {
		return nil, invalidValue("logo", "application")
	}
	seen, err := c.application()
	if err != nil {
		return nil, err
	}
	err = c.change(tenant.Application, seen, func(tx *tenant.Tx, app tenant.Doc) error {
		sum := tenant.Digest(c.Seed, "logo", string(c.body))
		app["logo"] = base64.StdEncoding.EncodeToString(c.body)
		app.Doc("info")["logoUrl"] = "/applications/" + app.String("id") + logoPath + "#" + hex.EncodeToString(sum[:8])
		tx.Put(c.caller.TenantID, tenant.Application, app)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return nothing()
}

func getLogo(c *call) (*result, error) {
	app, err := c.application()
	if err != nil {
		return nil, err
	}
	image, err := base64.StdEncoding.DecodeString(app.String("logo"))
	if err != nil || len(image) == 0 {
		return nil, notFound("logo")
	}
	return &result{status: http.StatusOK, text: string(image), media: http.DetectContentType(image)}, nil
}

// showLogo completes the address of a logo in what is shown.
func (c *call) showLogo(shown tenant.Doc) {
	if info := shown.Doc("info"); strings.HasPrefix(info.String("logoUrl"), "/") {
		info["logoUrl"] = c.baseURL + info.String("logoUrl")
	}
}
