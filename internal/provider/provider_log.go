package provider

import (
	"context"
	"log/slog"
	"maps"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// tflogHandler writes slog's records to Terraform's log. The logger of the request travels in the context, and Terraform
// filters by level.
type tflogHandler struct {
	group  string // prefix of keys, "" or "name."
	fields map[string]any
}

var _ slog.Handler = tflogHandler{}

// Enabled implements slog.Handler.
func (tflogHandler) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (h tflogHandler) Handle(ctx context.Context, r slog.Record) error {
	fields := maps.Clone(h.fields)
	if fields == nil {
		fields = map[string]any{}
	}
	r.Attrs(func(a slog.Attr) bool {
		addField(fields, h.group, a)
		return true
	})
	switch {
	case r.Level < slog.LevelDebug:
		tflog.Trace(ctx, r.Message, fields)
	case r.Level < slog.LevelInfo:
		tflog.Debug(ctx, r.Message, fields)
	case r.Level < slog.LevelWarn:
		tflog.Info(ctx, r.Message, fields)
	case r.Level < slog.LevelError:
		tflog.Warn(ctx, r.Message, fields)
	default:
		tflog.Error(ctx, r.Message, fields)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (h tflogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	fields := maps.Clone(h.fields)
	if fields == nil {
		fields = map[string]any{}
	}
	for _, a := range attrs {
		addField(fields, h.group, a)
	}
	return tflogHandler{group: h.group, fields: fields}
}

// WithGroup implements slog.Handler.
func (h tflogHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return tflogHandler{group: h.group + name + ".", fields: h.fields}
}

// addField resolves a value, so that a secret prints as slog would print it, and flattens groups.
func addField(fields map[string]any, prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, member := range v.Group() {
			addField(fields, prefix, member)
		}
		return
	}
	if a.Key != "" {
		fields[prefix+a.Key] = v.Any()
	}
}
