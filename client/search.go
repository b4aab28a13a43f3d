package client

import (
	"context"
	"iter"
	"net/http"
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

	// Facets are the facets to count, at most 12, in the form of Aprimo's guide; each
	// is encoded as JSON. Only searches for records support facets.
	Facets              []any `json:"facets,omitempty"`
	IgnoreInvalidFacets bool  `json:"ignoreInvalidFacets,omitempty"`

	// Log makes the server record the search in its statistics.
	Log bool `json:"logRequest,omitempty"`
}

// A Facet is a facet that a search has counted.
type Facet struct {
	Name   string       `json:"name"`
	Values []FacetValue `json:"values"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (f *Facet) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON encodes the fields that are not zero.
func (f Facet) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

// A FacetValue is the number of results with a value.
type FacetValue struct {
	Key   string `json:"key"`
	Count int    `json:"count"`
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
	Input       string   `json:"input"` // the text typed so far
	LanguageIDs []string `json:"languageIds,omitempty"`
	FieldIDs    []string `json:"fieldIds,omitempty"`
	Fuzziness   int      `json:"fuzziness,omitempty"`           // number of letters that may differ
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
