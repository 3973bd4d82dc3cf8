package directory

import (
	"context"
	"net/http"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// maxBoundOwners is how many references Graph takes in one request.
const maxBoundOwners = 20

// CreateApplication registers an application and ensures its owners. Graph: POST /applications, or with a UniqueName
// PATCH /applications(uniqueName='…') with Prefer: create-if-missing. Beside an error the application is returned when it
// was made and is still there; one whose owners are refused is purged again.
func (c *Client) CreateApplication(ctx context.Context, spec ApplicationSpec, o CreateOptions) (app *Application, adopted bool, err error) {
	if spec.UniqueName != "" {
		held, err := c.uniqueNameHolder(ctx, spec)
		if err != nil {
			return nil, false, err
		}
		if held != nil {
			return c.takeOver(ctx, held, spec, o)
		}
	}
	if o.PreventDuplicateNames {
		// Two creates of this process never pass each other.
		unlock, err := c.locks.lock(ctx, "display name "+spec.DisplayName)
		if err != nil {
			return nil, false, c.fail(opCreateApplication, spec.DisplayName, err)
		}
		defer unlock()
		if err := c.refuseTakenName(ctx, spec.DisplayName); err != nil {
			return nil, false, err
		}
	}
	if spec.UniqueName != "" {
		return c.createUnique(ctx, spec, o)
	}
	app, err = c.postApplication(ctx, spec)
	if app == nil {
		return nil, false, err
	}
	if err != nil {
		return app, false, err
	}
	app, err = c.finishCreate(ctx, app, spec.Owners[min(len(spec.Owners), maxBoundOwners):])
	return app, false, err
}

// finishCreate ensures the owners that the request which made the application could not name, and waits until the next
// caller can read it. An application whose owners are refused is purged, because a deleted one keeps its unique name for
// 30 days; where only the time ran out it stays, and the next plan shows what is missing.
func (c *Client) finishCreate(ctx context.Context, made *Application, owners []string) (*Application, error) {
	err := c.changeOwners(ctx, made.ID, nil, owners)
	switch KindOf(err) {
	case KindUnsettled, KindCanceled:
		return made, err
	}
	if err == nil {
		return c.settleApplication(ctx, made)
	}
	undo, cancel := c.afterwards(ctx, c.bounds.Visible)
	defer cancel()
	if undoErr := c.DeleteApplication(undo, made.ID, true); undoErr != nil {
		c.log.WarnContext(ctx, "An application whose owners were refused could not be taken back", "id", made.ID, "error", undoErr.Error())
		return made, err
	}
	return nil, err
}

// refuseTakenName is the last look before the POST; creates of two processes at the same moment can still pass each other.
func (c *Client) refuseTakenName(ctx context.Context, name string) error {
	taken, err := c.ApplicationsNamed(ctx, name)
	if err != nil || len(taken) == 0 {
		return err
	}
	e := &Error{Kind: KindNameTaken, Op: opCreateApplication.name, Object: name, Endpoint: c.endpoint, Message: "the display name is taken"}
	for _, app := range taken {
		e.Candidates = append(e.Candidates, app.candidate())
	}
	return e
}

// settleApplication waits for one good read on the path that the next caller uses.
func (c *Client) settleApplication(ctx context.Context, made *Application) (*Application, error) {
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	app, err := await(bounded, c, wait{opCreateApplication, made.ID, "the new application to be readable"}, func(ctx context.Context) (*Application, error) {
		return c.Application(ctx, made.ID)
	}, func(_ *Application, err error) bool { return KindOf(err) != KindNotFound })
	if err != nil {
		return made, c.unsettled(opCreateApplication, made.ID, "the new application to be readable", err)
	}
	return app, nil
}

// postApplication creates an application that has no unique name. A create whose reply was lost is looked for by its
// marker; only when that is not found is it sent again, and then with the same marker, so that a first one that shows up
// after all is known for what it is.
func (c *Client) postApplication(ctx context.Context, spec ApplicationSpec) (*Application, error) {
	marker := newMarker()
	body, err := c.postBody(ctx, spec, marker)
	if err != nil {
		return nil, err
	}
	var odd strangers
	for resent := false; ; resent = true {
		m, err := c.applicationsBuilder().Post(ctx, body, nil)
		app, err := application(m, err)
		err = created(err)
		if err == nil {
			c.applications.created(app.ID, app)
			if resent {
				err = c.purgeTwins(ctx, app, marker, time.Time{})
			}
			return app, err
		}
		failure := c.fail(opCreateApplication, spec.DisplayName, err)
		if KindOf(failure) != KindAmbiguous {
			if resent {
				failure = c.ambiguousCreate(failure, marker) // what the first one did is as open as before
			}
			return nil, failure
		}
		lost := time.Now()
		found, err := c.findMarked(ctx, marker, patience(failure))
		switch {
		case found != nil:
			c.applications.created(found.ID, found)
			if resent { // it may be the first one, and the second one still to show
				err = c.purgeTwins(ctx, found, marker, lost.Add(lateFilter))
			}
			return found, err
		case ctx.Err() != nil || err != nil || odd.enough(failure):
			return nil, c.ambiguousCreate(failure, marker)
		}
	}
}

func (c *Client) postBody(ctx context.Context, spec ApplicationSpec, marker string) (*models.Application, error) {
	body := createBody(spec, marker)
	if len(spec.Owners) == 0 {
		return body, nil
	}
	own, err := c.claims(ctx)
	if err != nil {
		return nil, err
	}
	// Named owners take the place of the one that Graph would have set, and a caller that works by ownership would
	// lose its own application.
	owners := spec.Owners[:min(len(spec.Owners), maxBoundOwners)]
	if !own.mayWriteAll() && own.ObjectID != "" {
		owners = append(without([]string{own.ObjectID}, owners), owners...)
	}
	var references []string
	for _, owner := range owners {
		references = append(references, c.ownerReference(owner))
	}
	body.GetAdditionalData()["owners@odata.bind"] = references
	return body, nil
}

// patience is how long to look for what a failed create may have made, before it is sent again. An error that Graph
// itself gives ends the request, so that only the search can be late; and a search that is up to date with the second
// application shows the first one, too. Without an answer, or with that of a gateway that stopped waiting, the first may
// still be made after the second, and then no search would tell in time.
func patience(failure error) time.Duration {
	switch errorOf(failure).Status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable:
		return firstLook
	}
	return lateFilter
}

