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
	"items/any/name": "eq", "createdDateTime": "eq ge le", "api/version": "eq",
	"description": "", "owners/$count": "", "principalId": "eq",
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
			if err := f.Check(fields, false); err != nil {
				t.Fatal(err)
			}
			if got := f.Match(doc, false); got != want {
				t.Errorf("Match = %v, want %v", got, want)
			}
		})
	}
}

func TestAdvancedFilters(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		`appId ne 'a-1'`:                                  false,
		`appId ne 'x'`:                                    true,
		`description ne 'x'`:                              true,
		`description eq null`:                             true,
		`principalId ne null`:                             false,
		`displayName in ('x',null)`:                       false,
		`endsWith(displayName,'mine')`:                    true,
		`startsWith(description,'x')`:                     false,
		`not startsWith(description,'x')`:                 true,
		`not(appId eq 'a-1' and accountEnabled ne false)`: false,
		`not(tags/any(t:t eq 'blue'))`:                    true,
		`tags/any(t:endsWith(t,'ed'))`:                    true,
		`tags/all(t:t eq 'red')`:                          false,
		`tags/all(t:endsWith(t,'d') or t eq 'green')`:     true,
		`tags/$count eq 2`:                                true,
		`tags/$count ne 0`:                                true,
		`owners/$count eq 0`:                              true,
		`items/$count eq 0 or items/$count eq 1`:          true,
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			f, err := odata.ParseFilter(text)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Check(fields, true); err != nil {
				t.Fatal(err)
			}
			if f.Check(fields, false) == nil {
				t.Error("accepted as a plain query")
			}
			if got := f.Match(doc, false); got != want {
				t.Errorf("Match = %v, want %v", got, want)
			}
		})
	}
	for _, text := range []string{`notes eq 'x'`, `startsWith(appId,'x')`, `tags/any(t:t ne 'x')`, `tags/$count ge 1`,
		`tags/$count eq 'x'`, `displayName/$count eq 0`, `createdDateTime lt 2026-01-01T00:00:00Z`} {
		f, err := odata.ParseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		var refusal *odata.Error
		if err := f.Check(fields, true); !errors.As(err, &refusal) || refusal.Reason != odata.UnsupportedClause {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestFilterDemands(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`appId eq 'A'`: "A",
		`tags/any(t:t eq 'x') and appId eq 'a' and id eq 'b'`: "a",
		`(appId eq 'a')`:               "a",
		`appId eq 'a' or appId eq 'b'`: "",
		`not(appId eq 'a')`:            "",
		`appId ne 'a'`:                 "",
		`appId in ('a')`:               "",
		`appId eq null`:                "",
		`api/appId eq 'a'`:             "",
		`startsWith(appId,'a')`:        "",
	} {
		f, err := odata.ParseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := f.Demands("appId"); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", text, got, ok)
		}
	}
	var none *odata.Filter
	if _, ok := none.Demands("appId"); ok {
		t.Error("no filter demands something")
	}
}

