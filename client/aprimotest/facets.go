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
	Name, Type     string
	FieldID        string
	ExplicitValues []any
	ExplicitRanges []facetRange
	RangeStart     any
	RangeEnd       any
	Spans          []any
	FacetRootID    string
	Options        []string
	Direct         bool `json:"directLinkedOnly"`
	Max            int  `json:"maximumFacetValues"`
	Filters        []any
}

type facetRange struct {
	Start any `json:"rangeStart"`
	End   any `json:"rangeEnd"`
}

// facetTypes are the eighteen of the guide: the property that each is about, or
// "field", and whether it counts by ranges or by values.
var facetTypes = map[string]struct {
	property string
	ranges   bool
}{
	"classification": {property: "classification.id"}, "classificationlistfield": {property: "field"}, "contenttype": {property: "contenttype"},
	"createdby": {property: "createdby.id"}, "createdon": {"createdon", true}, "datefieldrange": {"field", true}, "datetimefieldrange": {"field", true},
	"filetype": {property: "filetype"}, "modifiedby": {property: "modifiedby.id"}, "modifiedon": {"modifiedon", true}, "numericfield": {property: "field"},
	"numericfieldrange": {"field", true}, "optionlistfield": {property: "field"}, "textfield": {property: "field"}, "textlistfield": {property: "field"},
	"timefieldrange": {"field", true}, "datefieldrangefilter": {"field", true}, "numericfieldrangefilter": {"field", true},
}