// findMarked looks for what carries a marker. After a cancellation it still has Bounds.Grace, so that what was made does
// not go unrecorded. Nothing found is nil without error.
func (c *Client) findMarked(ctx context.Context, marker string, patience time.Duration) (*Application, error) {
	found, err := lookFor(ctx, c, min(patience, c.bounds.Missing), wait{opCreateApplication, marker, "a search to find what a request without reply has made"}, func(ctx context.Context) ([]Application, error) {
		return c.findApplications(ctx, "tags/any(t:t eq "+quoteOData(marker)+")")
	}, func(found []Application, err error) bool { return len(found) > 0 || permanent(err) })
	if len(found) > 0 {
		return &found[0], nil
	}
	return nil, err
}

// purgeTwins removes what an earlier attempt of the same create has made after all. When the filter shows the later
// one, the earlier has had the longer time to appear; where it isn't known which one app is, it is complete from then on.
func (c *Client) purgeTwins(ctx context.Context, app *Application, marker string, complete time.Time) error {
	look, cancel := c.afterwards(ctx, c.bounds.Visible)
	defer cancel()
	shows := false
	found, err := await(look, c, wait{opCreateApplication, marker, "a search to show that nothing was made twice"}, func(ctx context.Context) ([]Application, error) {
		return c.findApplications(ctx, "tags/any(t:t eq "+quoteOData(marker)+")")
	}, func(found []Application, err error) bool {
		for _, f := range found {
			shows = shows || f.ID == app.ID
		}
		return shows && !time.Now().Before(complete) || permanent(err)
	})
	for _, twin := range found {
		if twin.ID == app.ID {
			continue
		}
		c.applications.accept(twin.ID, &twin, time.Now()) // a replica that lags may not know it yet
		if err := c.DeleteApplication(look, twin.ID, true); err != nil {
			return c.unsettled(opCreateApplication, app.ID, "its twin "+twin.ID+", made by a request whose reply was lost, to be removed", err)
		}
	}
	if !shows {
		return c.unsettled(opCreateApplication, app.ID, "the search for applications tagged "+marker+" to show that there is only one", err)
	}
	return nil
}

// permanent tells whether asking again would be answered the same way.
func permanent(err error) bool {
	switch KindOf(err) {
	case KindForbidden, KindUnauthorized, KindSignIn, KindInvalid, KindForeignOrigin, KindUntrusted, KindNotGraph:
		return true
	}
	return false
}

// afterwards is the context for finding or taking back what a request may have made: bounded by d from when Graph wants
// to be asked again, or when the caller is gone already, by Bounds.Grace from now.
func (c *Client) afterwards(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if ctx.Err() != nil {
		return context.WithTimeout(context.WithoutCancel(ctx), c.bounds.Grace)
	}
	wait, _ := c.window.Remaining()
	return context.WithTimeout(ctx, d+max(wait, 0))
}

// ambiguousCreate names the tag by which an administrator can look for the application.
func (c *Client) ambiguousCreate(failure error, marker string) error {
	e := *errorOf(failure)
	e.Kind, e.Code, e.Message = KindAmbiguous, "", "the reply was lost, and no application tagged "+marker+" was found; one may appear later"
	return &e
}
