package directory

import (
	"context"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/applicationswithuniquename"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// uniqueNameHolder is the live application that has the name, nil when there is none.
func (c *Client) uniqueNameHolder(ctx context.Context, spec ApplicationSpec) (*Application, error) {
	holder, err := c.ApplicationByUniqueName(ctx, spec.UniqueName)
	if KindOf(err) == KindNotFound {
		return nil, nil
	}
	return holder, err
}

// takeOver adopts a live or soft-deleted holder of the unique name, or says who it is. With an error it gives nothing: to
// record an application that was there before as a half-made one would have the next apply delete it, while without a
// record that takes it over again.
func (c *Client) takeOver(ctx context.Context, holder *Application, spec ApplicationSpec, o CreateOptions) (*Application, bool, error) {
	if !o.Adopt {
		return nil, false, c.nameHeld(holder, spec, "")
	}
	unlock, err := c.locks.lock(ctx, holder.ID)
	if err != nil {
		return nil, false, c.fail(opCreateApplication, spec.UniqueName, err)
	}
	defer unlock()
	if !holder.DeletedAt.IsZero() {
		restored, err := c.restore(ctx, holder)
		if err != nil {
			return nil, false, err
		}
		holder = restored
	}
	current := holder.ApplicationSpec
	if len(spec.Owners) > 0 {
		if current.Owners, err = c.Owners(ctx, holder.ID); err != nil {
			return nil, false, err
		}
	}
	previous := current.properties()
	want := spec.clone()
	want.Owners = append(want.Owners, without(current.Owners, want.Owners)...) // ours are ensured, others stay
	app, err := c.updateLocked(ctx, holder, current, want)
	if err != nil {
		return nil, false, err
	}
	app.Previous = previous
	return app, true, nil
}

// nameHeld says who holds the unique name.
func (c *Client) nameHeld(holder *Application, spec ApplicationSpec, message string) error {
	if message == "" {
		message = "the unique name is held by another application"
	}
	return &Error{
		Kind: KindExists, Op: opCreateApplication.name, Object: spec.UniqueName, Endpoint: c.endpoint, Message: message,
		Candidates: []Candidate{holder.candidate()},
	}
}

// createUnique creates by upsert: 201 is ours, 204 means that somebody was faster. A lost reply can stand for either,
// so what then has the name is ours only when it is as old as the request and made by us.
func (c *Client) createUnique(ctx context.Context, spec ApplicationSpec, o CreateOptions) (*Application, bool, error) {
	marker, began := newMarker(), time.Now()
	body := createBody(spec, marker)
	var odd strangers
	for lost := false; ; {
		app, failure := c.upsert(ctx, spec, body)
		switch KindOf(failure) {
		case KindAmbiguous:
			lost = true
			app, err := c.ours(ctx, spec, marker, began, firstLook)
			if app != nil {
				return c.finishUnique(ctx, app, spec)
			}
			if KindOf(err) == KindExists {
				return nil, false, err
			}
			if ctx.Err() != nil || err != nil || odd.enough(failure) {
				return nil, false, c.ambiguousCreate(failure, marker)
			}
			continue // nothing has the name yet, and it can't be given twice
		case KindInvalid:
			return c.refusedUnique(ctx, spec, o, failure)
		}
		if failure != nil {
			return nil, false, failure
		}
		if app != nil {
			return c.finishUnique(ctx, app, spec)
		}
		if lost {
			if app, err := c.ours(ctx, spec, marker, began, c.bounds.Visible); app != nil || err != nil {
				if app == nil {
					return nil, false, err
				}
				return c.finishUnique(ctx, app, spec)
			}
		}
		return nil, false, c.overtaken(ctx, spec)
	}
}

// upsert sends the request; nil without error means that an application had the name and was updated.
func (c *Client) upsert(ctx context.Context, spec ApplicationSpec, body models.Applicationable) (*Application, error) {
	headers := abstractions.NewRequestHeaders()
	headers.Add("Prefer", "create-if-missing")
	m, err := c.uniqueNameBuilder(spec.UniqueName).Patch(ctx, body,
		&applicationswithuniquename.ApplicationsWithUniqueNameRequestBuilderPatchRequestConfiguration{Headers: headers})
	if err != nil {
		return nil, c.fail(opCreateApplication, spec.UniqueName, err)
	}
	if m == nil {
		return nil, nil
	}
	app, err := application(m, nil)
	return app, c.fail(opCreateApplication, spec.UniqueName, created(err))
}

// ours is what has the name after a lost reply, when age, creator and marker fit. Nil without error means that nothing
// has the name; a holder that does not fit is KindExists.
func (c *Client) ours(ctx context.Context, spec ApplicationSpec, marker string, began time.Time, patience time.Duration) (*Application, error) {
	app, err := lookFor(ctx, c, patience, wait{opCreateApplication, spec.UniqueName, "what a request without reply has made to show"}, func(ctx context.Context) (*Application, error) {
		return c.ApplicationByUniqueName(ctx, spec.UniqueName)
	}, func(app *Application, err error) bool { return app != nil || permanent(err) })
	if app == nil {
		if permanent(err) {
			return nil, err
		}
		return nil, nil
	}
	look, cancel := c.afterwards(ctx, patience)
	defer cancel()
	own, err := c.claims(look)
	if err != nil {
		return nil, err
	}
	made := app.CreatedByClientID == "" || app.CreatedByClientID == own.ClientID
	if made && !app.CreatedAt.Before(c.byGraph(began)) && (len(app.markers) == 0 || contains(app.markers, marker)) {
		return app, nil
	}
	return nil, c.nameHeld(app, spec, "")
}

// finishUnique waits for an application that an upsert has made, and writes what its body could not hold.
func (c *Client) finishUnique(ctx context.Context, app *Application, spec ApplicationSpec) (*Application, bool, error) {
	c.applications.created(app.ID, app)
	app, err := c.finishCreate(ctx, app, spec.Owners)
	return app, false, err
}

// overtaken names the application that somebody made between our look and our request.
func (c *Client) overtaken(ctx context.Context, spec ApplicationSpec) error {
	look, cancel := context.WithTimeout(ctx, c.bounds.Missing)
	defer cancel()
	holder, err := await(look, c, wait{opCreateApplication, spec.UniqueName, "the application that has the unique name to show"}, func(ctx context.Context) (*Application, error) {
		return c.ApplicationByUniqueName(ctx, spec.UniqueName)
	}, func(app *Application, err error) bool { return KindOf(err) != KindNotFound })
	if err != nil || holder == nil {
		holder = &Application{ApplicationSpec: spec}
	}
	return c.nameHeld(holder, spec, "another application took the unique name at the same moment, and received the values of this one")
}

// refusedUnique finds out whether a refusal is about the name, which a soft-deleted application keeps for 30 days.
func (c *Client) refusedUnique(ctx context.Context, spec ApplicationSpec, o CreateOptions, failure error) (*Application, bool, error) {
	if deleted, err := c.deletedHolder(ctx, spec.UniqueName); err == nil && deleted != nil {
		return c.takeOver(ctx, deleted, spec, o)
	}
	// A live holder that the first look missed.
	if holder, err := c.uniqueNameHolder(ctx, spec); err == nil && holder != nil {
		return c.takeOver(ctx, holder, spec, o)
	}
	return nil, false, failure // what Graph said itself is the better account than a failed search
}

// deletedHolder finds the soft-deleted application that has the name.
func (c *Client) deletedHolder(ctx context.Context, name string) (*Application, error) {
	var found *Application
	err := eachDeleted(ctx, c, name, "application", "uniqueName eq "+quoteOData(name),
		func(ctx context.Context, link string) (models.ApplicationCollectionResponseable, error) {
			return c.deletedItems().GraphApplication().WithUrl(link).Get(ctx, nil)
		},
		func(page models.ApplicationCollectionResponseable) {
			for _, m := range page.GetValue() {
				if text(m.GetUniqueName()) == name {
					found = fromApplication(m)
				}
			}
		})
	return found, err
}

// restore brings a soft-deleted application back and waits until it can be read.
func (c *Client) restore(ctx context.Context, deleted *Application) (*Application, error) {
	bounded, cancel := context.WithTimeout(ctx, c.bounds.Visible)
	defer cancel()
	err := c.restoreItem(bounded, opRestoreApplication, deleted.ID, func(ctx context.Context) error {
		return identified(c.applicationBuilder(deleted.ID).Get(ctx, nil))
	})
	if err != nil {
		return nil, err
	}
	c.applications.restored(deleted.ID)
	app, err := await(bounded, c, wait{opRestoreApplication, deleted.ID, "the restored application to be readable"}, func(ctx context.Context) (*Application, error) {
		return c.Application(ctx, deleted.ID)
	}, func(_ *Application, err error) bool { return KindOf(err) != KindNotFound })
	if err != nil {
		return nil, err
	}
	return app, nil
}

func contains(all []string, one string) bool { return len(without([]string{one}, all)) == 0 }
