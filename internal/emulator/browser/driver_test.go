//go:build browser

package browser_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Waiting for a browser: how long something may take, and how often it is looked at meanwhile.
const (
	patience     = 20 * time.Second
	pollInterval = 50 * time.Millisecond
)

// browser is a headless Chromium that knows one emulator's certificate, driven by the W3C's WebDriver protocol.
type browser struct {
	t       *testing.T
	session string // address of the session
}

var servesAt = regexp.MustCompile(`started successfully on port (\d+)`)

// open starts a browser that accepts certificates by the authority in caFile.
func open(t *testing.T, caFile string) *browser {
	t.Helper()
	driver := startDriver(t)
	args := []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb", "--window-size=1200,800",
		"--user-data-dir=" + t.TempDir(), "--ignore-certificate-errors-spki-list=" + pin(t, caFile)}
	b := &browser{t: t}
	var made struct{ SessionID string }
	b.do(http.MethodPost, driver+"/session", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"browserName": "chrome", "goog:chromeOptions": map[string]any{"args": args}}}}, &made)
	b.session = driver + "/session/" + made.SessionID
	t.Cleanup(func() { b.do(http.MethodDelete, b.session, nil, nil) })
	return b
}

// startDriver starts chromedriver on a free port and gives its address.
func startDriver(t *testing.T) string {
	t.Helper()
	// The context of the test ends before the session is closed.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, "chromedriver", "--port=0")
	cmd.WaitDelay = patience
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() {
		cancel()
		if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) && cmd.ProcessState == nil {
			t.Errorf("chromedriver: %v", err)
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := servesAt.FindStringSubmatch(lines.Text()); found != nil {
			go func() {
				// What it says later isn't looked at, and the pipe must not block.
				_, _ = io.Copy(io.Discard, out)
			}()
			return "http://127.0.0.1:" + found[1]
		}
	}
	t.Fatalf("chromedriver doesn't say where it serves: %v", lines.Err())
	return ""
}

// pin is the digest of the authority's key, as Chromium wants it.
func pin(t *testing.T, caFile string) string {
	t.Helper()
	text, err := os.ReadFile(caFile)
	check(t, err)
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("ca.pem holds no certificate")
	}
	ca, err := x509.ParseCertificate(block.Bytes)
	check(t, err)
	sum := sha256.Sum256(ca.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refusal is what the driver says when it can't do something; its Code is the protocol's, as in "no such element".
type refusal struct {
	Code    string `json:"error"`
	Message string
}

func (r *refusal) Error() string { return r.Code + ": " + r.Message }

// try sends a command and decodes its value into out, unless out is nil.
func (b *browser) try(method, address string, command, out any) error {
	body := []byte("{}")
	if command != nil {
		var err error
		if body, err = json.Marshal(command); err != nil {
			return err
		}
	}
	if method != http.MethodPost {
		body = nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.t.Context()), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	var reply struct{ Value json.RawMessage }
	err = errors.Join(json.NewDecoder(resp.Body).Decode(&reply), resp.Body.Close())
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		var r refusal
		return errors.Join(json.Unmarshal(reply.Value, &r), &r)
	case out == nil:
		return nil
	}
	return json.Unmarshal(reply.Value, out)
}

func (b *browser) do(method, address string, command, out any) {
	b.t.Helper()
	check(b.t, b.try(method, address, command, out))
}

func (b *browser) visit(address string) {
	b.t.Helper()
	b.do(http.MethodPost, b.session+"/url", map[string]string{"url": address}, nil)
}

// eventually waits until ready says so, and tells what is on the page when it never does.
func (b *browser) eventually(what string, ready func() error) {
	b.t.Helper()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	end := time.Now().Add(patience)
	err := ready()
	for ; err != nil && time.Now().Before(end); err = ready() {
		<-tick.C
	}
	if err != nil {
		var page string
		readErr := b.try(http.MethodPost, b.session+"/execute/sync", map[string]any{
			"script": "return location.href + '\\n' + document.body.innerText", "args": []any{}}, &page)
		b.t.Fatalf("%s: %v %v\n%s", what, err, readErr, page)
	}
}

// element finds an element by an XPath expression.
func (b *browser) element(xpath string) (address string, err error) {
	var found map[string]string
	err = b.try(http.MethodPost, b.session+"/element", map[string]string{"using": "xpath", "value": xpath}, &found)
	for _, id := range found { // One, under a name that the protocol fixes.
		address = b.session + "/element/" + id
	}
	return address, err
}

// focused gives the element that has the focus, when it is named as wanted: by the label that a screen reader says.
func (b *browser) focused(label string) (address string, err error) {
	var found map[string]string
	err = b.try(http.MethodGet, b.session+"/element/active", nil, &found)
	for _, id := range found {
		address = b.session + "/element/" + id
	}
	if err != nil {
		return "", err
	}
	var said string
	if err := b.try(http.MethodGet, address+"/computedlabel", nil, &said); err != nil {
		return "", err
	}
	if said != label {
		return "", fmt.Errorf("the focus is on %q", said)
	}
	return address, nil
}

// answer types into the field that has the focus, which must be the one with the label, and presses a button.
func (b *browser) answer(label, text, button string) {
	b.t.Helper()
	b.eventually("field "+label, func() error {
		field, err := b.focused(label)
		if err != nil {
			return err
		}
		return b.try(http.MethodPost, field+"/value", map[string]string{"text": text}, nil)
	})
	b.press(button)
}

// press presses a button, or follows a link, by its text.
func (b *browser) press(text string) {
	b.t.Helper()
	b.eventually("button "+text, func() error {
		address, err := b.element(fmt.Sprintf("//button[normalize-space()=%[1]q] | //a[normalize-space()=%[1]q]", text))
		if err != nil {
			return err
		}
		return b.try(http.MethodPost, address+"/click", nil, nil)
	})
}

// shows waits until the page shows all the texts, and gives what it shows.
func (b *browser) shows(texts ...string) (all string) {
	b.t.Helper()
	b.eventually(fmt.Sprintf("a page with %q", texts), func() error {
		body, err := b.element("//body")
		if err != nil {
			return err
		}
		if err := b.try(http.MethodGet, body+"/text", nil, &all); err != nil {
			return err
		}
		for _, text := range texts {
			if !strings.Contains(all, text) {
				return fmt.Errorf("no %q", text)
			}
		}
		return nil
	})
	return all
}

// css is a property of an element's style as the browser has worked it out.
func (b *browser) css(xpath, property string) (value string) {
	b.t.Helper()
	address, err := b.element(xpath)
	check(b.t, err)
	b.do(http.MethodGet, address+"/css/"+property, nil, &value)
	return value
}

// screenshot is the window as a PNG file.
func (b *browser) screenshot() []byte {
	b.t.Helper()
	var text string
	b.do(http.MethodGet, b.session+"/screenshot", nil, &text)
	image, err := base64.StdEncoding.DecodeString(text)
	check(b.t, err)
	return image
}
