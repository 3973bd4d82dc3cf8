package directory

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/microsoftgraph/msgraph-sdk-go/applications"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"github.com/appreg/terraform-provider-appreg/internal/secret"
)

// Secret is a client secret (passwordCredential) of an application.
type Secret struct {
	KeyID, DisplayName, Hint string
	Start, End               time.Time    // UTC, whole seconds
	Value                    secret.Value // only in the result of AddSecret
}

// maxAttempts bounds how often a write starts over: after a reply that was lost, or because somebody else writes the same.
const maxAttempts = 5

// AddSecret makes a client secret. Graph: POST /applications/{id}/addPassword. From the moment that the secret exists
// the result is non-nil and holds its value. A reply that got lost is recovered: ours is removed and made again, or the
// error is KindAmbiguous and lists the candidates. Each secret of an application starts later than the one before it.
func (c *Client) AddSecret(ctx context.Context, applicationID, displayName string, end time.Time) (*Secret, error) {
	return c.addSecret(ctx, applicationID, displayName, func(time.Time) time.Time { return end })
}

// AddSecretFor is AddSecret for a secret whose validity, counted from its start, is exactly the one given: a start that
// is moved back must not make it longer than a tenant's policy allows. Graph: POST /applications/{id}/addPassword.
func (c *Client) AddSecretFor(ctx context.Context, applicationID, displayName string, validity time.Duration) (*Secret, error) {
	return c.addSecret(ctx, applicationID, displayName, func(start time.Time) time.Time { return start.Add(validity) })
}

func (c *Client) addSecret(ctx context.Context, applicationID, displayName string, end func(start time.Time) time.Time) (*Secret, error) {
	unlock, err := c.locks.lock(ctx, applicationID)
	if err != nil {
		return nil, c.fail(opAddSecret, applicationID, err)
	}
	defer unlock()
	// Of any age: it only has to tell a secret of ours from one that was there before, and those have other instants.
	before, err := c.knownApplication(ctx, applicationID, anyAge)
	if err != nil {
		return nil, err
	}
	c.ledger.saw(applicationID, before.Secrets)
	for attempt := 1; ; attempt++ {
		start := c.ledger.start(applicationID, c.clock.Now())
		want := Secret{DisplayName: displayName, Start: start, End: end(start).UTC().Truncate(time.Second)}
		made, err := c.addPassword(ctx, applicationID, want)
		if err == nil {
			after := before.clone()
			after.Secrets = append(after.Secrets, made.withoutValue())
			c.applications.wrote(applicationID, before, after)
			return made, nil
		}
		switch KindOf(err) {
		case KindAmbiguous:
		case KindPolicy:
			return nil, c.withMaxLifetime(ctx, applicationID, SecretCredential, err)
		case KindTooManySecrets:
			if attempt < maxAttempts && c.clearLost(ctx, applicationID) {
				continue
			}
			return nil, c.withSecrets(ctx, before, err)
		default:
			return nil, err
		}
		look := patience(err)
		if attempt == maxAttempts {
			look = c.bounds.Missing // no later attempt comes upon what shows after that
		}
		removed, failure := c.recoverSecret(ctx, before, want, err, look)
		switch {
		case failure != nil:
			return nil, failure
		case ctx.Err() != nil && removed:
			return nil, c.fail(opAddSecret, applicationID, ctx.Err())
		case ctx.Err() != nil || attempt == maxAttempts:
			return nil, err
		}
	}
}

// withSecrets adds to a refusal the secrets that the application holds, as far as they can be read now.
func (c *Client) withSecrets(ctx context.Context, before *Application, refusal error) error {
	e := *errorOf(refusal)
	held, err := c.Application(ctx, before.ID)
	if err != nil {
		held = before
	}
	for _, s := range held.Secrets {
		e.Candidates = append(e.Candidates, s.candidate())
	}
	return &e
}

// addPassword sends one request.
func (c *Client) addPassword(ctx context.Context, applicationID string, want Secret) (*Secret, error) {
	credential := models.NewPasswordCredential()
	if want.DisplayName != "" {
		credential.SetDisplayName(&want.DisplayName)
	}
	credential.SetStartDateTime(&want.Start)
	credential.SetEndDateTime(&want.End)
	body := applications.NewItemAddPasswordPostRequestBody()
	body.SetPasswordCredential(credential)
	var made *Secret
	err := c.untilKnown(ctx, opAddSecret, applicationID, c.applications.believes404, func(ctx context.Context) error {
		m, err := c.applicationBuilder(applicationID).AddPassword().Post(ctx, body, nil)
		if err != nil {
			return err
		}
		if m == nil || m.GetSecretText() == nil {
			return created(errNoBody)
		}
		made = &fromPasswords([]models.PasswordCredentialable{m})[0]
		made.Value = secret.New(*m.GetSecretText())
		return nil
	})
	return made, err
}

