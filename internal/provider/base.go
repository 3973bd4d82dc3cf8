package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// How long an operation may take when the configuration doesn't say.
const (
	writeTimeout = 20 * time.Minute
	readTimeout  = 5 * time.Minute
)

// courtesyTimeout limits a check at plan that may be skipped, lookupTimeout one that may not.
const (
	courtesyTimeout = 30 * time.Second
	lookupTimeout   = readTimeout
)

// Where the private state of a resource keeps its directory.Memory: of the object, and of the list of its owners.
const (
	memoryKey       = "writes"
	ownersMemoryKey = "owner_writes"
)

// base is the plumbing that every resource embeds.
type base struct{ *session }

// Configure implements resource.ResourceWithConfigure. Without provider data (terraform validate) there is no session.
func (b *base) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	b.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// dataBase is the plumbing that every data source embeds.
type dataBase struct{ *session }

// Configure implements datasource.DataSourceWithConfigure.
func (b *dataBase) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	b.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

func sessionFrom(data any, diags *diag.Diagnostics) *session {
	if data == nil {
		return nil
	}
	s, ok := data.(*session)
	if !ok {
		diags.AddError("Unable to configure", fmt.Sprintf("The provider handed over %T instead of its session. Please report this.", data))
	}
	return s
}

// idSet is a set of GUIDs, however they are spelled. It is safe for concurrent use.
type idSet struct{ ids sync.Map }

func (s *idSet) add(id string) { s.ids.Store(strings.ToLower(id), true) }

func (s *idSet) has(id string) bool {
	_, ok := s.ids.Load(strings.ToLower(id))
	return ok
}

// online reports whether the tenant can be asked: not during validate, nor while provider arguments are unknown.
func (s *session) online() bool { return s != nil && s.configured }

// deadline limits an operation to what the timeouts attribute says.
func deadline(ctx context.Context, diags *diag.Diagnostics, configured func(context.Context, time.Duration) (time.Duration, diag.Diagnostics), fallback time.Duration) (context.Context, context.CancelFunc) {
	limit, d := configured(ctx, fallback)
	diags.Append(d...)
	return context.WithTimeout(ctx, limit)
}

func timeoutsAttribute(ctx context.Context) schema.Attribute {
	const unit = " A duration such as `30s` or `10m`."
	a := timeouts.Attributes(ctx, timeouts.Opts{
		Create: true, Read: true, Update: true, Delete: true,
		CreateDescription: "How long a creation may take, waits for the directory included; 20 minutes by default." + unit,
		ReadDescription:   "How long a read may take; 5 minutes by default." + unit,
		UpdateDescription: "How long a change may take; 20 minutes by default." + unit,
		DeleteDescription: "How long a removal may take; 20 minutes by default." + unit,
	})
	if nested, ok := a.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = "How long each operation may take before it is given up."
		return nested
	}
	return a
}

type privateReader interface {
	GetKey(context.Context, string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(context.Context, string, []byte) diag.Diagnostics
}

type privateState interface {
	privateReader
	privateWriter
}

// remember keeps a write in private state, so that the next process knows a lagging replica from drift. A write that
// changed nothing in the tenant leaves the memory of the last one alone.
func (s *session) remember(ctx context.Context, private privateState, before, after directory.Properties) diag.Diagnostics {
	if maps.Equal(before, after) {
		return nil
	}
	return s.keep(ctx, private, memoryKey, s.client.Remember(before, after))
}

// rememberOwners is remember for the owners, which Graph lists apart from the object.
func (s *session) rememberOwners(ctx context.Context, private privateState, before, after []string) diag.Diagnostics {
	if len(minusFold(before, after))+len(minusFold(after, before)) == 0 {
		return nil
	}
	return s.keep(ctx, private, ownersMemoryKey, s.client.Remember(ownerProperties(before), ownerProperties(after)))
}

func ownerProperties(owners []string) directory.Properties {
	p := directory.Properties{}
	for _, id := range owners {
		p[strings.ToLower(id)] = "owner"
	}
	return p
}

// rememberNew is remember for a create, and for what hangs on an object that may have been made a moment ago: a 404 is
// then not to be believed. before is nil where there was nothing.
func (s *session) rememberNew(ctx context.Context, private privateState, before, after directory.Properties) diag.Diagnostics {
	m := s.client.Remember(before, after)
	m.Created = true
	return s.keep(ctx, private, memoryKey, m)
}

// keep stores a memory, with what the one before it still has to tell.
func (s *session) keep(ctx context.Context, private privateState, key string, m directory.Memory) diag.Diagnostics {
	return store(ctx, private, key, s.client.Following(load[directory.Memory](ctx, private, key), m))
}

// store keeps a value as JSON in private state.
func store(ctx context.Context, private privateWriter, key string, value any) diag.Diagnostics {
	text, err := json.Marshal(value)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to keep private state", err.Error())}
	}
	return private.SetKey(ctx, key, text)
}

// recall gives what remember kept; the zero Memory when there is none.
func recall(ctx context.Context, private privateReader) directory.Memory {
	return load[directory.Memory](ctx, private, memoryKey)
}

// load reads what store kept; the zero value when there is nothing. What can't be read is no error: the worst that comes
// of it is one more read, or a decision that the next refresh makes anew.
func load[T any](ctx context.Context, private privateReader, key string) T {
	var value, none T
	text, diags := private.GetKey(ctx, key)
	if diags.HasError() || len(text) == 0 {
		return none
	}
	if err := json.Unmarshal(text, &value); err != nil {
		tflog.Warn(ctx, "A part of the private state can't be read; it is ignored.", map[string]any{"key": key, "error": err.Error()})
		return none
	}
	return value
}

// flag reads a true or false that the provider keeps in private state.
func flag(ctx context.Context, private privateReader, key string) bool {
	text, diags := private.GetKey(ctx, key)
	return !diags.HasError() && string(text) == "true"
}

// setFlag writes one; only a change touches the state, whose serial would otherwise move with every refresh.
func setFlag(ctx context.Context, private privateState, key string, value bool) diag.Diagnostics {
	switch {
	case value == flag(ctx, private, key):
		return nil
	case value:
		return private.SetKey(ctx, key, []byte("true"))
	default:
		return private.SetKey(ctx, key, nil)
	}
}

// require reports an error when the tenant can't be asked: a data source and an import, unlike a plan, have nothing to
// fall back on. what is as in: Unable to read application.
func (s *session) require(what string, diags *diag.Diagnostics) bool {
	if !s.online() {
		diags.AddError("Unable to "+what, "Arguments of the provider are not known until the apply, so the tenant can't be asked yet. Apply what they depend on first.")
	}
	return s.online()
}
