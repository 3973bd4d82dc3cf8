package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/webuser"
)

// tell tells the story from the first apply to the end.
func tell(ctx context.Context, s *stage, e *emulator) error {
	w, err := s.newWorkspace(filepath.Join("examples", "demo"), e)
	if err != nil {
		return err
	}
	p, err := register(ctx, w, e)
	if err != nil {
		return err
	}
	if err := signIn(ctx, s, p); err != nil {
		return err
	}
	if err := unchanged(ctx, w); err != nil {
		return err
	}
	if p, err = rotate(ctx, w, p); err != nil {
		return err
	}
	if err := destroy(ctx, w, p); err != nil {
		return err
	}
	if err := handOver(ctx, s, e); err != nil {
		return err
	}
	s.title("Done. With a tenant of your own the same configuration works unchanged: leave the emulator's variables out")
	return nil
}

// register applies the configuration and gives the product what it needs.
func register(ctx context.Context, w *workspace, e *emulator) (product, error) {
	w.stage.title("One apply registers the application of the mail-import guide in %s", e.Domain)
	w.stage.say("  to watch: %s", e.PortalURL)
	if err := w.show(ctx, "init", "-input=false", "-plugin-dir="+w.stage.mirror()); err != nil {
		return product{}, err
	}
	if err := w.show(ctx, "apply", "-input=false", "-auto-approve"); err != nil {
		return product{}, err
	}
	handed, err := w.outputs(ctx)
	if err != nil {
		return product{}, err
	}
	a := handed.Application
	w.stage.say("\nWhat was made:")
	w.stage.say("  application           %s, for %s", a.DisplayName, a.SignInAudience)
	w.stage.say("  application (client)  %s", handed.ClientID)
	w.stage.say("  directory (tenant)    %s (%s)", handed.TenantID, e.Domain)
	w.stage.say("  client secret         %s…, until %s", a.SecretHint, a.SecretEndDate)
	w.stage.say("  public client flows   %s", map[bool]string{true: "allowed", false: "not allowed"}[a.PublicClient])
	w.stage.say("  Microsoft Graph       %s (delegated)", strings.Join(a.Permissions, ", "))
	w.stage.say("  administrator consent %s, for the whole tenant", strings.Join(a.Consented, ", "))
	return product{emulator: e, handed: handed}, nil
}

// signIn proves that what was handed over works.
func signIn(ctx context.Context, s *stage, p product) error {
	s.title("The product signs in with the client id and the secret, through Microsoft's client library")
	app, err := p.accepted(ctx, p.handed.ClientSecret)
	if err != nil {
		return fmt.Errorf("signing in with the secret: %w", err)
	}
	s.say("  accepted as %s; application permissions: %s, as the guide has it", text(app, "app_displayname"), text(app, "roles"))

	user, err := p.emulator.employee()
	if err != nil {
		return err
	}
	s.title("A user signs in with a device code; the administrator's consent spares the question")
	claims, err := p.withDeviceCode(ctx, user, p.handed.Application.Permissions...)
	if err != nil {
		return fmt.Errorf("signing in with a device code: %w", err)
	}
	scopes := text(claims, "scp")
	s.say("  accepted as %s; the token's scopes: %s", text(claims, "upn"), scopes)
	for _, wanted := range p.handed.Application.Permissions {
		if !strings.Contains(" "+scopes+" ", " "+wanted+" ") {
			return fmt.Errorf("the token lacks the scope %s", wanted)
		}
	}
	return nil
}

// employee is a user of the tenant who needs no second factor; administrators come first, so the last one is taken.
func (e *emulator) employee() (webuser.User, error) {
	for _, u := range slices.Backward(e.Users) {
		if u.TenantID == e.TenantID && u.SecondFactor == nil {
			return webuser.User{UserName: u.UserName, Password: u.Password}, nil
		}
	}
	return webuser.User{}, errors.New("the emulator has no user without a second factor")
}

// unchanged shows that a second plan finds nothing to do.
func unchanged(ctx context.Context, w *workspace) error {
	w.stage.title("A second plan is empty")
	return w.show(ctx, "plan", "-input=false", "-detailed-exitcode")
}

// rotate rotates the secret and proves which secret works when.
func rotate(ctx context.Context, w *workspace, p product) (product, error) {
	const rotation = "-var=rotation=second"
	w.stage.title("The secret is rotated: whoever uses it gets the new one while the old one still works")
	if err := w.show(ctx, "apply", "-input=false", "-auto-approve", rotation); err != nil {
		return p, err
	}
	old := p.handed
	handed, err := w.outputs(ctx)
	if err != nil {
		return p, err
	}
	if handed.ClientSecret == old.ClientSecret {
		return p, errors.New("the secret is the same as before")
	}
	p.handed = handed
	for _, valid := range []handedOver{old, handed} {
		if _, err := p.accepted(ctx, valid.ClientSecret); err != nil {
			return p, fmt.Errorf("the secret %s… during the overlap: %w", valid.Application.SecretHint, err)
		}
		w.stage.say("  the secret %s… is accepted", valid.Application.SecretHint)
	}

	w.stage.title("The first apply after the overlap removes the old one")
	if err := w.show(ctx, "apply", "-input=false", "-auto-approve", rotation); err != nil {
		return p, err
	}
	if err := p.refused(ctx, old.ClientSecret, wrongSecret); err != nil {
		return p, fmt.Errorf("the old secret: %w", err)
	}
	w.stage.say("  the secret %s… is refused (AADSTS%d)", old.Application.SecretHint, wrongSecret)
	if _, err := p.accepted(ctx, handed.ClientSecret); err != nil {
		return p, fmt.Errorf("the new secret: %w", err)
	}
	w.stage.say("  the secret %s… is accepted", handed.Application.SecretHint)
	return p, nil
}

// destroy removes everything and proves it.
func destroy(ctx context.Context, w *workspace, p product) error {
	w.stage.title("Destroy leaves nothing behind")
	if err := w.show(ctx, "destroy", "-input=false", "-auto-approve"); err != nil {
		return err
	}
	state, err := w.run(ctx, "state", "list")
	if err != nil {
		return err
	}
	if left := strings.Fields(string(state)); len(left) > 0 {
		return fmt.Errorf("the state still holds %s", strings.Join(left, ", "))
	}
	left, err := p.leftovers(ctx)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("the directory still holds %s", strings.Join(left, ", "))
	}
	if err := p.refused(ctx, p.handed.ClientSecret, unknownApplication); err != nil {
		return fmt.Errorf("signing in to the destroyed application: %w", err)
	}
	w.stage.say("  the state is empty, the directory has neither the application nor its service principal,")
	w.stage.say("  and the product's sign-in is refused (AADSTS%d); an administrator can restore the application for 30 days", unknownApplication)
	return nil
}
