package graph

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/bounded"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// Config is what a Server is made of.
type Config struct {
	Cloud     *tenant.Cloud
	Authority Authority
	// Seed decides how far each read lags.
	Seed uint64
	// Lag is how far a replica may be behind for a read by id; a list may be behind twice as far.
	Lag time.Duration
	// PageSize bounds pages from above; 0 leaves Graph's own bounds.
	PageSize int
	Readings Readings
	// Budget is the share of Graph's documented quotas that callers get before they are throttled; 0 is no end.
	Budget float64
	// Hosts are names by which the emulator is reached, without port.
	Hosts []string
}

// Server answers requests to Graph. It is safe for concurrent use.
type Server struct {
	Config
	routes []*route
	budget *budget

	mu    sync.Mutex // guards Readings
	asked bounded.Counter[string]
}

// New makes a Server over a seeded cloud.
func New(c Config) (*Server, error) {
	if err := c.Readings.Validate(); err != nil {
		return nil, err
	}
	if c.Budget < 0 || math.IsNaN(c.Budget) || math.IsInf(c.Budget, 0) {
		return nil, fmt.Errorf("a budget of %v", c.Budget)
	}
	return &Server{Config: c, routes: routeTable(), budget: &budget{scale: c.Budget, windows: map[string]*window{}}}, nil
}

// SetReadings replaces the readings, for the requests that come in from now on.
func (s *Server) SetReadings(r Readings) error {
	if err := r.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Readings = r
	return nil
}

func (s *Server) readings() Readings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Readings
}

// call is a request on its way through a handler.
type call struct {
	*Server
	r       *http.Request
	params  map[string]string
	body    []byte
	query   odata.Query
	caller  Caller
	owned   bool // the caller reaches only what it owns
	baseURL string
	// administrator tells whether a signed-in user has a directory role.
	administrator bool
	// Readings are those of when the request came in.
	Readings Readings
	header   http.Header // of the reply, beside what all have
}

// ReadBody reads a request's body, unpacked, up to 4 MiB.
func ReadBody(r *http.Request) ([]byte, error) {
	const limit = 4 << 20
	var from io.Reader = r.Body
	if r.Body == nil {
		return nil, nil
	}
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, unreadable()
		}
		from = z
	}
	body, err := io.ReadAll(io.LimitReader(from, limit+1))
	switch {
	case err != nil && from != io.Reader(r.Body):
		return nil, unreadable()
	case err != nil:
		return nil, fmt.Errorf("read body: %w", err)
	case len(body) > limit:
		return nil, &Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLarge",
			Message: "The request is too large."}
	}
	return body, nil
}

// Match names a request's route, as in "/applications/{id}", and the object that it is about. A list is about its query, a
// request that creates something about what its body names. An unknown route is "".
func (s *Server) Match(r *http.Request, body []byte) (pattern, object string) {
	found, params, err := s.find(r)
	if err != nil {
		return "", ""
	}
	for _, name := range []string{"id", "appId", "uniqueName"} {
		object += params[name]
	}
	if object == "" && r.Method == http.MethodGet {
		object = r.URL.RawQuery
	}
	if object == "" && r.Method == http.MethodPost {
		var named struct{ DisplayName, AppID, ClientID, ResourceID, PrincipalID string }
		if json.Unmarshal(body, &named) == nil {
			object = strings.Join([]string{named.DisplayName, named.AppID, named.ClientID, named.ResourceID,
				named.PrincipalID}, "|")
		}
	}
	return found.pattern, object
}

// Serve answers one request.
func (s *Server) Serve(r *http.Request, body []byte) *Reply {
	c := &call{Server: s, r: r, body: body, baseURL: origin(r) + "/" + version(r), header: http.Header{}, Readings: s.readings()}
	res, err := c.serve()
	reply := s.render(r, res, err)
	maps.Copy(reply.Header, c.header)
	reply.ClientID = c.caller.ClientID
	return reply
}

// Fail answers a request with what a fault asks for, without looking at it further.
func (s *Server) Fail(r *http.Request, kind fault.Kind, status int, retryAfter string) *Reply {
	refusal := ServerError(status, retryAfter)
	switch kind {
	case fault.Throttle:
		refusal = Throttled(retryAfter)
	case fault.Conflict:
		refusal = ConcurrentWrites()
	case fault.NoMSAApplication:
		refusal = MissingMSAApplication()
	}
	return s.Refuse(r, refusal)
}