// facets counts what was found, by the first twelve facets, and returns what is
// left of it by their filters.
func (s *store) facets(found []uint64, in searchRequest) (more document, kept []uint64, err error) {
	shown, truncated := []any{}, []string{}
	kept = found
	for i, f := range in.Facets {
		if i >= maxFacets {
			truncated = append(truncated, f.Name)
			continue
		}
		prop, err := s.facetProperty(f)
		if err != nil && in.IgnoreInvalid {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		values, err := s.countFacet(f, prop, found)
		if err == nil {
			kept, err = s.filtered(f, prop, kept)
		}
		if err != nil {
			return nil, nil, err
		}
		shown = append(shown, document{"name": f.Name, "values": values})
	}
	return document{"facets": shown, "truncatedFacets": truncated}, kept, nil
}

func (s *store) facetProperty(f facet) (property[*record], error) {
	kind, ok := facetTypes[strings.ToLower(f.Type)]
	switch {
	case !ok:
		return property[*record]{}, invalid("'%s' is not a type of facet.", f.Type)
	case kind.property == "field" && s.definitionOf(f.FieldID, "") == nil:
		return property[*record]{}, invalid("The facet '%s' is about a field that does not exist.", f.Name)
	case kind.property == "field":
		return s.fieldProperty("fieldid", f.FieldID), nil
	case kind.property == "filetype":
		return property[*record]{texts: s.fileTypesOf}, nil
	case f.Direct && kind.property == "classification.id":
		return s.classificationProperty("id", false), nil
	}
	prop, _ := s.recordProperty(kind.property, "")
	return prop, nil
}

// fileTypesOf returns the id of the type of a record's master file.
func (s *store) fileTypesOf(rec *record) []string {
	files := s.filesOf(rec)
	if len(files) == 0 {
		return nil
	}
	if o, ok := s.fileTypeOf(object{of: files[0].latest()}, nil).(object); ok {
		return []string{text(o.doc["id"])}
	}
	return nil
}

// countFacet returns the values of a facet that any record has.
func (s *store) countFacet(f facet, prop property[*record], found []uint64) ([]any, error) {
	values := []any{}
	var scratch record
	if !facetTypes[strings.ToLower(f.Type)].ranges {
		counts, wanted := make(map[string]int), s.facetValues(f)
		for _, n := range found {
			for _, key := range slices.Compact(slices.Sorted(slices.Values(prop.texts(s.at(n, &scratch))))) {
				if wanted == nil || wanted[strings.ToLower(key)] {
					counts[key]++
				}
			}
		}
		for _, key := range slices.Sorted(maps.Keys(counts)) {
			if f.Max <= 0 || len(values) < f.Max {
				values = append(values, document{"key": key, "count": counts[key]})
			}
		}
		return values, nil
	}
	ranges, err := f.ranges()
	for _, r := range ranges {
		within, err := r.condition(prop)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, number := range found {
			if within.match(s.at(number, &scratch)) {
				n++
			}
		}
		if n > 0 {
			values = append(values, document{"key": document{"from": r.Start, "to": r.End}, "count": n})
		}
	}
	return values, err
}

// facetValues returns what a facet asks for, in lower case; nil if it is all.
func (s *store) facetValues(f facet) map[string]bool {
	if f.ExplicitValues == nil && f.FacetRootID == "" {
		return nil
	}
	wanted := make(map[string]bool)
	for _, value := range f.ExplicitValues {
		wanted[strings.ToLower(text(value))] = true
	}
	has := func(option string) bool {
		return slices.ContainsFunc(f.Options, func(o string) bool { return strings.EqualFold(o, option) || strings.EqualFold(o, "All") })
	}
	if f.FacetRootID == "" {
		return wanted
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
func (s *store) filtered(f facet, prop property[*record], found []uint64) ([]uint64, error) {
	var any []condition[*record]
	for _, filter := range f.Filters {
		var c condition[*record]
		var err error
		if doc, ok := filter.(document); ok {
			c, err = facetRange{valueOf(doc, "rangeStart"), valueOf(doc, "rangeEnd")}.condition(prop)
		} else {
			c, err = prop.compare("=", text(filter), false)
		}
		if err != nil {
			return nil, err
		}
		any = append(any, c)
	}
	if len(any) == 0 {
		return found, nil
	}
	var scratch record
	matches := anyOf(any).match
	return slices.DeleteFunc(slices.Clone(found), func(n uint64) bool { return !matches(s.at(n, &scratch)) }), nil
}

// condition is that a property is in a range, without its end.
func (r facetRange) condition(prop property[*record]) (condition[*record], error) {
	from, err := prop.compare(">=", text(r.Start), false)
	if err != nil {
		return from, err
	}
	to, err := prop.compare("<", text(r.End), false)
	return allOf([]condition[*record]{from, to}), err
}

// ranges returns those that are given, or those that the spans divide the whole in.
// The last span is repeated.
func (f facet) ranges() ([]facetRange, error) {
	if f.ExplicitRanges != nil || f.RangeStart == nil || f.RangeEnd == nil {
		return f.ExplicitRanges, nil
	}
	if len(f.Spans) == 0 {
		return []facetRange{{f.RangeStart, f.RangeEnd}}, nil
	}
	var all []facetRange
	for at := f.RangeStart; ; {
		next := step(at, f.Spans[min(len(all), len(f.Spans)-1)])
		if next == nil || len(all) >= maxRanges {
			return nil, invalid("The spans of facet '%s' cannot be applied to its range.", f.Name)
		}
		done := !before(next, f.RangeEnd)
		if done {
			next = f.RangeEnd
		}
		all = append(all, facetRange{at, next})
		if at = next; done {
			return all, nil
		}
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
	start, err := parseTime(text(at))
	if err != nil {
		return nil
	}
	if length, err := time.Parse(time.TimeOnly, text(span)); err == nil { // of a time of day
		return start.Add(length.Sub(length.Truncate(24 * time.Hour))).Format(time.TimeOnly)
	}
	doc, _ := span.(document)
	value, _ := valueOf(doc, "value").(float64)
	unit := text(valueOf(doc, "dateUnit")) + text(valueOf(doc, "dateTimeUnit"))
	n := int(value)
	if n <= 0 {
		return nil
	}
	switch strings.ToLower(unit) {
	case "years":
		start = start.AddDate(n, 0, 0)
	case "months":
		start = start.AddDate(0, n, 0)
	case "days":
		start = start.AddDate(0, 0, n)
	case "hours", "minutes", "seconds":
		start = start.Add(time.Duration(n) * map[string]time.Duration{"hours": time.Hour, "minutes": time.Minute, "seconds": time.Second}[strings.ToLower(unit)])
	default:
		return nil
	}
	return stamp(start)
}

func before(a, b any) bool {
	if x, ok := a.(float64); ok {
		y, ok := b.(float64)
		return ok && x < y
	}
	x, _ := parseTime(text(a))
	y, err := parseTime(text(b))
	return err == nil && x.Before(y)
}
