package chaos_test

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// change is what a plan wants of one object.
type change struct {
	address string
	kind    string
	what    action
	block   *block // nil for a deletion
	prior   *object
	deposed *object
	planned tftypes.Value // of the create or the update
}

// plan is a plan with the state that it refreshed.
type plan struct {
	mu        sync.Mutex
	changes   map[string]*change
	deposed   []*change
	refreshed map[string]*object
	config    []*block
}

func (p *plan) at(address string) *change {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changes[address]
}

// plan plays terraform plan: what it tells and what it would change; nothing is kept.
func (tf *cli) plan(ctx context.Context, config []*block, k *killer) *report {
	rep := &report{changes: map[string]action{}}
	tf.plans(ctx, config, k, rep)
	return rep
}

// plans refreshes and plans everything, in the order of the references. It gives nil where that failed.
func (tf *cli) plans(ctx context.Context, config []*block, k *killer, rep *report) *plan {
	p, ok := tf.configured(ctx, k, rep)
	if !ok {
		return nil
	}
	defer p.stop()
	out := &plan{changes: map[string]*change{}, refreshed: map[string]*object{}, config: config}
	blocks, nodes := map[string]*block{}, map[string][]string{}
	for _, b := range config {
		blocks[b.address], nodes[b.address] = b, b.references()
	}
	for address := range tf.current {
		if blocks[address] == nil {
			nodes[address] = nil
		}
	}
	acyclic(nodes)
	walk(nodes, func(address string) bool {
		prior, ok := tf.refresh(p, address, tf.get(address), rep)
		if !ok {
			return false
		}
		out.mu.Lock()
		out.refreshed[address] = prior
		out.mu.Unlock()
		c := &change{address: address, what: remove, prior: prior, block: blocks[address]}
		switch {
		case c.block == nil && prior == nil:
			c.what = noop
		case c.block == nil:
			c.kind = prior.kind
		case !tf.planBlock(p, c, out, rep):
			return false
		}
		out.mu.Lock()
		defer out.mu.Unlock()
		out.changes[address] = c
		rep.did(address, c.what)
		return true
	})
	tf.planDeposed(p, out, rep)
	if len(rep.errors) > 0 {
		return nil
	}
	return out
}

// planDeposed plans the deletion of what earlier replacements have left.
func (tf *cli) planDeposed(p *process, out *plan, rep *report) {
	for _, address := range slices.Sorted(maps.Keys(tf.deposed)) {
		for _, old := range tf.deposed[address] {
			now, ok := tf.refresh(p, address, old, rep)
			if !ok {
				continue
			}
			out.deposed = append(out.deposed, &change{address: address, kind: old.kind, what: deletesDeposed, prior: now, deposed: old})
			rep.did(address+" (deposed)", deletesDeposed)
		}
	}
}

// refresh reads an object. Nil without failure means that it is gone.
func (tf *cli) refresh(p *process, address string, o *object, rep *report) (*object, bool) {
	if o == nil {
		return nil, true
	}
	schema := tf.schema(o.kind)
	resp, err := rpc(p, p.ReadResource, &tfprotov6.ReadResourceRequest{
		TypeName: o.kind, CurrentState: wire(o.value), Private: o.private, CurrentIdentity: tf.known(o.identity),
	})
	if err != nil {
		return nil, rep.tell(address, nil, err)
	}
	if !rep.tell(address, resp.Diagnostics, nil) {
		return nil, false
	}
	now := *o
	now.value = unwire(schema.ValueType(), resp.NewState)
	if now.value.IsNull() {
		return nil, true
	}
	if !now.value.IsFullyKnown() {
		rep.broken(address, "a refresh gave unknown values: %s", canonical(now.value))
	}
	now.private, now.identity = resp.Private, tf.known(resp.NewIdentity)
	return &now, true
}

// known is an identity as this version of Terraform keeps it.
func (tf *cli) known(identity *tfprotov6.ResourceIdentityData) *tfprotov6.ResourceIdentityData {
	if !tf.identity {
		return nil
	}
	return identity
}

// planBlock decides what becomes of a block. What is tainted, and what the provider can't change in place, is planned
// once more as if there were nothing.
func (tf *cli) planBlock(p *process, c *change, out *plan, rep *report) bool {
	schema := tf.schema(c.block.kind)
	c.kind = c.block.kind
	config := c.block.evaluate(schema, func(r ref) tftypes.Value {
		of := out.at(r.address)
		return members(of.planned)[r.attribute]
	})
	valid, err := rpc(p, p.ValidateResourceConfig, &tfprotov6.ValidateResourceConfigRequest{TypeName: c.kind, Config: wire(config)})
	if err != nil {
		return rep.tell(c.address, nil, err)
	}
	if !rep.tell(c.address, valid.Diagnostics, nil) {
		return false
	}
	replaced := c.prior != nil && c.prior.tainted
	prior := c.prior
	if replaced {
		prior = nil
	}
	first, ok := tf.planOne(p, c.address, c.kind, prior, config, rep)
	if !ok {
		return false
	}
	if prior != nil && first.replaces(prior.value) {
		replaced = true
		if first, ok = tf.planOne(p, c.address, c.kind, nil, config, rep); !ok {
			return false
		}
	}
	c.planned = first.value
	switch {
	case c.prior == nil:
		c.what = create
	case replaced && c.block.createBeforeDestroy:
		c.what = createDelete
	case replaced:
		c.what = deleteCreate
	case equal(c.prior.value, c.planned):
		c.what = noop
	default:
		c.what = update
	}
	return true
}

// onePlan is one answer of the provider to a proposed change.
type onePlan struct {
	value    tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	replace  []*tftypes.AttributePath
}

// replaces tells whether a path that needs a replacement does change: Terraform ignores one that does not.
func (o *onePlan) replaces(prior tftypes.Value) bool {
	return slices.ContainsFunc(o.replace, func(path *tftypes.AttributePath) bool {
		was, _, err := tftypes.WalkAttributePath(prior, path)
		is, _, otherErr := tftypes.WalkAttributePath(o.value, path)
		before, ok := was.(tftypes.Value)
		after, okToo := is.(tftypes.Value)
		return err != nil || otherErr != nil || !ok || !okToo || !equal(before, after)
	})
}

// planOne asks for the plan of a create (no prior) or an update, and holds it against Terraform's rules.
func (tf *cli) planOne(p *process, address, kind string, prior *object, config tftypes.Value, rep *report) (*onePlan, bool) {
	schema := tf.schema(kind)
	typ := schema.ValueType()
	before, private := null(typ), []byte(nil)
	var identity *tfprotov6.ResourceIdentityData
	if prior != nil {
		before, private, identity = prior.value, prior.private, tf.known(prior.identity)
	}
	want := tftypes.NewValue(typ, proposed(schema.Block.Attributes, members(before), members(config)))
	resp, err := rpc(p, p.PlanResourceChange, &tfprotov6.PlanResourceChangeRequest{
		TypeName: kind, PriorState: wire(before), ProposedNewState: wire(want), Config: wire(config), PriorPrivate: private, PriorIdentity: identity,
	})
	if err != nil {
		return nil, rep.tell(address, nil, err)
	}
	if !rep.tell(address, resp.Diagnostics, nil) {
		return nil, false
	}
	out := &onePlan{value: unwire(typ, resp.PlannedState), private: resp.PlannedPrivate, identity: tf.known(resp.PlannedIdentity), replace: resp.RequiresReplace}
	for _, b := range planBreaks(schema.Block.Attributes, members(before), members(config), members(out.value)) {
		rep.broken(address, "the plan contradicts the configuration: %s", b)
	}
	return out, true
}
