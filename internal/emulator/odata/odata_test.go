package odata_test

import (
	"errors"
	"net/url"
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/odata"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

var doc = tenant.Doc{
	"appId": "a-1", "displayName": "It's mine", "principalId": nil, "accountEnabled": true,
	"tags": []any{"red", "green"}, "api": tenant.Doc{"version": float64(2)},
	"items": []any{tenant.Doc{"name": "x"}},
}

var fields = odata.Fields{
	"appId": "eq in", "displayName": "eq in startsWith", "tags/any": "eq startsWith", "accountEnabled": "eq",
	"items/any/name": "eq", "createdDateTime": "ge le", "api/version": "eq",
}

func TestFilterMatches(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		`appId eq 'a-1'`: true,
		`appId eq 'A-1'`: false,
		`appId eq 'a-1' and displayName eq 'It''s mine'`:       true,
		`appId eq 'a-1' and displayName eq 'other'`:            false,
		`appId eq 'x' or displayName eq 'It''s mine'`:          true,
		`(appId eq 'x') or (appId eq 'a-1' )`:                  true,
		`displayName in ('x', 'It''s mine')`:                   true,
		`displayName in ('x')`:                                 false,
		`startsWith(displayName,'It')`:                         true,
		`startswith(displayName, 'it')`:                        false,
		`tags/any(t:t eq 'green')`:                             true,
		`tags/any(t: startsWith(t,'blue'))`:                    false,
		`tags/any(t:t eq 'red' or t eq 'blue')`:                true,
		`items/any(i:i/name eq 'x')`:                           true,
		`accountEnabled eq true`:                               true,
		`api/version eq 2`:                                     true,
		`createdDateTime ge 2026-11-20T09:00:00Z`:              false,
		`appId eq '' and tags/any(t:t eq 'red')`:               false,
		`appId eq 'x' or appId eq 'a-1' and appId eq 'nobody'`: false,
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			f, err := odata.ParseFilter(text)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Check(fields); err != nil {
				t.Fatal(err)
			}
			if got := f.Match(doc, false); got != want {
				t.Errorf("Match = %v, want %v", got, want)
			}
		})
	}
}

func TestFilterFoldsCase(t *testing.T) {
	t.Parallel()
	f, err := odata.ParseFilter(`displayName eq 'IT''S MINE'`)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Match(doc, true) || f.Match(doc, false) {
		t.Error("fold decides whether case counts")
	}
}

func TestFilterIsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]odata.Reason{
		``:                          odata.Syntax,
		`appId`:                     odata.Syntax,
		`appId eq`:                  odata.Syntax,
		`appId eq 'open`:            odata.Syntax,
		`appId = 'x'`:               odata.Syntax,
		`appId eq 'x' appId eq 'y'`: odata.Syntax,
		`(appId eq 'x'`:             odata.Syntax,
		`tags/any(t eq 'x')`:        odata.Syntax,
		`appId in ()`:               odata.Syntax,
		`contains(displayName,'x')`: odata.Syntax,
		`notes eq 'x'`:              odata.UnsupportedClause,
		`tags/any(t:u eq 'x')`:      odata.UnsupportedClause,
		`tags/any(t:tt eq 'x')`:     odata.UnsupportedClause,
		`appId ne 'x'`:              odata.AdvancedOperator,
		`endsWith(displayName,'x')`: odata.AdvancedOperator,
		`not(appId eq 'x')`:         odata.AdvancedOperator,
		`displayName eq null`:       odata.AdvancedOperator,
		`startsWith(appId,'x')`:     odata.AdvancedOperator,
		`items/any(i:i eq 'x')`:     odata.UnsupportedClause,
		`appId in ('1','2','3','4','5','6','7','8','9','10','11','12','13','14','15','16')`: odata.TooManyClauses,
		`tags/any(t:t ne 'x')`:                             odata.AdvancedOperator,
		`((((((((((((((((((appId eq 'x'))))))))))))))))))`: odata.Syntax,
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			f, err := odata.ParseFilter(text)
			if err == nil {
				err = f.Check(fields)
			}
			var got *odata.Error
			if !errors.As(err, &got) || got.Reason != want {
				t.Errorf("%v, want reason %d", err, want)
			}
		})
	}
}

func TestParseQuery(t *testing.T) {
	t.Parallel()
	parse := func(raw string) (odata.Query, error) {
		values, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatal(err)
		}
		return odata.ParseQuery(values)
	}
	q, err := parse("$select=id,%20appId&$top=5&$filter=appId+eq+'x'&api-version=1&$count=true")
	if err != nil || len(q.Select) != 2 || q.Select[1] != "appId" || q.Top != 5 || q.Filter == nil || !q.Count {
		t.Errorf("%+v, %v", q, err)
	}
	for raw, want := range map[string]odata.Reason{
		"$top=0": odata.BadTop, "$top=1000": odata.BadTop, "$top=x": odata.BadTop,
		"$skip=1": odata.UnsupportedOption, "$foo=1": odata.UnknownOption, "$filter=": odata.Syntax,
	} {
		_, err := parse(raw)
		var got *odata.Error
		if !errors.As(err, &got) || got.Reason != want {
			t.Errorf("%s: %v, want reason %d", raw, err, want)
		}
	}
}

// FuzzFilter proves that no text makes the parser fail otherwise than by an error, and that what it accepts can be
// checked and evaluated.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{`appId eq 'x'`, `tags/any(t:t eq 'it''s')`, `a in (1,'2',null)`, `not (a/b ne 2026-01-01T00:00:00Z)`,
		`startsWith(a/b,'c') or d eq true`, `''`, `((`, `a/any(b:c/any(d:e eq 1))`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := odata.ParseFilter(text)
		if err != nil {
			var e *odata.Error
			if !errors.As(err, &e) {
				t.Errorf("an error of another type: %v", err)
			}
			return
		}
		if err := parsed.Check(fields); err == nil {
			parsed.Match(doc, false)
		}
		parsed.Match(doc, true)
	})
}