// Refuse answers a request with an error without looking at it further.
func (s *Server) Refuse(r *http.Request, err error) *Reply { return s.render(r, nil, err) }

func origin(r *http.Request) string { return "https://" + r.Host }

// OwnOrigin tells whether an address is the origin of the emulator that got r: the one that the client used for r, or
// the same port by another of its hosts.
func OwnOrigin(r *http.Request, hosts []string, address string) bool {
	if strings.EqualFold(address, origin(r)) {
		return true
	}
	asked := url.URL{Host: r.Host}
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.Port() == asked.Port() && strings.EqualFold(address, "https://"+u.Host) &&
		slices.ContainsFunc(hosts, func(host string) bool { return strings.EqualFold(host, u.Hostname()) })
}

func version(r *http.Request) string {
	v, _, ok := splitPath(r.URL)
	if !ok {
		return "v1.0"
	}
	return v
}

func (c *call) serve() (*result, error) {
	if err := c.authenticate(); err != nil {
		return nil, err
	}
	found, params, refusal := c.find(c.r)
	if refusal != nil {
		return nil, refusal
	}
	if found.handle == nil {
		return nil, notImplemented(c.r.Method + " " + found.pattern)
	}
	if found.pattern == "/me" && c.caller.UserID == "" {
		return nil, badRequest("/me request is only valid with delegated authentication flow.")
	}
	allowed, owned := found.need.allows(c.caller)
	if !allowed {
		return nil, denied()
	}
	c.params, c.owned = params, owned
	if !strings.HasSuffix(found.pattern, logoPath) {
		if err := c.readContentType(); err != nil {
			return nil, err
		}
	}
	q, err := odata.ParseQuery(c.r.URL.Query())
	if err != nil {
		return nil, fromQuery(err, "")
	}
	c.query = q
	if err := c.spend(found); err != nil {
		return nil, err
	}
	return found.handle(c)
}

// Authenticate reads a request's token and checks it: signature, audience, expiry, tenant. An error is Graph's refusal.
func (c *Config) Authenticate(r *http.Request) (Caller, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return Caller{}, unauthenticated("Access token is empty.")
	}
	caller, err := c.Authority.Verify(token)
	if err != nil {
		return Caller{}, unauthenticated("CompactToken parsing failed with error code: 80049217")
	}
	switch audience := strings.TrimSuffix(caller.Audience, "/"); {
	case audience == "https://graph.microsoft.com", audience == tenant.MicrosoftGraphClientID, OwnOrigin(r, c.Hosts, audience):
	default:
		return Caller{}, unauthenticated("Access token validation failure. Invalid audience.")
	}
	if !c.Cloud.Now().Before(caller.Expires) {
		return Caller{}, unauthenticated("Lifetime validation failed, the token is expired.")
	}
	if _, ok := c.Cloud.Tenant(caller.TenantID); !ok {
		return Caller{}, unauthenticated("Access token validation failure. Invalid tenant.")
	}
	return caller, nil
}

// authenticate finds out who calls.
func (c *call) authenticate() error {
	caller, err := c.Authenticate(c.r)
	if err != nil {
		return err
	}
	c.caller = caller
	c.administrator = c.isAdministrator()
	return nil
}

func (c *call) readContentType() error {
	if len(c.body) == 0 {
		return nil
	}
	media, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return unsupportedMedia("application/json")
	}
	return nil
}

// replica is the state that answers a read of key: up to spread behind. How far follows from the seed, the key, and how
// often it was asked for, so that reads flap as they do between replicas.
func (s *Server) replica(key string, spread time.Duration) *tenant.View {
	if spread <= 0 {
		return s.Cloud.Latest()
	}
	nth := s.asked.Next(key)
	behind := time.Duration(fault.Fraction(s.Seed, "lag", key, strconv.Itoa(nth)) * float64(spread+1))
	return s.Cloud.View(s.Cloud.Now().Add(-behind))
}

// near is the replica for a read by key, far the one for a list.
func (c *call) near(key string) *tenant.View { return c.replica(key, c.Lag) }
func (c *call) far() *tenant.View            { return c.replica(c.r.URL.Path+"?"+c.query.Text, 2*c.Lag) }
