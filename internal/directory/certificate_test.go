package directory

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // Graph names certificates by it.
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func testCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // Quick, and nobody signs with it.
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// keyring is the part of Graph that keeps an application's certificates: every PATCH replaces them all, an entry without
// key must be one that is there, and reads show none of the keys.
type keyring struct {
	mu   sync.Mutex
	held []object
	// before runs ahead of the nth PATCH, after behind it; shown alters what the nth read shows.
	before, after map[int]func(*keyring)
	shown         func(n int, held []object) []object
}

func entry(n int, key string) object {
	return object{"keyId": keyNumber(n), "type": "AsymmetricX509Cert", "usage": "Verify", "key": key, "displayName": fmt.Sprintf("number %d", n),
		"customKeyIdentifier": base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(n))), "startDateTime": "2026-01-02T03:04:05.1234567Z", "endDateTime": "2099-01-02T03:04:05Z", "custom": "kept"}
}

func (k *keyring) answer(line, body string, seen int) answer {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case strings.HasPrefix(line, "GET /applications/"+appID):
		held := k.held
		if k.shown != nil {
			held = k.shown(seen, held)
		}
		all := []object{}
		for _, e := range held {
			e = cloneObject(e)
			e["key"] = nil
			all = append(all, e)
		}
		return answer{status: 200, body: appJSON(object{"keyCredentials": all})}
	case line == "PATCH /applications/"+appID:
		if f := k.before[seen]; f != nil {
			f(k)
		}
		if refused := k.replace(body); refused != "" {
			return refusal(http.StatusBadRequest, "Request_BadRequest", refused)
		}
		if f := k.after[seen]; f != nil {
			f(k)
		}
		return answer{status: 204}
	}
	return answer{}
}

func (k *keyring) replace(body string) (refused string) {
	var given struct{ KeyCredentials []object }
	if err := json.Unmarshal([]byte(body), &given); err != nil {
		return err.Error()
	}
	var kept []object
	for _, e := range given.KeyCredentials {
		i := slices.IndexFunc(k.held, func(h object) bool { return h["keyId"] == e["keyId"] })
		switch {
		case i < 0 && e["key"] == nil:
			return "Invalid value specified for property 'key' of resource 'keyCredential'."
		case i < 0:
			made := cloneObject(e)
			if der, err := base64.StdEncoding.DecodeString(fmt.Sprint(e["key"])); err == nil && made["customKeyIdentifier"] == nil {
				sum := sha1.Sum(der) //nolint:gosec // As Graph does.
				made["customKeyIdentifier"] = base64.StdEncoding.EncodeToString(sum[:])
			}
			kept = append(kept, made)
			continue
		}
		for name, value := range e {
			if held := k.held[i][name]; held != value {
				return fmt.Sprintf("%s was %v and is %v", name, held, value)
			}
		}
		kept = append(kept, k.held[i])
	}
	k.held = kept
	return ""
}

func (k *keyring) ids() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var ids []string
	for _, e := range k.held {
		ids = append(ids, fmt.Sprint(e["keyId"]))
	}
	slices.Sort(ids)
	return ids
}

func cloneObject(o object) object {
	out := object{}
	for name, value := range o {
		out[name] = value
	}
	return out
}

// The write is merged into what others have written, whatever happens around it.
func TestCertificatesAreMerged(t *testing.T) {
	t.Parallel()
	ours, theirs := keyNumber(9), keyNumber(1)
	late := func(k *keyring) { k.held = append(k.held, entry(2, "LATE")) }
	for what, c := range map[string]struct {
		ring    *keyring
		want    []string
		patches int
	}{
		"alone":               {&keyring{}, []string{ours}, 1},
		"beside another":      {&keyring{held: []object{entry(1, "KEY")}}, []string{theirs, ours}, 1},
		"another is added":    {&keyring{held: []object{entry(1, "KEY")}, after: map[int]func(*keyring){0: late}}, []string{theirs, keyNumber(2), ours}, 1},
		"ours is overwritten": {&keyring{held: []object{entry(1, "KEY")}, after: map[int]func(*keyring){0: func(k *keyring) { k.held = []object{entry(1, "KEY"), entry(2, "LATE")} }}}, []string{theirs, keyNumber(2), ours}, 2},
		"theirs is removed":   {&keyring{held: []object{entry(1, "KEY")}, before: map[int]func(*keyring){0: func(k *keyring) { k.held = nil }}}, []string{ours}, 2},
		"the reply of a replica that is late": {&keyring{held: []object{entry(1, "KEY")}, shown: func(n int, held []object) []object {
			if n > 0 && n < 4 {
				return []object{entry(1, "KEY")}
			}
			return held
		}}, []string{theirs, ours}, 1},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			certificate := testCertificate(t)
			synctest.Test(t, func(t *testing.T) {
				client, f := newFake(t, c.ring.answer)
				start := time.Now()
				made, err := client.AddCertificate(t.Context(), appID, NewCertificate{KeyID: strings.ToUpper(ours), DisplayName: "ours", X509: certificate})
				if err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(start); waited > 30*time.Second {
					t.Errorf("it took %v to see what happened", waited)
				}
				if made.KeyID != ours || made.Thumbprint != Thumbprint(certificate) || made.DisplayName != "ours" || !made.End.Equal(certificate.NotAfter) {
					t.Errorf("made %+v", made)
				}
				if made.Twin != nil {
					t.Errorf("%+v is no twin", made.Twin)
				}
				if got := c.ring.ids(); !slices.Equal(got, c.want) {
					t.Errorf("the application holds %q, want %q", got, c.want)
				}
				if n := f.count("PATCH"); n != c.patches {
					t.Errorf("%d writes, want %d", n, c.patches)
				}
				if err := client.RemoveCertificate(t.Context(), appID, ours); err != nil {
					t.Fatal(err)
				}
				if got, want := c.ring.ids(), c.want[:len(c.want)-1]; !slices.Equal(got, want) && len(got)+len(want) > 0 {
					t.Errorf("after the removal the application holds %q, want %q", got, want)
				}
			})
		})
	}
}

