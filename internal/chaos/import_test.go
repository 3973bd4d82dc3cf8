package chaos_test

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// imports plays an import block: it puts an object that exists into the state, as a refresh then shows it.
func (tf *cli) imports(ctx context.Context, address, kind, id string) *report {
	rep := &report{changes: map[string]action{}}
	p, ok := tf.configured(ctx, nil, rep)
	if !ok {
		return rep
	}
	defer p.stop()
	resp, err := rpc(p, p.ImportResourceState, &tfprotov6.ImportResourceStateRequest{TypeName: kind, ID: id})
	if err != nil {
		rep.tell(address, nil, err)
		return rep
	}
	if !rep.tell(address, resp.Diagnostics, nil) {
		return rep
	}
	for _, imported := range resp.ImportedResources {
		o := &object{kind: kind, value: unwire(tf.schema(kind).ValueType(), imported.State), private: imported.Private, identity: tf.known(imported.Identity)}
		now, ok := tf.refresh(p, address, o, rep)
		switch {
		case ok && now == nil:
			rep.broken(address, "nothing to import by %q", id)
		case ok:
			tf.put(address, now)
			tf.remember(now)
		}
	}
	return rep
}
