package client

import (
	"context"
	"iter"
	"net/http"
)

// An Expression says what is searched for. Values belong into parameters, where
// nothing in them is taken for syntax:
//
//	client.Expression{Text: "Title = ? and Id IN ?", Parameters: []any{title, ids}}
//
// A ? takes the next of Parameters, a slice for IN; @name takes one of
// NamedParameters.
type Expression struct {
	Text            string         `json:"expression,omitempty"`
	Sub             []Expression   `json:"subExpressions,omitempty"` // instead of Text
	Parameters      []any          `json:"parameters,omitempty"`
	NamedParameters map[string]any `json:"namedParameters,omitempty"`

	// Languages are those searched in, by id. None means the user's.
	Languages []string `json:"languages,omitempty"`

	Wildcards bool `json:"supportWildcards,omitempty"` // * and ? in words have a meaning

	// Operator joins words without one, AND or OR. Empty means the server's.
	Operator string `json:"defaultLogicalOperator,omitempty"`

	DisabledKeywords []string `json:"disabledKeywords,omitempty"`
}

// A SearchRequest is a search with all that may go with it.
type SearchRequest struct {
	Expression Expression `json:"searchExpression"`

	// Facets are what to count, at most 12, as Aprimo's guide describes them:
	// each is encoded as JSON. Facets are for searches of records.
	Facets              []any `json:"facets,omitempty"`
	IgnoreInvalidFacets bool  `json:"ignoreInvalidFacets,omitempty"`

	// Log makes the server keep the search, for its statistics.
	Log bool `json:"logRequest,omitempty"`
}

// A Facet is what a search has counted.
type Facet struct {
	Name   string       `json:"name"`
	Values []FacetValue `json:"values"`

	Extra Extra
}

// UnmarshalJSON reads the facet in either of Aprimo's forms.
func (f *Facet) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON writes what is not zero.
func (f Facet) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

// A FacetValue is how often a value was found.
type FacetValue struct {
	Key   string `json:"key"`
	Count int    `json:"count"`
}

// Search reads all records that fit, page by page, as the loop goes on. Searches
// have a ceiling, often 10,000 results; [Records.Export] has none.
func (r *Records) Search(ctx context.Context, e Expression, opts ...CallOption) iter.Seq2[*Record, error] {
	return list[Record](ctx, r.c, searching("records", SearchRequest{Expression: e}, opts))
}

// SearchPage reads one page of the records that fit, and the facets.
func (r *Records) SearchPage(ctx context.Context, s SearchRequest, opts ...CallOption) (*Page[Record], error) {
	return onePage[Record](ctx, r.c, searching("records", s, opts))
}

// Search reads all classifications that fit, page by page, as the loop goes on.
func (r *Classifications) Search(ctx context.Context, e Expression, opts ...CallOption) iter.Seq2[*Classification, error] {
	return list[Classification](ctx, r.c, searching("classifications", SearchRequest{Expression: e}, opts))
}

// searching returns the call of a search. Its page is in the query: Aprimo does
// not look for one in the body.
func searching(what string, s SearchRequest, opts []CallOption) call {
	return call{method: http.MethodPost, path: []string{"search", what}, in: s, paging: byPage}.listing(opts)
}

// Suggest says for what beginning of words suggestions are wanted.
type Suggest struct {
	Input       string   `json:"input"`
	LanguageIDs []string `json:"languageIds,omitempty"`
	FieldIDs    []string `json:"fieldIds,omitempty"`
	Fuzziness   int      `json:"fuzziness,omitempty"`           // letters that may differ
	Number      int      `json:"numberOfSuggestions,omitempty"` // 0 means the server's, 5
}

// Suggestions are what a language has for an input.
type Suggestions struct {
	LanguageID  string       `json:"languageId"`
	Suggestions []Suggestion `json:"suggestions"`
}

// A Suggestion is one text that fits; a higher score fits better.
type Suggestion struct {
	Text  string  `json:"text"`
	Score float64 `json:"score"`
}

// Suggestions completes what a user has begun to type.
func (r *Records) Suggestions(ctx context.Context, s Suggest, opts ...CallOption) ([]Suggestions, error) {
	var out []Suggestions
	_, err := r.c.do(ctx, call{
		method: http.MethodPost, path: []string{"search", "records", "suggestions"}, in: s, out: &out,
	}.with(opts))
	return out, err
}