// A credential for the same certificate, which a run that was killed may have left, is told of: nobody may have seen it
// before this write.
func TestACertificateThatWasThereIsToldOf(t *testing.T) {
	t.Parallel()
	certificate := testCertificate(t)
	synctest.Test(t, func(t *testing.T) {
		client, _ := newFake(t, (&keyring{}).answer)
		add := func(n int) *Certificate {
			made, err := client.AddCertificate(t.Context(), appID, NewCertificate{KeyID: keyNumber(n), X509: certificate})
			if err != nil {
				t.Fatal(err)
			}
			return made
		}
		if first := add(1); first.Twin != nil {
			t.Errorf("the first has the twin %+v", first.Twin)
		}
		if second := add(2); second.Twin == nil || second.Twin.KeyID != keyNumber(1) {
			t.Errorf("the second has the twin %+v", second.Twin)
		}
	})
}

// Somebody who overwrites ours each time ends in an error, not in a loop.
func TestACertificateThatIsAlwaysOverwritten(t *testing.T) {
	t.Parallel()
	certificate := testCertificate(t)
	synctest.Test(t, func(t *testing.T) {
		ring := &keyring{after: map[int]func(*keyring){}}
		for n := range 50 {
			ring.after[n] = func(k *keyring) { k.held = []object{entry(n+1, "THEIRS")} }
		}
		client, f := newFake(t, ring.answer)
		_, err := client.AddCertificate(t.Context(), appID, NewCertificate{KeyID: keyNumber(99), X509: certificate})
		wantKind(t, err, KindConflict)
		if n := f.count("PATCH"); n != maxAttempts {
			t.Errorf("%d writes, want %d", n, maxAttempts)
		}
	})
}

// A replica that is late, and shows less than was seen before, is not merged into: that would remove the rest.
func TestCertificatesOfALateReplicaAreNotRemoved(t *testing.T) {
	t.Parallel()
	certificate := testCertificate(t)
	synctest.Test(t, func(t *testing.T) {
		ring := &keyring{held: []object{entry(1, "KEY"), entry(2, "NEW")}, shown: func(n int, held []object) []object {
			if n == 1 || n == 2 {
				return held[:1]
			}
			return held
		}}
		client, _ := newFake(t, ring.answer)
		if _, err := client.Application(t.Context(), appID); err != nil {
			t.Fatal(err)
		}
		<-time.After(2 * freshFor)
		if _, err := client.AddCertificate(t.Context(), appID, NewCertificate{KeyID: keyNumber(9), X509: certificate}); err != nil {
			t.Fatal(err)
		}
		if got, want := ring.ids(), []string{keyNumber(1), keyNumber(2), keyNumber(9)}; !slices.Equal(got, want) {
			t.Errorf("the application holds %q, want %q", got, want)
		}
	})
}

// What is gone needs no removal; neither does what an application that is gone has held.
func TestRemovalOfACertificateThatIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, f := newFake(t, (&keyring{held: []object{entry(1, "KEY")}}).answer)
		if err := client.RemoveCertificate(t.Context(), appID, keyNumber(9)); err != nil || f.count("PATCH") != 0 {
			t.Errorf("%v, %q", err, f.lines())
		}
		client, _ = newFake(t, func(string, string, int) answer { return notFound() })
		if err := client.RemoveCertificate(t.Context(), appID, keyNumber(9)); err != nil {
			t.Error(err)
		}
	})
}
