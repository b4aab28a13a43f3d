package aprimotest

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Each golden answer of marketing operations can be one of the tenant: from the same path, under the
// same key, and with the same members and values. The answers were not made with this package.
func TestTheTenantGivesTheGoldenAnswersOfMarketingOperations(t *testing.T) {
	var goldens map[string]struct {
		Keys   []string
		Answer any
	}
	data, err := os.ReadFile("../marketing/testdata/answers.json")
	if err := cmpErr(err, json.Unmarshal(data, &goldens)); err != nil {
		t.Fatal(err)
	}
	for request, golden := range goldens {
		method, at, _ := strings.Cut(request, " /api/")
		tenant := &Tenant{Rate: 1e6, Service: func(*http.Request) time.Duration { return 0 }}
		tenant.Start()
		_, want := itemsOf(golden.Answer)
		k, links := tenant.store.keepGolden(at, want)
		body := ""
		switch {
		case path.Base(at) == "search":
			body = `{"isNotNull":{"fieldName":"` + k.id() + `"}}`
		case method == "POST":
			body = `{"query":""}`
		case k.store == "": // there is one alone
			moAnswer(t, tenant, "PUT", at, string(appendJSON(nil, union(want[0], links))))
		}
		key, got := itemsOf(moAnswer(t, tenant, method, at, body))
		if golden.Keys != nil && !slices.Contains(golden.Keys, key) {
			t.Errorf("%s: got a list under %q, want it under one of %q", request, key, golden.Keys)
		}
		if len(got) < len(want) {
			t.Errorf("%s: got %d objects, want %d", request, len(got), len(want))
			continue
		}
		for i := range want {
			whole, one := union(want[0], links), union(want[i], links)
			values := maps.Clone(got[i])
			maps.DeleteFunc(values, func(name string, _ any) bool { _, ok := one[name]; return !ok })
			if diff := cmp.Diff(k.compared(whole), k.compared(got[i])); diff != "" {
				t.Errorf("%s: got an object with other members (-want +got):\n%s", request, diff)
			} else if diff := cmp.Diff(one, values, ignoreLinks); diff != "" && !slices.Contains(workedOut, at) {
				t.Errorf("%s: got an object with other values (-want +got):\n%s", request, diff)
			}
		}
	}
}

// ignoreLinks leaves the links out, which are those of the tenant.
var ignoreLinks = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == `["_links"]` }, cmp.Ignore())

// compared returns the names of the members that are compared, sorted.
func (k *moKind) compared(doc document) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(doc)), func(name string) bool {
		return name == "_links" || differences["mo/"+k.path+"."+name] != ""
	})
}

// workedOut are answers that say what is true of other objects: of these only the members count.
var workedOut = []string{"users/me", "resources/static", "resources/query", "system-types", "attachments/2/activity"}

func moAnswer(t *testing.T, tenant *Tenant, method, at, body string) (answer any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "https://acme.aprimo.com/api/"+at, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tenant.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: got %s, %v, want 200 and JSON", method, at, resp.Status, err)
	}
	return answer
}

// itemsOf returns the objects of an answer, and the key of their list if it has one.
func itemsOf(answer any) (key string, items []document) {
	all, isList := answer.([]any)
	embedded, _ := valueOf(answer, "_embedded").(document)
	for name, list := range embedded {
		key, all, isList = name, array(list), true
	}
	if !isList {
		all = []any{answer}
	}
	return key, mapped(all, func(item any) document { return item.(document) })
}

// keepGolden keeps objects where a path leads to, with the ids from 2 on, and what is above them. It returns
// their kind, and the members that say what they are below; the kind keeps nothing if there is one alone.
func (s *store) keepGolden(at string, items []document) (*moKind, document) {
	if owner, ok := strings.CutSuffix(at, "/activity"); ok {
		s.keepGolden(owner, []document{{"activityId": 2.0}})
		return s.keepGolden("activities/2", items)
	}
	k, pattern := moWhere(strings.TrimSuffix(at, "/search"))
	links, steps := document{}, strings.Split(at, "/")
	for i, part := range strings.Split(pattern, "/") {
		if name := strings.Trim(part, "{}"); name != part {
			links[name] = moNumber(steps[i])
			if above := moByPath[strings.Join(strings.Split(pattern, "/")[:i], "/")]; above != nil {
				s.moAll(above).last = 1
				above.add(s.moAll(above), document{})
			}
		}
	}
	if k.store == "" {
		maps.DeleteFunc(links, func(name string, _ any) bool { return !k.shown.members.names[name] })
		return k, links
	}
	if at == "tasks/mine" {
		links["assignedTo"] = moNumber(userNumber(seedUser))
	}
	all := s.moAll(k)
	all.ids, all.last, all.byID = nil, 1+len(items), make(map[string]document)
	for i, item := range items {
		doc := union(item, links)
		delete(doc, "_links")
		all.keep(doc, strconv.Itoa(2+i))
	}
	return k, links
}

// moWhere returns the kind of what is at a path, and the pattern of its list, or of the one document.
func moWhere(at string) (*moKind, string) {
	patterns := map[string]*moKind{}
	for _, sp := range moSpecials {
		if method, path, _ := strings.Cut(sp.pattern, " "); method == "GET" && sp.kind != "" {
			patterns[path] = moKindOf(sp.kind)
		}
	}
	for _, l := range moLists {
		patterns[l.path], patterns[l.path+"/{id}"] = moKindOf(l.kind), moKindOf(l.kind)
	}
	for path, shape := range moSingles {
		patterns[path] = &moKind{path: path, shown: moShape(path, shape)}
	}
	known := slices.Sorted(maps.Keys(patterns))
	slices.SortStableFunc(known, func(a, b string) int { return strings.Count(a, "{") - strings.Count(b, "{") })
	for _, pattern := range known {
		k := patterns[pattern]
		if regexp.MustCompile("^" + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(pattern, `[^/]+`) + "$").MatchString(at) {
			return k, strings.TrimSuffix(pattern, "/{id}")
		}
	}
	kind, _, _ := strings.Cut(at, "/")
	return moKindOf(kind), kind
}
