package directory

import "testing"

// Requests that no builder of the SDK makes tell Graph's code of a refusal as others do.
func TestRefusalsOfOwnRequestsKeepTheirCode(t *testing.T) {
	t.Parallel()
	c, _ := newFake(t, func(string, string, int) answer { return refusal(403, "Authorization_RequestDenied", "m") })
	_, policies := c.readPolicies(t.Context())
	_, batch := c.postBatch(t.Context(), nil)
	for _, err := range []error{policies, batch} {
		if e := errorOf(c.fail(opReadPolicy, appID, err)); e.Code != "Authorization_RequestDenied" || e.RequestID == "" {
			t.Errorf("%+v", e)
		}
	}
}