// recoverSecret looks for what a request without reply has made. Its value is lost for good, so it is removed, as is what
// an earlier one of this process has made. Without error the request may be sent anew: nothing of it is left, or nothing
// of it was found.
func (c *Client) recoverSecret(ctx context.Context, before *Application, want Secret, failure error, look time.Duration) (removed bool, err error) {
	app, err := lookFor(ctx, c, min(look, c.bounds.Missing), wait{opAddSecret, before.ID, "what a request without reply has made to show"}, func(ctx context.Context) (*Application, error) {
		return c.Application(ctx, before.ID)
	}, func(app *Application, err error) bool {
		return permanent(err) || err == nil && len(newSecrets(before, app)) > 0
	})
	ambiguous := *errorOf(failure)
	if app == nil {
		ambiguous.Message = "the reply was lost, and reading the application to look for the secret failed: " + errorOf(err).Error()
		return false, &ambiguous
	}
	c.ledger.lose(app.ID, want)
	for _, s := range c.surfaced(app) {
		removal, cancel := c.afterwards(ctx, c.bounds.Visible)
		defer cancel()
		if err := c.removeLocked(removal, app.ID, s.KeyID); err != nil {
			ambiguous.Candidates, ambiguous.Err = []Candidate{s.candidate()}, err
			ambiguous.Message = "the reply was lost, so that nobody knows the value of the secret that was made, and removing that failed"
			return false, &ambiguous
		}
		removed = removed || s.sameAttempt(want)
		app = app.without(s.KeyID)
	}
	if removed {
		return true, nil
	}
	for _, s := range newSecrets(before, app) {
		ambiguous.Candidates = append(ambiguous.Candidates, s.candidate())
	}
	if len(ambiguous.Candidates) > 0 {
		ambiguous.Message = "the reply was lost, and none of the secrets that are new can be said to be the one asked for"
		return false, &ambiguous
	}
	return false, nil
}

// clearLost removes what requests of this process without reply have made after all. A refusal for want of room says that
// there is something, so it is worth a longer look. It tells whether anything was removed.
func (c *Client) clearLost(ctx context.Context, applicationID string) (cleared bool) {
	if !c.ledger.lostAny(applicationID) {
		return false
	}
	var late []Secret
	_, err := lookFor(ctx, c, c.bounds.Missing, wait{opAddSecret, applicationID, "what a request without reply has made to show"}, func(ctx context.Context) (*Application, error) {
		return c.Application(ctx, applicationID)
	}, func(app *Application, err error) bool {
		if err == nil {
			late = c.surfaced(app)
		}
		return len(late) > 0 || permanent(err)
	})
	if err != nil {
		c.log.InfoContext(ctx, "What a request without reply has made could not be looked for", "application", applicationID, "error", err.Error())
	}
	for _, s := range late {
		if err := c.removeLocked(ctx, applicationID, s.KeyID); err != nil {
			c.log.WarnContext(ctx, "A secret made by a request without reply could not be removed", "application", applicationID, "key_id", s.KeyID, "error", err.Error())
			continue
		}
		cleared = true
	}
	return cleared
}

// surfaced lists the secrets that lost attempts have made after all. From now on a read without one of them is a stale one.
func (c *Client) surfaced(app *Application) []Secret {
	found := c.ledger.surfaced(app.ID, app.Secrets)
	for _, s := range found {
		c.applications.wrote(app.ID, app.without(s.KeyID), app)
	}
	return found
}

// newSecrets are those that app holds and before did not.
func newSecrets(before, app *Application) []Secret {
	var out []Secret
	for _, s := range app.Secrets {
		if before.secret(s.KeyID) == nil {
			out = append(out, s)
		}
	}
	return out
}

// SettleSecret waits until the secret shows in the application (AddSecret's second half, so that the caller can store
// the value first), and returns that application. A wait that runs out is KindUnsettled.
func (c *Client) SettleSecret(ctx context.Context, applicationID, keyID string) (*Application, error) {
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	shows := func(app *Application) bool { return app.secret(keyID) != nil }
	app, err := await(bounded, c, wait{opSettleSecret, applicationID, "the new client secret to show in the application"}, func(ctx context.Context) (*Application, error) {
		return c.applicationShowing(ctx, applicationID, shows)
	}, func(app *Application, err error) bool { return permanent(err) || (err == nil && shows(app)) })
	if err != nil {
		return nil, c.unsettled(opSettleSecret, applicationID, "the new client secret to show in the application", err)
	}
	for _, s := range c.surfaced(app) {
		if err := c.RemoveSecret(ctx, applicationID, s.KeyID); err != nil {
			return nil, c.unsettled(opSettleSecret, applicationID, "secret "+s.KeyID+", made by a request whose reply was lost, to be removed", err)
		}
		app = app.without(s.KeyID)
	}
	return app, nil
}

