package signin

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// device is a sign-in on another device, waiting for a person.
type device struct {
	session
	userCode string
	at       directory
	state    deviceState
	expires  time.Time
}

type deviceState int

const (
	devicePending deviceState = iota
	deviceApproved
	deviceDeclined
)

// deviceInterval is how often a client is asked to poll, in seconds.
const deviceInterval = 5

// deviceCode starts a sign-in on another device. Whether the client is public is judged when the code is redeemed.
func deviceCode(x *exchange) error {
	form, err := x.post()
	if err != nil {
		return err
	}
	d, refusal := x.directory()
	if refusal != nil {
		return refusal
	}
	for _, name := range []string{"client_id", "scope"} {
		if form.Get(name) == "" {
			return errMissingParameter(name)
		}
	}
	c, refusal := x.h.client(form.Get("client_id"), d, time.Time{})
	if refusal != nil {
		return refusal
	}
	a, refusal := parseScope(form.Get("scope"))
	if refusal != nil {
		return refusal
	}
	id, userCode := x.h.newSecret(), newUserCode()
	x.h.devices.put(id, device{
		session: session{clientID: c.id, asked: a, asOf: c.asOf}, userCode: userCode, at: d, expires: x.now.Add(deviceLifetime),
	}, x.now, deviceLifetime+afterlife)
	x.h.userCodes.put(userCode, id, x.now, deviceLifetime)
	page := x.origin + "/devicelogin"
	return x.json(http.StatusOK, map[string]any{
		"user_code": userCode, "device_code": id, "verification_uri": page, "expires_in": int(deviceLifetime / time.Second), "interval": deviceInterval,
		"message": fmt.Sprintf("To sign in, use a web browser to open the page %s and enter the code %s to authenticate.", page, userCode),
	})
}

// newUserCode makes a code that a person can type: nine capital letters and digits.
func newUserCode() string { return rand.Text()[:9] }

// deviceLogin is the page where a person types the code that a device shows.
func deviceLogin(x *exchange) error {
	if x.r.Method != http.MethodPost {
		return x.page(http.StatusOK, "device", pageData{Title: "Enter the code", Hint: x.r.URL.Query().Get("user_code")})
	}
	form, err := x.post()
	if err != nil {
		return err
	}
	userCode := strings.ToUpper(strings.TrimSpace(form.Get("user_code")))
	id, _ := x.h.userCodes.get(userCode, x.now)
	d, ok := x.h.devices.get(id, x.now)
	if !ok || d.state != devicePending || x.now.After(d.expires) {
		return x.page(http.StatusOK, "device", pageData{Title: "Enter the code", Alert: x.describe(errUserCodeUnknown())})
	}
	c, refusal := x.h.client(d.clientID, d.at, d.asOf)
	if refusal != nil {
		return refusal
	}
	return x.ask(flow{stage: stageUser, at: d.at, clientID: c.id, appName: c.name, asOf: c.asOf, purpose: deviceApproval{id: id, asked: d.asked}}, nil)
}

// deviceApproval is a sign-in that lets another device in.
type deviceApproval struct {
	id    string
	asked asked
}

func (a deviceApproval) consent(x *exchange, f flow, c *client, in directory) (consentRequest, *Error) {
	return x.userConsent(f, c, in, a.asked, false)
}

func (a deviceApproval) finish(x *exchange, f flow, _ directory) error {
	if err := a.settle(x, func(d device) device {
		d.state, d.account, d.methods, d.signedIn, d.asOf = deviceApproved, f.account, f.methods, x.now, f.asOf
		return d
	}); err != nil {
		return err
	}
	return x.page(http.StatusOK, "message", pageData{Title: "Signed in", Text: fmt.Sprintf("You have signed in to %s on your device. You may close this window.", f.appName)})
}

// settle ends the wait of the device, once.
func (a deviceApproval) settle(x *exchange, change func(device) device) error {
	ok, err := x.h.devices.change(a.id, func(d device) (device, error) {
		if d.state != devicePending || x.now.After(d.expires) {
			return d, errUserCodeUnknown()
		}
		return change(d), nil
	})
	if err != nil {
		return err
	}
	if !ok {
		return errUserCodeUnknown()
	}
	return nil
}

func (a deviceApproval) declined() *Error { return errDeviceDeclined() }

// fail shows the refusal to the person; the device hears of it only when the person declined.
func (a deviceApproval) fail(x *exchange, e *Error) error {
	if e.Code != errDeviceDeclined().Code {
		return e
	}
	if err := a.settle(x, func(d device) device { d.state = deviceDeclined; return d }); err != nil {
		return err
	}
	return x.page(http.StatusOK, "message", pageData{Title: "Declined", Text: "You have declined. The device is not signed in."})
}
