package aprimotest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (sc moScope) search() any {
	wanted := sc.moCondition(sc.in, 0)
	found := sc.objects.where(func(doc document) bool { return wanted(sc.whole(doc)) })
	return sc.page(sc.moKind, cmp.Or(sc.found, sc.key), found)
}

// A moTest is one comparison: of a member, of a member of any row of a collection, or
// of several members of the same row.
type moTest struct {
	Name       string   `json:"fieldName"`
	Value      any      `json:"fieldValue"`
	Collection string   `json:"collectionName"`
	Nested     []moTest `json:"nested"`
}

// moCondition reads a tree of conditions, each an object with one member.
func (s *store) moCondition(in any, depth int) condition[document] {
	tree, _ := in.(document)
	invalid.when(depth > maxNesting || len(tree) != 1, "A condition of a search is an object with one member, nested at most %d times.", maxNesting)
	var operator string
	var value any
	for operator, value = range tree {
		operator = strings.ToLower(operator)
	}
	switch operator {
	case "and", "or":
		all := mapped(array(value), func(inner any) condition[document] { return s.moCondition(inner, depth+1) })
		invalid.when(len(all) == 0, "'and' and 'or' need a list of conditions.")
		if operator == "or" {
			return anyOf(all)
		}
		return allOf(all)
	case "not":
		return not(s.moCondition(value, depth+1))
	}
	var test moTest
	sign := moOperators[operator]
	invalid.when(sign == "", "'%s' is not simulated.", operator)
	again(value, &test)
	invalid.when(test.Name == "" && len(test.Nested) == 0, "'%s' needs a fieldName.", operator)
	return func(doc document) bool { return s.fulfils(doc, test, sign) }
}

func (s *store) fulfils(doc document, test moTest, sign string) bool {
	if test.Collection == "" {
		return slices.ContainsFunc(s.moValues(doc, test.Name), func(has any) bool { return moHolds(sign, has, test.Value) })
	}
	tests := test.Nested
	if test.Name != "" {
		tests = append(slices.Clone(tests), moTest{Name: test.Name, Value: test.Value})
	}
	return slices.ContainsFunc(array(valueOf(doc, test.Collection)), func(row any) bool {
		return !slices.ContainsFunc(tests, func(t moTest) bool { return !moHolds(sign, valueOf(row, t.Name), t.Value) })
	})
}

// moValues returns the values of a member: of the object itself, or, as in
// "Group.Name", of the objects of a kind that it names by their number.
func (s *store) moValues(doc document, name string) []any {
	kind, member, dotted := strings.Cut(name, ".")
	if !dotted {
		return []any{valueOf(doc, name)}
	}
	var values []any
	for key, other := range cubes {
		if !strings.EqualFold(kind, key) {
			continue
		}
		for _, id := range append(slices.Clone(array(valueOf(doc, other.path))), valueOf(doc, other.id())) {
			if _, isRow := id.(document); isRow {
				id = valueOf(id, other.id())
			}
			if found := s.moAll(other).byID[text(id)]; found != nil {
				values = append(values, valueOf(found, member))
			}
		}
	}
	return values
}

// moHolds reports whether two values are in the relation of a sign of moOperators. The order
// is that of two numbers, of which the wanted one may be a text, or of two texts.
func moHolds(sign string, has, want any) bool {
	switch sign {
	case "null", "not null":
		return (has == nil) == (sign == "null")
	case "=":
		return strings.EqualFold(text(has), text(want))
	case "contains":
		return containsFold(text(has), text(want))
	}
	if number, ok := has.(float64); ok {
		other, err := strconv.ParseFloat(text(want), 64)
		return err == nil && holds(sign, cmp.Compare(number, other))
	}
	a, isText := has.(string)
	b, wantsText := want.(string)
	return isText && wantsText && holds(sign, strings.Compare(a, b))
}

// analyticsMeta names the measures and dimensions that a query can have.
func (s *store) analyticsMeta(http.ResponseWriter, *http.Request) any {
	out := []document{}
	for _, name := range slices.Sorted(maps.Keys(cubes)) {
		dimensions := []document{}
		for _, m := range cubes[name].shown.members.all {
			if kind := map[string]string{"text": "string", "number": "number", "flag": "boolean"}[m.kind]; kind != "" {
				dimensions = append(dimensions, document{"name": name + "." + m.name, "title": m.name, "type": kind})
			}
		}
		count := document{"name": name + ".count", "title": "Count", "type": "number", "aggType": "count"}
		out = append(out, document{"name": name, "title": name, "measures": []document{count}, "dimensions": dimensions, "segments": []any{}})
	}
	return document{"cubes": out}
}

// A cubeQuery is what of a query is simulated.
type cubeQuery struct {
	Measures, Dimensions []string
	Limit                int
}

// cube returns the one cube that a query is about.
func (q cubeQuery) cube() *moKind {
	names := slices.Concat(q.Measures, q.Dimensions)
	invalid.when(len(names) == 0, "Query should contain either measures, dimensions or timeDimensions with granularities in order to be valid")
	cube, _, _ := strings.Cut(names[0], ".")
	k := cubes[cube]
	for i, name := range names {
		member, known := strings.CutPrefix(name, cube+".")
		isMeasure := i < len(q.Measures)
		found := known && k != nil && (isMeasure && member == "count" || !isMeasure && k.shown.member(nil, member) != nil)
		invalid.when(!found, "'%s' not found for path '%s'", cube, name)
	}
	return k
}

// analytics counts the objects of a kind by some of their members. As in Cube, a
// count is a text.
func (s *store) analytics(_ http.ResponseWriter, r *http.Request) any {
	var q cubeQuery
	text := r.URL.Query().Get("query")
	err := json.Unmarshal([]byte(text), &q)
	invalid.when(err != nil, "The query could not be read: %v", err)
	data := s.count(q.cube(), q)
	if q.Limit > 0 {
		data = data[:min(len(data), q.Limit)]
	}
	return document{"query": json.RawMessage(text), "data": data}
}

// count returns a row for each set of values of the dimensions.
func (s *store) count(k *moKind, q cubeQuery) []document {
	rows, counts := []document{}, make(map[string]int)
	for _, doc := range s.moAll(k).all() {
		doc, row := k.whole(doc), document{}
		for _, name := range q.Dimensions {
			row[name] = valueOf(doc, name[len(k.key)+1:])
		}
		if key := fmt.Sprint(row); counts[key] == 0 {
			rows = append(rows, row)
		}
		counts[fmt.Sprint(row)]++
	}
	if len(q.Dimensions) == 0 && len(rows) == 0 {
		rows = []document{{}}
	}
	for _, row := range rows {
		n := counts[fmt.Sprint(row)]
		for _, name := range q.Measures {
			row[name] = fmt.Sprint(n)
		}
	}
	return rows
}