// RemoveSecret removes a secret; an absent secret or application is success. Graph: POST /applications/{id}/removePassword.
func (c *Client) RemoveSecret(ctx context.Context, applicationID, keyID string) error {
	unlock, err := c.locks.lock(ctx, applicationID)
	if err != nil {
		return c.fail(opRemoveSecret, applicationID, err)
	}
	defer unlock()
	return c.removeLocked(ctx, applicationID, keyID)
}

// TakeBackSecret is RemoveSecret for a secret of which this process alone knows: that Graph shows no such secret, or no
// such application, is believed when it has lasted for as long as replicas disagree.
func (c *Client) TakeBackSecret(ctx context.Context, applicationID, keyID string) error {
	bounded, cancel := context.WithTimeout(ctx, c.agreement())
	defer cancel()
	err := c.RemoveSecret(bounded, applicationID, keyID)
	if err == nil || ctx.Err() != nil {
		return err
	}
	app, look := c.getApplication(applicationID)(ctx)
	if KindOf(c.fail(opReadApplication, applicationID, look)) == KindNotFound || look == nil && app.secret(keyID) == nil {
		return nil
	}
	return err
}

func (c *Client) removeLocked(ctx context.Context, applicationID, keyID string) error {
	// Read for its start, which the next secret has to exceed; what is known of any age will do.
	before := c.applications.known(applicationID, anyAge)
	if before == nil || before.secret(keyID) == nil {
		app, err := c.Application(ctx, applicationID)
		if KindOf(err) == KindNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		before = app
	}
	c.ledger.saw(applicationID, before.Secrets)
	if err := c.removePassword(ctx, applicationID, keyID); err != nil {
		return err
	}
	if removed := before.secret(keyID); removed != nil {
		c.ledger.forget(applicationID, *removed)
	}
	c.applications.wrote(applicationID, before, before.without(keyID))
	return nil
}

// removePassword may be sent twice. A refusal is no proof that the secret is gone, because a replica may not know it
// yet: the application decides. After a lost reply it has to have been without the secret for a while, because the
// process no longer knows then what a read that is up to date looks like.
func (c *Client) removePassword(ctx context.Context, applicationID, keyID string) error {
	id, err := uuid.Parse(keyID)
	if err != nil {
		return &Error{Kind: KindInvalid, Op: opRemoveSecret.name, Object: applicationID, Message: "the key id is not a GUID", Err: err}
	}
	body := applications.NewItemRemovePasswordPostRequestBody()
	body.SetKeyId(&id)
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	lost, absentSince, odd := false, time.Time{}, strangers(0)
	_, err = await(bounded, c, wait{opRemoveSecret, applicationID, "replicas to know the secret"}, func(ctx context.Context) (struct{}, error) {
		err := c.fail(opRemoveSecret, applicationID, c.applicationBuilder(applicationID).RemovePassword().Post(ctx, body, nil))
		switch KindOf(err) {
		case KindAmbiguous:
			lost = true
			c.applications.unsure(applicationID, "secret/"+keyID)
		case KindInvalid:
		default:
			return struct{}{}, err
		}
		asked := time.Now()
		app, readErr := c.Application(ctx, applicationID)
		switch {
		case permanent(readErr):
			return struct{}{}, readErr
		case readErr != nil || app.secret(keyID) != nil:
			absentSince = time.Time{}
		case absentSince.IsZero():
			absentSince = time.Now()
		}
		if !absentSince.IsZero() && (!lost || !within(asked, absentSince, c.agreement())) {
			return struct{}{}, nil
		}
		return struct{}{}, err
	}, func(_ struct{}, err error) bool {
		switch KindOf(err) {
		case KindInvalid, KindAmbiguous:
			return odd.enough(err)
		case KindNotFound:
			return c.applications.believes404(applicationID, err)
		}
		return true
	})
	if KindOf(err) == KindNotFound && c.applications.believes404(applicationID, err) {
		return nil
	}
	return err
}

// secret is the application's secret with a key id, nil when it has none.
func (a *Application) secret(keyID string) *Secret {
	for i := range a.Secrets {
		if a.Secrets[i].KeyID == keyID {
			return &a.Secrets[i]
		}
	}
	return nil
}

// without is the application without one of its secrets.
func (a *Application) without(keyID string) *Application {
	out := a.clone()
	out.Secrets = slices.DeleteFunc(out.Secrets, func(s Secret) bool { return s.KeyID == keyID })
	return out
}

// sameAttempt tells whether two secrets are one: same name, same start, same end.
func (s Secret) sameAttempt(o Secret) bool {
	return s.DisplayName == o.DisplayName && s.Start.Equal(o.Start) && s.End.Equal(o.End)
}

func (s Secret) withoutValue() Secret {
	s.Value = secret.Value{}
	return s
}

func (s Secret) candidate() Candidate {
	return Candidate{ID: s.KeyID, DisplayName: s.DisplayName, Detail: "valid from " + s.Start.Format(time.RFC3339) + " to " + s.End.Format(time.RFC3339)}
}
