package directory_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
)

// What this process has made is found by its name at once, however late the lists are.
func TestOwnNamesAreFoundBeforeTheListsKnowThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := newTenant(t, emulator.WithLag(30*time.Second))
		made, _, err := c.CreateApplication(t.Context(), directory.ApplicationSpec{DisplayName: "Mail import", SignInAudience: "AzureADMyOrg"}, directory.CreateOptions{})
		if err := settled(err); err != nil {
			t.Fatal(err)
		}
		found, err := c.ApplicationsNamed(t.Context(), "Mail import")
		if err != nil || len(found) != 1 || found[0].ID != made.ID || found[0].ClientID != made.ClientID {
			t.Errorf("found %v (%v), want the application that was made", found, err)
		}
	})
}

// The next process finds by name what it has read by id, which is how a plan right after an apply goes.
func TestNamesReadByIDAreFoundBeforeTheListsKnowThem(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			c, e := newTenant(t, emulator.WithSeed(seed), emulator.WithLag(30*time.Second))
			made, _, err := c.CreateApplication(t.Context(), directory.ApplicationSpec{DisplayName: "Mail import", SignInAudience: "AzureADMyOrg"}, directory.CreateOptions{})
			if err := settled(err); err != nil {
				t.Fatal(err)
			}
			next := newClient(t, e)
			if _, err := directory.ReadSettled(t.Context(), next, directory.Memory{At: time.Now(), Created: true}, func(ctx context.Context) (*directory.Application, error) {
				return next.Application(ctx, made.ID)
			}, (*directory.Application).Properties); err != nil {
				t.Fatal(err)
			}
			if found, err := next.ApplicationsNamed(t.Context(), "Mail import"); err != nil || len(found) != 1 {
				t.Errorf("found %d by name (%v), want 1", len(found), err)
			}
		})
	}
}

// What this process has made is found by its keys at once, whichever replica answers.
func TestOwnKeysAreFoundBeforeReplicasKnowThem(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			c, _ := newTenant(t, emulator.WithSeed(seed), emulator.WithLag(30*time.Second))
			spec := directory.ApplicationSpec{DisplayName: "Mail import", SignInAudience: "AzureADMyOrg", UniqueName: "mail-import"}
			made, _, err := c.CreateApplication(t.Context(), spec, directory.CreateOptions{})
			if err := settled(err); err != nil {
				t.Fatal(err)
			}
			if app, err := c.ApplicationByClientID(t.Context(), made.ClientID); err != nil || app.ID != made.ID {
				t.Errorf("by client id: %v", err)
			}
			if app, err := c.ApplicationByUniqueName(t.Context(), "mail-import"); err != nil || app.ID != made.ID {
				t.Errorf("by unique name: %v", err)
			}
			sp, _, err := c.CreateServicePrincipal(t.Context(), directory.ServicePrincipalSpec{ClientID: made.ClientID, AccountEnabled: true}, directory.ServicePrincipalFields{}, false)
			if err := settled(err); err != nil {
				t.Fatal(err)
			}
			if found, err := c.ServicePrincipalByClientID(t.Context(), made.ClientID); err != nil || found.ID != sp.ID {
				t.Errorf("service principal by client id: %v", err)
			}
		})
	}
}

// Of two creates of one name at the same moment one is refused, when duplicates are to be prevented.
func TestPreventedDuplicatesInOneProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := newTenant(t, emulator.WithLag(30*time.Second), emulator.WithLatency(time.Second))
		errs := make([]error, 2)
		var both sync.WaitGroup
		for i := range errs {
			both.Go(func() {
				_, _, err := c.CreateApplication(t.Context(), directory.ApplicationSpec{DisplayName: "Mail import", SignInAudience: "AzureADMyOrg"},
					directory.CreateOptions{PreventDuplicateNames: true})
				errs[i] = settled(err)
			})
		}
		both.Wait()
		refused := 0
		for _, err := range errs {
			if directory.KindOf(err) == directory.KindNameTaken {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		}
		if refused != 1 {
			t.Errorf("%d of 2 creates were refused, want 1", refused)
		}
	})
}
