package aprimotest

import (
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	maxFacets = 12
	maxRanges = 1000 // a guess: what the spans of one facet may come to
)

// A facet counts the records that were found by one of their properties.
type facet struct {
	Name, Type, FieldID, FacetRootID string
	Options                          []string
	Direct                           bool `json:"directLinkedOnly"`
	Max                              int  `json:"maximumFacetValues"`
	ExplicitValues, Filters, Spans   []any
	ExplicitRanges                   []facetRange
	RangeStart, RangeEnd             any
}

type facetRange struct {
	Start any `json:"rangeStart"`
	End   any `json:"rangeEnd"`
}

// facets counts what was found, by the first twelve facets, and returns what is
// left of it by their filters.
func (s *store) facets(found []uint64, in searchRequest) (more document, kept []uint64) {
	shown, n := []any{}, min(len(in.Facets), maxFacets)
	kept = found
	for _, f := range in.Facets[:n] {
		var prop property[*record]
		refused := refusal(func() { prop = s.facetProperty(f) })
		switch {
		case refused == nil:
			shown = append(shown, document{"name": f.Name, "values": s.countFacet(f, prop, found)})
			kept = s.filtered(f, prop, kept)
		case !in.IgnoreInvalid:
			panic(refused)
		}
	}
	return document{"facets": shown, "truncatedFacets": mapped(in.Facets[n:], func(f facet) any { return f.Name })}, kept
}

func (s *store) facetProperty(f facet) property[*record] {
	name := facetTypes[strings.ToLower(f.Type)]
	invalid.when(name == "", "'%s' is not a type of facet.", f.Type)
	invalid.when(name == "field" && s.collection("fielddefinitions").byID[f.FieldID] == nil, "The facet '%s' is about a field that does not exist.", f.Name)
	switch {
	case name == "field":
		return s.fieldProperty("fieldid", f.FieldID)
	case f.Direct && name == "classification.id":
		return s.classificationProperty("id", false)
	}
	prop, _ := s.recordProperty(name, "")
	return prop
}

// countFacet returns the values of a facet that any record has.
func (s *store) countFacet(f facet, prop property[*record], found []uint64) []any {
	values := []any{}
	if byRange := prop.number != nil || strings.Contains(strings.ToLower(f.Type), "range"); byRange {
		for _, r := range f.ranges() {
			if n := len(s.among(found, r.condition(prop))); n > 0 {
				values = append(values, document{"key": document{"from": r.Start, "to": r.End}, "count": n})
			}
		}
		return values
	}
	var scratch record
	counts, wanted := make(map[string]int), s.facetValues(f)
	for _, n := range found {
		for _, key := range slices.Compact(slices.Sorted(slices.Values(prop.texts(s.at(n, &scratch))))) {
			if key != "" && (wanted == nil || wanted[strings.ToLower(key)]) {
				counts[key]++
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		if f.Max <= 0 || len(values) < f.Max {
			values = append(values, document{"key": key, "count": counts[key]})
		}
	}
	return values
}

// facetValues returns what a facet asks for, in lower case; nil if it is all.
func (s *store) facetValues(f facet) map[string]bool {
	if f.ExplicitValues == nil && f.FacetRootID == "" {
		return nil
	}
	wanted := make(map[string]bool)
	for _, value := range f.ExplicitValues {
		wanted[strings.ToLower(text(value))], wanted[normalizeID(text(value))] = true, true
	}
	if f.FacetRootID == "" {
		return wanted
	}
	has := func(option string) bool {
		return slices.ContainsFunc(f.Options, func(o string) bool { return strings.EqualFold(o, option) || strings.EqualFold(o, "All") })
	}
	wanted[f.FacetRootID] = has("FacetRoot") || len(f.Options) == 0
	for id, doc := range s.collection("classifications").byID {
		if doc["parentId"] == f.FacetRootID && has("Children") {
			wanted[id] = true
		}
		for above := s.parent(doc); above != nil && has("Descendants"); above = s.parent(above) {
			wanted[id] = wanted[id] || above["id"] == f.FacetRootID
		}
	}
	return wanted
}

// filtered returns what is left of the records by the filters of a facet.
func (s *store) filtered(f facet, prop property[*record], found []uint64) []uint64 {
	if len(f.Filters) == 0 {
		return found
	}
	return s.among(found, anyOf(mapped(f.Filters, func(filter any) condition[*record] {
		if _, isRange := filter.(document); isRange {
			return facetRange{valueOf(filter, "rangeStart"), valueOf(filter, "rangeEnd")}.condition(prop)
		}
		return prop.compare("=", text(filter), false)
	})))
}

// among returns those of the records that fulfil a condition.
func (s *store) among(found []uint64, wanted condition[*record]) []uint64 {
	var scratch record
	return slices.DeleteFunc(slices.Clone(found), func(n uint64) bool { return !wanted(s.at(n, &scratch)) })
}

// condition is that a property is in a range, without its end.
func (r facetRange) condition(prop property[*record]) condition[*record] {
	return allOf([]condition[*record]{prop.compare(">=", text(r.Start), false), prop.compare("<", text(r.End), false)})
}

// ranges returns those that are given, or those that the spans divide the whole in.
// The last span is repeated.
func (f facet) ranges() []facetRange {
	if f.ExplicitRanges != nil || f.RangeStart == nil || f.RangeEnd == nil {
		return f.ExplicitRanges
	}
	if len(f.Spans) == 0 {
		return []facetRange{{f.RangeStart, f.RangeEnd}}
	}
	var all []facetRange
	for at := f.RangeStart; ; {
		next := step(at, f.Spans[min(len(all), len(f.Spans)-1)])
		invalid.when(next == nil || len(all) >= maxRanges, "The spans of facet '%s' cannot be applied to its range.", f.Name)
		if !textMatch("<", text(f.RangeEnd), false)(text(next)) {
			return append(all, facetRange{at, f.RangeEnd})
		}
		all = append(all, facetRange{at, next})
		at = next
	}
}

// step returns where a span from a place ends; nil if that makes no sense.
func step(at, span any) any {
	if n, ok := at.(float64); ok {
		if d, ok := span.(float64); ok && d > 0 {
			return n + d
		}
		return nil
	}
	start, ok := parseTime(text(at))
	if !ok {
		return nil
	}
	if length, err := time.Parse(time.TimeOnly, text(span)); err == nil { // of a time of day
		return start.Add(length.Sub(length.Truncate(24 * time.Hour))).Format(time.TimeOnly)
	}
	value, _ := valueOf(span, "value").(float64)
	n, unit := int(value), strings.ToLower(text(valueOf(span, "dateUnit"))+text(valueOf(span, "dateTimeUnit")))
	days, isDate := map[string][3]int{"years": {n, 0, 0}, "months": {0, n, 0}, "days": {0, 0, n}}[unit]
	length, isTime := map[string]time.Duration{"hours": time.Hour, "minutes": time.Minute, "seconds": time.Second}[unit]
	if n <= 0 || !isDate && !isTime {
		return nil
	}
	return stamp(start.AddDate(days[0], days[1], days[2]).Add(time.Duration(n) * length))
}
