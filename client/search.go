package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"strings"
)

// An Expression is a search expression. Pass values as parameters, so that they are never
// parsed as syntax:
//
//	client.Expression{Text: "Title = ? and Id IN ?", Parameters: []any{title, ids}}
//
// A ? stands for the next of Parameters, a slice for IN; @name stands for one of
// NamedParameters.
type Expression struct {
	Text            string         `json:"expression,omitempty"`
	Sub             []Expression   `json:"subExpressions,omitempty"` // instead of Text
	Parameters      []any          `json:"parameters,omitempty"`
	NamedParameters map[string]any `json:"namedParameters,omitempty"`

	// Languages are the ids of the languages to search in. None means the user's.
	Languages []string `json:"languages,omitempty"`

	Wildcards bool `json:"supportWildcards,omitempty"` // * and ? in words are wildcards

	// Operator, AND or OR, joins words without an operator. Empty means the server's
	// default.
	Operator string `json:"defaultLogicalOperator,omitempty"`

	DisabledKeywords []string `json:"disabledKeywords,omitempty"`
}

// A SearchRequest is a search with all its settings.
type SearchRequest struct {
	Expression Expression `json:"searchExpression"`

	// Facets are the facets to count. The server counts the first 12; the names of the
	// others are in [Page].TruncatedFacets. Only searches for records support facets.
	Facets []FacetRequest `json:"facets,omitempty"`

	// IgnoreInvalidFacets omits facets of fields that do not exist, are not searchable or
	// not readable. Otherwise the search fails.
	IgnoreInvalidFacets bool `json:"ignoreInvalidFacets,omitempty"`

	// Log makes the server record the search in its statistics.
	Log bool `json:"logRequest,omitempty"`
}

// A FacetType is the kind of values that a facet counts.
type FacetType string

// The types of facets, from Aprimo's guide.
const (
	FacetClassification          FacetType = "classification"
	FacetClassificationListField FacetType = "classificationListField"
	FacetContentType             FacetType = "contentType"
	FacetCreatedBy               FacetType = "createdBy"
	FacetCreatedOn               FacetType = "createdOn"
	FacetDateFieldRange          FacetType = "dateFieldRange"
	FacetDateFieldRangeFilter    FacetType = "dateFieldRangeFilter"
	FacetDateTimeFieldRange      FacetType = "dateTimeFieldRange"
	FacetFileType                FacetType = "fileType"
	FacetModifiedBy              FacetType = "modifiedBy"
	FacetModifiedOn              FacetType = "modifiedOn"
	FacetNumericField            FacetType = "numericField"
	FacetNumericFieldRange       FacetType = "numericFieldRange"
	FacetNumericFieldRangeFilter FacetType = "numericFieldRangeFilter"
	FacetOptionListField         FacetType = "optionListField"
	FacetTextField               FacetType = "textField"
	FacetTextListField           FacetType = "textListField"
	FacetTimeFieldRange          FacetType = "timeFieldRange"
)

// A FacetRequest describes a facet to count. Name and Type are required, and FieldID for types
// of fields; which of the others apply depends on the type. Zero values are not sent.
type FacetRequest struct {
	Name    string    `json:"name"` // any label; it comes back in Facet.Name
	Type    FacetType `json:"type"`
	FieldID string    `json:"fieldId,omitempty"`

	// Values are the only values to count: ids of classifications, options, users or file
	// types, names of content types, texts or numbers. None means all that occur.
	Values    []any `json:"explicitValues,omitempty"`
	MaxValues int   `json:"maximumFacetValues,omitempty"`

	// Of types with ranges: either Ranges, or From, To and the Spans into which they are
	// divided. The last span is repeated up to To. From, To and the bounds of ranges are
	// numbers, times, or texts such as "10:41:19". Spans are numbers, texts such as
	// "00:15:00", or a DateSpan.
	Ranges     []FacetRange `json:"explicitRanges,omitempty"`
	From       any          `json:"rangeStart,omitempty"`
	To         any          `json:"rangeEnd,omitempty"`
	Spans      []any        `json:"spans,omitempty"`
	Boundaries []string     `json:"boundaries,omitempty"` // Lower, Upper, All, Edge or None: which bounds belong to a range

	// Of FacetClassification without Values: a classification, and which to count:
	// FacetRoot, Children, Descendants or All.
	Root    string   `json:"facetRootId,omitempty"`
	Options []string `json:"options,omitempty"`

	RootContentType string `json:"rootContentType,omitempty"`  // of FacetContentType without Values: it and its children
	DirectOnly      bool   `json:"directLinkedOnly,omitempty"` // not records of children
	CaseSensitive   bool   `json:"caseSensitive,omitempty"`    // of FacetTextField

	// Filters restrict the records found, but not what the facet counts: values, or each a
	// FacetRange.
	Filters         []any `json:"filters,omitempty"`
	FiltersInValues bool  `json:"alwaysIncludeFiltersInFacetValues,omitempty"`
}

