package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// warnTakenOver is a courtesy, too: it tells which live application the creation will take over, and what of it goes,
// because a plan for a creation shows nothing of that. The result is its object id, "" when there is none.
func (r *applicationResource) warnTakenOver(ctx context.Context, plan *applicationModel, diags *diag.Diagnostics) (id string) {
	ctx, cancel := context.WithTimeout(ctx, courtesyTimeout)
	defer cancel()
	name := plan.UniqueName.ValueString()
	holder, err := r.client.ApplicationByUniqueName(ctx, name)
	if err != nil {
		if directory.KindOf(err) != directory.KindNotFound {
			tflog.Info(ctx, "Skipped the check which application will be taken over.", map[string]any{"unique_name": name, "reason": err.Error()})
		}
		return ""
	}
	parts := []string{"It holds the unique name:", describe(directory.Candidate{ID: holder.ID, ClientID: holder.ClientID, DisplayName: holder.DisplayName})}
	if lost := lostProperties(holder, plan.toDirectory(ctx)); len(lost) > 0 && plan.known(ctx) {
		parts = append(parts, "The configuration says otherwise, so this of it goes:", bullets(lost))
	}
	diags.AddAttributeWarning(path.Root("adopt_existing"), "Existing application will be taken over", paragraphs(parts...))
	return holder.ID
}

// lostProperties lists what an application has and spec would remove or change.
func lostProperties(holder *directory.Application, spec directory.ApplicationSpec) []string {
	has, want := properties(holder.ApplicationSpec), properties(spec)
	var lost []string
	for _, name := range slices.Sorted(maps.Keys(has)) {
		if value := has[name]; value != "" && value != "false" && value != want[name] {
			lost = append(lost, name+": "+value)
		}
	}
	return lost
}

// warnCredentialsKept tells with what one can still sign in as an application that was taken over. One that was restored
// brings back what Terraform had made for it before it was deleted.
func (r *applicationResource) warnCredentialsKept(ctx context.Context, app *directory.Application, diags *diag.Diagnostics) {
	now := r.now()
	var held []string
	note := func(what, id, name string, end time.Time) {
		if end.After(now) {
			held = append(held, what+" "+describeAs("key id", directory.Candidate{ID: id, DisplayName: name, Detail: "valid until " + instant(end).ValueString()}))
		}
	}
	for _, s := range app.Secrets {
		note("client secret", s.KeyID, s.DisplayName, s.End)
	}
	for _, k := range app.Certificates {
		note("certificate", k.KeyID, k.DisplayName, k.End)
	}
	ctx, cancel := context.WithTimeout(ctx, courtesyTimeout)
	defer cancel()
	trusted, err := r.client.FederatedCredentials(ctx, app.ID)
	if err != nil {
		tflog.Info(ctx, "Skipped the look for federated credentials of the application that was taken over.", map[string]any{"id": app.ID, "reason": err.Error()})
	}
	for _, f := range trusted {
		held = append(held, fmt.Sprintf("federated credential %q, id %s, for issuer %s and subject %s", f.Name, f.ID, f.Issuer, f.Subject))
	}
	if len(held) == 0 {
		return
	}
	diags.AddAttributeWarning(path.Root("adopt_existing"), "The application that was taken over has credentials",
		paragraphs(fmt.Sprintf("Whoever holds one of them can sign in as %q. None of them is in the state. Import those that Terraform should manage, and remove what nobody uses in the portal, under Certificates & secrets:", app.DisplayName), bullets(held)))
}
