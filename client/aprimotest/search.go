package aprimotest

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

const maxFacets = 12

type searchRequest struct {
	Search        *expression       `json:"searchExpression"`
	Facets        []json.RawMessage `json:"facets"`
	IgnoreInvalid bool              `json:"ignoreInvalidFacets"`
}

// A facet counts the records that were found by one of their properties.
type facet struct {
	Name   string       `json:"name"`
	Values []facetValue `json:"values"`
}

type facetValue struct {
	Key   string `json:"key"`
	Count int    `json:"count"`
}

func (s *store) listRecords(w http.ResponseWriter, r *http.Request) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	always := condition{match: func(*record) bool { return true }}
	filter := parameter(r, "filter")
	if filter != "" {
		if always, err = (expression{Expression: filter}).condition(s, 0); err != nil {
			return err
		}
	}
	found, err := s.find(always, parameter(r, "sort"), filter != "")
	if err != nil {
		return err
	}
	writePaged(w, r, p, s.views(found, p, r), len(found), nil)
	return nil
}

func (s *store) searchRecords(w http.ResponseWriter, r *http.Request) error {
	var in searchRequest
	if err := readJSON(r, &in); err != nil {
		return err
	}
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	if first, _ := p.bounds(1 << 30); first+p.size > s.ceiling {
		return invalid("Result window is too large, from + size must be less than or equal to: [%d] but was [%d].", s.ceiling, first+p.size)
	}
	if in.Search == nil {
		return invalid("The request has no searchExpression.")
	}
	c, err := in.Search.condition(s, 0)
	if err != nil {
		return err
	}
	found, err := s.find(c, parameter(r, "sort"), true)
	if err != nil {
		return err
	}
	facets, err := s.facets(found, in)
	if err != nil {
		return err
	}
	writePaged(w, r, p, s.views(found, p, r), len(found), facets)
	return nil
}

// views returns the records of a page.
func (s *store) views(found []uint64, p window, r *http.Request) []recordView {
	first, last := p.bounds(len(found))
	items := make([]recordView, 0, last-first)
	var scratch record
	for _, n := range found[first:last] {
		items = append(items, s.view(s.at(n, &scratch), r, true))
	}
	return items
}

// find returns the numbers of the records for which a condition holds, sorted.
// Search finds only those that are in the index already.
func (s *store) find(c condition, sort string, indexed bool) ([]uint64, error) {
	var found []uint64
	var scratch record
	now := time.Now()
	look := func(n uint64) {
		rec := s.at(n, &scratch)
		if rec != nil && (!indexed || !now.Before(rec.indexed)) && c.match(rec) {
			found = append(found, n)
		}
	}
	if c.ids != nil {
		for _, n := range slices.Sorted(maps.Keys(c.ids)) {
			look(n)
		}
	} else {
		for n := range uint64(len(s.records)) {
			look(n + 1)
		}
	}
	return found, s.sort(found, sort)
}

// sort sorts by a property, and within it by the order in which records were made.
func (s *store) sort(found []uint64, by string) error {
	if by == "" {
		return nil
	}
	name, sign := direction(by)
	var scratch record
	switch prop := properties[name]; name {
	case "createdon", "modifiedon":
		sortBy(found, func(n uint64) int64 { return prop.time(s.at(n, &scratch)).UnixNano() }, sign)
	case "title", "contenttype", "status":
		sortBy(found, func(n uint64) string { return strings.ToLower(prop.texts(s.at(n, &scratch))[0]) }, sign)
	default:
		return invalid("'%s' is not a property to sort by.", by)
	}
	return nil
}

func sortBy[K cmp.Ordered](found []uint64, key func(uint64) K, sign int) {
	type keyed struct {
		key    K
		number uint64
	}
	all := make([]keyed, len(found))
	for i, n := range found {
		all[i] = keyed{key(n), n}
	}
	slices.SortFunc(all, func(a, b keyed) int {
		return cmp.Or(sign*cmp.Compare(a.key, b.key), cmp.Compare(a.number, b.number))
	})
	for i, k := range all {
		found[i] = k.number
	}
}

// facets counts by contentType and by status.
func (s *store) facets(found []uint64, in searchRequest) ([]facet, error) {
	if len(in.Facets) > maxFacets {
		return nil, invalid("A request may have %d facets, not %d.", maxFacets, len(in.Facets))
	}
	all := []facet{}
	for _, raw := range in.Facets {
		var object struct{ Name, Type string }
		var name string
		if json.Unmarshal(raw, &name) != nil && json.Unmarshal(raw, &object) == nil {
			name = cmp.Or(object.Name, object.Type)
		}
		bare := strings.ToLower(name)
		if bare != "contenttype" && bare != "status" {
			if in.IgnoreInvalid {
				continue
			}
			return nil, invalid("'%s' is not a facet that is simulated.", name)
		}
		counts := make(map[string]int)
		var scratch record
		for _, n := range found {
			counts[properties[bare].texts(s.at(n, &scratch))[0]]++
		}
		f := facet{Name: name, Values: []facetValue{}}
		for _, key := range slices.Sorted(maps.Keys(counts)) {
			f.Values = append(f.Values, facetValue{key, counts[key]})
		}
		all = append(all, f)
	}
	return all, nil
}

// suggest returns titles that begin with what was typed.
func (s *store) suggest(w http.ResponseWriter, r *http.Request) error {
	in := struct {
		Input       string   `json:"input"`
		LanguageIDs []string `json:"languageIds"`
		Number      int      `json:"numberOfSuggestions"`
	}{Number: 5}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Input == "" {
		return invalid("There is no input.")
	}
	texts := []any{}
	var scratch record
	for n := uint64(1); n <= uint64(len(s.records)) && len(texts) < in.Number; n++ {
		rec := s.at(n, &scratch)
		if rec != nil && strings.HasPrefix(strings.ToLower(rec.name()), strings.ToLower(in.Input)) {
			texts = append(texts, map[string]any{"text": rec.name(), "score": 1})
		}
	}
	all := []any{}
	for _, language := range append(in.LanguageIDs, noLanguage)[:max(1, len(in.LanguageIDs))] {
		all = append(all, map[string]any{"languageId": language, "suggestions": texts})
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}