func TestInstantsCompareAsInstants(t *testing.T) {
	t.Parallel()
	whole := tenant.Doc{"createdDateTime": "2026-11-20T09:00:00Z"}
	for text, want := range map[string]bool{
		`createdDateTime eq 2026-11-20T09:00:00Z`:         true,
		`createdDateTime ge 2026-11-20T09:00:00.000Z`:     true,
		`createdDateTime le 2026-11-20T08:59:59.9999999Z`: false,
	} {
		f, err := odata.ParseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Match(whole, false); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	found := tenant.Doc{"displayName": "Mail import (test)", "description": "Reads one mailbox"}
	for text, want := range map[string]bool{
		`"displayName:import"`:                                             true,
		`"displayName:TEST mail"`:                                          true,
		`"displayName:port"`:                                               false,
		`"displayName:x" OR "description:reads"`:                           true,
		`"displayName:mail" AND "description:x"`:                           false,
		`("displayName:x" OR "displayName:imp") AND "description:mailbox"`: true,
	} {
		s, err := odata.ParseSearch(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := s.Match(found); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	for _, text := range []string{``, `displayName:x`, `"x"`, `"displayName:"`, `"displayName:x`, `"a:b" "c:d"`, `("a:b"`, `"a:b" AND`} {
		var refusal *odata.Error
		if _, err := odata.ParseSearch(text); !errors.As(err, &refusal) || refusal.Reason != odata.BadOption {
			t.Errorf("%s: %v", text, err)
		}
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
		``:                            odata.Syntax,
		`appId`:                       odata.Syntax,
		`appId eq`:                    odata.Syntax,
		`appId eq 'open`:              odata.Syntax,
		`appId = 'x'`:                 odata.Syntax,
		`appId eq 'x' appId eq 'y'`:   odata.Syntax,
		`(appId eq 'x'`:               odata.Syntax,
		`tags/any(t eq 'x')`:          odata.Syntax,
		`appId in ()`:                 odata.Syntax,
		`contains(displayName,'x')`:   odata.UnsupportedFunction,
		`toLower(displayName) eq 'x'`: odata.UnsupportedFunction,
		`almost(displayName,'x')`:     odata.Syntax,
		`notes eq 'x'`:                odata.UnsupportedClause,
		`tags/any(t:u eq 'x')`:        odata.UnsupportedClause,
		`tags/any(t:tt eq 'x')`:       odata.UnsupportedClause,
		`appId ne 'x'`:                odata.AdvancedOperator,
		`endsWith(displayName,'x')`:   odata.AdvancedOperator,
		`not(appId eq 'x')`:           odata.AdvancedOperator,
		`displayName eq null`:         odata.AdvancedOperator,
		`startsWith(appId,'x')`:       odata.UnsupportedClause,
		`items/any(i:i eq 'x')`:       odata.UnsupportedClause,
		`appId in ('1','2','3','4','5','6','7','8','9','10','11','12','13','14','15','16')`: odata.TooManyClauses,
		`tags/any(t:t ne 'x')`:                             odata.UnsupportedClause,
		`description eq 'x'`:                               odata.UnsupportedClause,
		`description eq null`:                              odata.AdvancedOperator,
		`endsWith(description,'x')`:                        odata.AdvancedOperator,
		`tags/$count eq 0`:                                 odata.AdvancedOperator,
		`tags/all(t:t eq 'x')`:                             odata.AdvancedOperator,
		`createdDateTime gt 2026-01-01T00:00:00Z`:          odata.UnsupportedClause,
		`((((((((((((((((((appId eq 'x'))))))))))))))))))`: odata.Syntax,
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			f, err := odata.ParseFilter(text)
			if err == nil {
				err = f.Check(fields, false)
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
	q, err = parse("$orderby=displayName desc,id&$expand=owners($select=id, appId)&$search=\"displayName:x\"&$count=TRUE")
	if err != nil || len(q.OrderBy) != 2 || !q.OrderBy[0].Descending || q.OrderBy[1].Name != "id" || q.Expand.Name != "owners" ||
		len(q.Expand.Select) != 2 || q.Expand.Select[1] != "appId" || q.Search.Properties()[0] != "displayName" || !q.Count {
		t.Errorf("%+v, %v", q, err)
	}
	for raw, want := range map[string]odata.Reason{
		"$top=0": odata.BadTop, "$top=1000": odata.BadTop, "$top=x": odata.BadTop,
		"$select=": odata.BadOption, "$select=a,,b": odata.BadOption, "$orderby=a up": odata.BadOption, "$orderby=": odata.BadOption,
		"$expand=": odata.BadOption, "$expand=a,b": odata.TooManyRelations, "$expand=a($select=b),c": odata.TooManyRelations,
		"$expand=a($top=1)": odata.BadOption, "$expand=a($select=b": odata.BadOption, "$search=x": odata.BadOption,
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
		if err := parsed.Check(fields, true); err == nil {
			parsed.Match(doc, false)
		}
		parsed.Match(doc, true)
	})
}

// FuzzQuery proves the same of all options together, and of $search apart.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"$select=id&$expand=owners($select=id)", `$search="a:b" AND ("c:d e" OR "f:g")`, "$orderby=a desc,b", "$top=5&$count=true"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		values, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		q, err := odata.ParseQuery(values)
		var refusal *odata.Error
		if err != nil && !errors.As(err, &refusal) {
			t.Errorf("an error of another type: %v", err)
		}
		if search, err := odata.ParseSearch(raw); err == nil {
			search.Match(doc)
		}
		if q.Search != nil {
			q.Search.Match(doc)
		}
	})
}
