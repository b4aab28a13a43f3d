package aprimotest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

func (sc moScope) search(s *store, w http.ResponseWriter, r *http.Request) error {
	var in map[string]json.RawMessage
	if err := readJSON(r, &in); err != nil {
		return err
	}
	match, err := s.moCondition(in, 0)
	if err != nil {
		return err
	}
	found := []document{}
	for _, id := range sc.all.ids {
		if doc := sc.all.byID[id]; match(sc.whole(doc)) {
			found = append(found, doc)
		}
	}
	return moPage(w, r, sc.moKind, cmp.Or(sc.found, sc.key), found)
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
func (s *store) moCondition(in map[string]json.RawMessage, depth int) (func(document) bool, error) {
	if depth > maxNesting || len(in) != 1 {
		return nil, invalid("A condition of a search is an object with one member, nested at most %d times.", maxNesting)
	}
	for operator, raw := range in {
		switch strings.ToLower(operator) {
		case "and", "or":
			return s.moJoin(strings.EqualFold(operator, "and"), raw, depth)
		case "not":
			var inner map[string]json.RawMessage
			if json.Unmarshal(raw, &inner) != nil {
				return nil, invalid("'not' needs a condition.")
			}
			match, err := s.moCondition(inner, depth+1)
			return func(doc document) bool { return !match(doc) }, err
		}
		holds := moOperators[strings.ToLower(operator)]
		if holds == nil {
			return nil, invalid("'%s' is not simulated.", operator)
		}
		var test moTest
		if json.Unmarshal(raw, &test) != nil || test.Name == "" && len(test.Nested) == 0 {
			return nil, invalid("'%s' needs a fieldName.", operator)
		}
		return func(doc document) bool { return s.moHolds(doc, test, holds) }, nil
	}
	return nil, nil // not reached: there is one member
}

func (s *store) moHolds(doc document, test moTest, holds func(has, want any) bool) bool {
	if test.Collection == "" {
		return slices.ContainsFunc(s.moValues(doc, test.Name), func(has any) bool { return holds(has, test.Value) })
	}
	tests := append(slices.Clone(test.Nested), moTest{Name: test.Name, Value: test.Value})
	if test.Name == "" {
		tests = test.Nested
	}
	rows, _ := moMember(doc, test.Collection).([]any)
	return slices.ContainsFunc(rows, func(row any) bool {
		fields, _ := row.(document)
		return !slices.ContainsFunc(tests, func(t moTest) bool { return !holds(moMember(fields, t.Name), t.Value) })
	})
}

// moMember returns a member by its name in any case, nil if there is none.
func moMember(doc document, name string) any {
	if value, ok := doc[name]; ok {
		return value
	}
	for other, value := range doc {
		if strings.EqualFold(other, name) {
			return value
		}
	}
	return nil
}

// moValues returns the values of a member: of the object itself, or, as in
// "Group.Name", of the objects of a kind that it names by their number.
func (s *store) moValues(doc document, name string) []any {
	kind, member, dotted := strings.Cut(name, ".")
	if !dotted {
		return []any{moMember(doc, name)}
	}
	var values []any
	for _, other := range moByPath {
		if !strings.EqualFold(kind, other.key) || other.store != other.path {
			continue
		}
		ids, _ := moMember(doc, other.path).([]any)
		for _, id := range append(slices.Clone(ids), moMember(doc, other.id())) {
			if row, ok := id.(document); ok {
				id = moMember(row, other.id())
			}
			if found := s.moAll(other).byID[moText(id)]; found != nil {
				values = append(values, moMember(found, member))
			}
		}
	}
	return values
}

var moOperators = map[string]func(has, want any) bool{
	"equals": func(has, want any) bool { return strings.EqualFold(moText(has), moText(want)) },
	"contains": func(has, want any) bool {
		return strings.Contains(strings.ToLower(moText(has)), strings.ToLower(moText(want)))
	},
	"isnull":    func(has, _ any) bool { return has == nil },
	"isnotnull": func(has, _ any) bool { return has != nil },

	"greaterthan":          func(has, want any) bool { return moOrder(has, want, 1) },
	"lessthan":             func(has, want any) bool { return moOrder(has, want, -1) },
	"greaterthanorequalto": func(has, want any) bool { return moOrder(has, want, 0, 1) },
	"lessthanorequalto":    func(has, want any) bool { return moOrder(has, want, 0, -1) },
}

// moOrder reports whether a comparison of two numbers, or of two texts, comes out
// as one of those wanted. A number is never compared with a text.
func moOrder(has, want any, wanted ...int) bool {
	switch a := has.(type) {
	case float64:
		b, ok := want.(float64)
		return ok && slices.Contains(wanted, cmp.Compare(a, b))
	case string:
		b, ok := want.(string)
		return ok && slices.Contains(wanted, cmp.Compare(a, b))
	}
	return false
}

func (s *store) moJoin(all bool, raw json.RawMessage, depth int) (func(document) bool, error) {
	var inner []map[string]json.RawMessage
	if json.Unmarshal(raw, &inner) != nil || len(inner) == 0 {
		return nil, invalid("'and' and 'or' need a list of conditions.")
	}
	var matches []func(document) bool
	for _, in := range inner {
		match, err := s.moCondition(in, depth+1)
		if err != nil {
			return nil, err
		}
		matches = append(matches, match)
	}
	return func(doc document) bool {
		for _, match := range matches {
			if match(doc) != all {
				return !all
			}
		}
		return all
	}, nil
}
