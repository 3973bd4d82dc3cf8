package chaos_test

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// apply plays terraform apply: it plans, and with a new process of the provider it makes the changes. What is done by
// the time that either process dies is in the state.
func (tf *cli) apply(ctx context.Context, config []*block, k *killer) *report {
	rep := &report{changes: map[string]action{}}
	todo := tf.plans(ctx, config, k, rep)
	if todo == nil {
		return rep
	}
	for address, o := range todo.refreshed {
		tf.put(address, o)
	}
	p, ok := tf.configured(ctx, k, rep)
	if !ok {
		return rep
	}
	defer p.stop()
	nodes, visits := tf.graph(p, todo, rep)
	acyclic(nodes)
	walk(nodes, func(node string) bool { return visits[node]() })
	return rep
}

// graph orders an apply. What something is made of exists before it, and goes after it; a replacement takes the old one
// away first, or, created before, once everything that refers to it follows the new one.
func (tf *cli) graph(p *process, todo *plan, rep *report) (nodes map[string][]string, visits map[string]func() bool) {
	nodes, visits = map[string][]string{}, map[string]func() bool{}
	writes := func(address string) bool { _, ok := visits["write "+address]; return ok }
	for address, c := range todo.changes {
		if c.what == create || c.what == update || c.what == deleteCreate || c.what == createDelete {
			visits["write "+address] = func() bool { return tf.write(p, c, rep) }
		}
		if c.prior != nil && (c.what == remove || c.what == deleteCreate || c.what == createDelete) {
			visits["delete "+address] = func() bool { return tf.remove(p, c, rep) }
		}
	}
	for node := range visits {
		nodes[node] = nil
	}
	for address, c := range todo.changes {
		write, removal := "write "+address, "delete "+address
		if c.block != nil && writes(address) {
			for _, other := range c.block.references() {
				if writes(other) {
					nodes[write] = append(nodes[write], "write "+other)
				}
			}
			if c.what == deleteCreate {
				nodes[write] = append(nodes[write], removal)
			}
			if c.what == createDelete {
				nodes[removal] = append(nodes[removal], write)
			}
		}
		if _, deleted := nodes[removal]; !deleted {
			continue
		}
		for other, d := range todo.changes {
			if d.prior == nil || !slices.Contains(d.prior.depends, address) {
				continue
			}
			if _, goes := nodes["delete "+other]; goes {
				nodes[removal] = append(nodes[removal], "delete "+other)
			}
			if writes(other) && c.what != deleteCreate {
				nodes[removal] = append(nodes[removal], "write "+other)
			}
		}
	}
	for _, c := range todo.deposed {
		node := "deposed " + c.address + " " + texts(members(c.deposed.value)["key_id"])
		nodes[node] = nil
		visits[node] = func() bool { return tf.remove(p, c, rep) }
	}
	return nodes, visits
}

// write creates or updates. The configuration is evaluated anew, because more is known now, and planned once more: the
// second plan must keep what the first one has promised.
func (tf *cli) write(p *process, c *change, rep *report) bool {
	schema := tf.schema(c.kind)
	config := c.block.evaluate(schema, func(r ref) tftypes.Value {
		o := tf.get(r.address)
		if o == nil {
			panic(c.address + " refers to " + r.address + ", which is not in the state")
		}
		return members(o.value)[r.attribute]
	})
	var prior *object
	if c.what == update {
		prior = c.prior
	}
	second, ok := tf.planOne(p, c.address, c.kind, prior, config, rep)
	if !ok {
		return false
	}
	if prior != nil && second.replaces(prior.value) {
		rep.broken(c.address, "an update became a replacement during the apply")
		return false
	}
	for _, b := range promiseBreaks("", c.planned, second.value) {
		rep.broken(c.address, "inconsistent final plan: %s", b)
	}
	if c.what == createDelete {
		tf.depose(c.address, c.prior, false)
	}
	made, ok := tf.applyOne(p, c, prior, second, config, rep)
	switch {
	case made != nil:
		tf.put(c.address, made)
	case c.what == createDelete:
		tf.depose(c.address, c.prior, true)
	}
	return ok
}

// applyOne makes a change and gives what is to be kept of it, nil when the state stays as it is. A create that failed half
// way is tainted.
func (tf *cli) applyOne(p *process, c *change, prior *object, second *onePlan, config tftypes.Value, rep *report) (*object, bool) {
	schema := tf.schema(c.kind)
	typ := schema.ValueType()
	before := null(typ)
	if prior != nil {
		before = prior.value
	}
	resp, err := rpc(p, p.ApplyResourceChange, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: c.kind, PriorState: wire(before), PlannedState: wire(second.value), Config: wire(config),
		PlannedPrivate: second.private, PlannedIdentity: second.identity,
	})
	if err != nil {
		return nil, rep.tell(c.address, nil, err)
	}
	good := rep.tell(c.address, resp.Diagnostics, nil)
	value := unwire(typ, resp.NewState)
	if value.IsNull() {
		if good {
			rep.broken(c.address, "nothing came of the apply, and there was no error")
		}
		return nil, false
	}
	if !value.IsFullyKnown() {
		rep.broken(c.address, "unknown after apply: %s", canonical(value))
	}
	if good {
		for _, b := range promiseBreaks("", second.value, value) {
			rep.broken(c.address, "inconsistent result after apply: %s", b)
		}
		if resp.NewIdentity == nil {
			rep.broken(c.address, "no identity after apply")
		}
	}
	made := &object{kind: c.kind, value: value, private: resp.Private, identity: tf.known(resp.NewIdentity), depends: c.block.references(),
		tainted: !good && prior == nil}
	tf.remember(made)
	return made, good
}

// remove deletes an object. Terraform plans a deletion, too, and hands on the private state of that plan.
func (tf *cli) remove(p *process, c *change, rep *report) bool {
	typ := tf.schema(c.kind).ValueType()
	forget := func() {
		if c.deposed != nil {
			tf.drop(c.address, c.deposed)
		} else if c.what == createDelete {
			tf.drop(c.address, c.prior)
		} else {
			tf.put(c.address, nil)
		}
	}
	if c.prior == nil { // a deposed one that is gone
		forget()
		return true
	}
	planned, err := rpc(p, p.PlanResourceChange, &tfprotov6.PlanResourceChangeRequest{
		TypeName: c.kind, PriorState: wire(c.prior.value), ProposedNewState: wire(null(typ)), Config: wire(null(typ)),
		PriorPrivate: c.prior.private, PriorIdentity: tf.known(c.prior.identity),
	})
	if err != nil {
		return rep.tell(c.address, nil, err)
	}
	if !rep.tell(c.address, planned.Diagnostics, nil) {
		return false
	}
	resp, err := rpc(p, p.ApplyResourceChange, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: c.kind, PriorState: wire(c.prior.value), PlannedState: wire(null(typ)), Config: wire(null(typ)),
		PlannedPrivate: planned.PlannedPrivate, PlannedIdentity: tf.known(planned.PlannedIdentity),
	})
	if err != nil {
		return rep.tell(c.address, nil, err)
	}
	if !rep.tell(c.address, resp.Diagnostics, nil) {
		return false
	}
	if left := unwire(typ, resp.NewState); !left.IsNull() {
		rep.broken(c.address, "something is left after a deletion: %s", canonical(left))
		return false
	}
	forget()
	return true
}
