package chaos_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/appreg/terraform-provider-appreg/internal/acctest"
	"github.com/appreg/terraform-provider-appreg/internal/emulator"
	"github.com/appreg/terraform-provider-appreg/internal/provider"
)

// origin is where the emulator is said to be. Nothing resolves the name: requests never leave the process.
const origin = "https://graph.test"

// process is one run of the provider, with nothing remembered from earlier ones. Terraform starts one for each walk.
type process struct {
	tfprotov6.ProviderServer
	ctx    context.Context
	cancel context.CancelFunc
	lost   chan struct{} // closed when Terraform no longer hears the provider, for either one's death
	once   sync.Once
	dead   atomic.Bool // nothing leaves the provider any more
	world  http.RoundTripper
	killer *killer
}

var errLost = errors.New("the connection to the provider is lost")

// start starts a provider. It reads dates and waits by the bubble's clock.
func start(ctx context.Context, e *emulator.Emulator, k *killer) (*process, error) {
	p := &process{lost: make(chan struct{}), world: acctest.InProcess{Handler: e}, killer: k}
	p.ctx, p.cancel = context.WithCancel(ctx)
	f := e.Facts()
	env := map[string]string{
		"ARM_TENANT_ID": f.TenantID, "ARM_CLIENT_ID": f.ClientID, "ARM_CLIENT_SECRET": f.ClientSecret,
		"APPREG_GRAPH_ENDPOINT": origin, "APPREG_AUTHORITY_HOST": origin, "APPREG_DISABLE_INSTANCE_DISCOVERY": "true",
	}
	server, err := providerserver.NewProtocol6WithError(provider.New("chaos", provider.WithTransport(p),
		provider.WithClock(time.Now), provider.WithEnvironment(func(name string) string { return env[name] }))())()
	p.ProviderServer = server
	return p, err
}

// stop ends a provider that has nothing under way.
func (p *process) stop() { p.lose(false) }

// lose cuts the provider off from Terraform. With dead it is gone altogether; else it notices that nobody listens and
// ends what it is at, as a provider does whose Terraform has died.
func (p *process) lose(dead bool) {
	if dead {
		p.dead.Store(true)
	}
	p.once.Do(func() { close(p.lost) })
	p.cancel()
}

// RoundTrip implements http.RoundTripper.
func (p *process) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.dead.Load() {
		return nil, errLost
	}
	fatal := p.killer.counts(r)
	if fatal && !p.killer.afterCommit {
		p.lose(p.killer.provider)
		if p.killer.provider {
			return nil, errLost
		}
	}
	resp, err := p.world.RoundTrip(r)
	if fatal && p.killer.afterCommit {
		p.lose(p.killer.provider)
	}
	if p.dead.Load() {
		if resp != nil {
			err = errors.Join(err, resp.Body.Close())
		}
		return nil, errors.Join(errLost, err)
	}
	return resp, err
}

// killer kills a provider, or the Terraform that runs it, at the nth request to Graph. A nil one kills nothing.
type killer struct {
	nth         int64
	afterCommit bool // after the request took effect and before its reply; else before it is sent
	provider    bool // the provider dies; else Terraform does

	seen   atomic.Int64
	killed atomic.Pointer[string] // the request
}

// counts counts a request and tells whether it is the one.
func (k *killer) counts(r *http.Request) bool {
	if k == nil || k.seen.Add(1) != k.nth {
		return false
	}
	what := r.Method + " " + r.URL.RequestURI()
	k.killed.Store(&what)
	return true
}

// rpc calls the provider as Terraform does: a call whose provider is lost has no reply.
func rpc[Q, R any](p *process, method func(context.Context, Q) (R, error), request Q) (R, error) {
	type outcome struct {
		reply R
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		reply, err := method(p.ctx, request)
		done <- outcome{reply, err}
	}()
	var none R
	select {
	case <-p.lost:
		return none, errLost
	default:
	}
	select {
	case <-p.lost:
		return none, errLost
	case o := <-done:
		return o.reply, o.err
	}
}

// wire packs a value for the protocol.
func wire(v tftypes.Value) *tfprotov6.DynamicValue {
	packed, err := tfprotov6.NewDynamicValue(v.Type(), v)
	if err != nil {
		panic(err)
	}
	return &packed
}

// unwire unpacks one; nothing is null.
func unwire(typ tftypes.Type, v *tfprotov6.DynamicValue) tftypes.Value {
	if v == nil {
		return null(typ)
	}
	value, err := v.Unmarshal(typ)
	if err != nil {
		panic(err)
	}
	return value
}