// A FacetRange is a range of values.
type FacetRange struct {
	From any `json:"rangeStart"`
	To   any `json:"rangeEnd"`
}

// A DateSpan is the length of a range of dates, for example 7 days.
type DateSpan struct {
	Value int
	Unit  string // years, months or days; for times also hours, minutes or seconds
	Time  bool   // the values have a time of day: all types but FacetDateFieldRange
}

// MarshalJSON encodes the span in the form of Aprimo's guide.
func (s DateSpan) MarshalJSON() ([]byte, error) {
	unit := "dateUnit"
	if s.Time {
		unit = "dateTimeUnit"
	}
	return json.Marshal(map[string]any{unit: s.Unit, "value": s.Value})
}

// A Facet is a facet that a search has counted. Values that do not occur are missing.
type Facet struct {
	Name   string       `json:"name"` // that of the FacetRequest
	Values []FacetValue `json:"values"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (f *Facet) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON encodes the fields that are not zero.
func (f Facet) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

// A FacetValue is the approximate number of results with a value, or in a range of values.
type FacetValue struct {
	Key      string // a value; for a range, its JSON
	From, To string // the bounds of a range; empty if it is open
	Count    int

	Extra Extra
}

// UnmarshalJSON decodes a value or a range.
func (v *FacetValue) UnmarshalJSON(data []byte) error {
	var in struct {
		Key   json.RawMessage `json:"key"`
		Count int             `json:"count"`
		Extra Extra
	}
	if err := decodeModel(data, &in); err != nil {
		return err
	}
	*v = FacetValue{Key: textOf(in.Key), Count: in.Count, Extra: in.Extra}
	var bounds struct{ From, To json.RawMessage }
	if json.Unmarshal(in.Key, &bounds) == nil {
		v.From, v.To = textOf(bounds.From), textOf(bounds.To)
	}
	return nil
}

// MarshalJSON encodes the value in the form of Aprimo's guide.
func (v FacetValue) MarshalJSON() ([]byte, error) {
	out := struct {
		Key   any `json:"key"`
		Count int `json:"count"`
		Extra Extra
	}{v.Key, v.Count, v.Extra}
	if strings.HasPrefix(v.Key, "{") {
		out.Key = json.RawMessage(v.Key)
	}
	return encodeModel(&out)
}

// Search yields all records that match, like List. The server limits the number of results,
// often to 10,000; [Records.Export] has no limit.
func (r *Records) Search(ctx context.Context, e Expression, opts ...CallOption) iter.Seq2[*Record, error] {
	return list[Record](ctx, r.c, searching("records", SearchRequest{Expression: e}, opts))
}

// SearchPage returns one page of the records that match, and the facets.
func (r *Records) SearchPage(ctx context.Context, s SearchRequest, opts ...CallOption) (*Page[Record], error) {
	return onePage[Record](ctx, r.c, searching("records", s, opts))
}

// Search yields all classifications that match, like List.
func (r *Classifications) Search(ctx context.Context, e Expression, opts ...CallOption) iter.Seq2[*Classification, error] {
	return list[Classification](ctx, r.c, searching("classifications", SearchRequest{Expression: e}, opts))
}

// searching returns the call for a search. The page is in the query, because Aprimo ignores
// one in the body.
func searching(what string, s SearchRequest, opts []CallOption) call {
	return call{method: http.MethodPost, path: []string{"search", what}, header: repeatable(), in: s, paging: byPage}.listing(opts)
}

// Suggest describes a request for suggestions.
type Suggest struct {
	Input       string   `json:"input"`                         // the text typed so far
	LanguageIDs []string `json:"languageIds,omitempty"`         // the guide requires them
	FieldIDs    []string `json:"fieldIds,omitempty"`            // likewise; of fields that the tenant indexes for suggestions
	Fuzziness   float64  `json:"fuzziness,omitempty"`           // number of letters that may differ, from 0 to 2
	Number      int      `json:"numberOfSuggestions,omitempty"` // 0 means the server's default, 5
}

// Suggestions are the suggestions in one language.
type Suggestions struct {
	LanguageID  string       `json:"languageId"`
	Suggestions []Suggestion `json:"suggestions"`
}

// A Suggestion is a suggested text. A higher score is a better match.
type Suggestion struct {
	Text  string  `json:"text"`
	Score float64 `json:"score"`
}

// Suggestions returns completions for a text that a user is typing.
func (r *Records) Suggestions(ctx context.Context, s Suggest, opts ...CallOption) ([]Suggestions, error) {
	var out []Suggestions
	_, err := r.c.do(ctx, call{
		method: http.MethodPost, path: []string{"search", "records", "suggestions"}, header: repeatable(), in: s, out: &out,
	}.with(opts))
	return out, err
}
