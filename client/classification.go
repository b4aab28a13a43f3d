package client

import (
	"context"
	"iter"
	"net/http"
)

// Classifications reads and changes the tree of classifications for records.
type Classifications struct{ Resource[Classification] }

func newClassifications(c *Client) *Classifications {
	return &Classifications{*newResource[Classification](c, "classifications", "classification")}
}

// ByNamePath returns the classification with a path of names, for example
// "/Campaigns/2026".
func (r *Classifications) ByNamePath(ctx context.Context, path string, opts ...CallOption) (*Classification, error) {
	out := new(Classification)
	k := call{method: http.MethodGet, path: r.single, out: out}.with(opts)
	k.query.Set("namePath", path)
	if _, err := r.c.do(ctx, k); err != nil {
		return nil, err
	}
	return out, nil
}

// Children lists the direct children of a classification.
func (r *Classifications) Children(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*Classification, error] {
	return list[Classification](ctx, r.c, call{method: http.MethodGet, path: r.one(id, "children"), paging: byPage}.listing(opts))
}

// A Classification is a node of the tree.
type Classification struct {
	ID         string  `json:"id"`
	Identifier string  `json:"identifier"`
	Name       string  `json:"name"`
	NamePath   string  `json:"namePath"`
	LabelPath  string  `json:"labelPath"`
	Labels     []Label `json:"labels"`
	Tag        string  `json:"tag"`

	ParentID    string `json:"parentId"`
	IsRoot      bool   `json:"isRoot"`
	HasChildren bool   `json:"hasChildren"`
	SortIndex   int    `json:"sortIndex"`
	SortOrder   string `json:"sortOrder"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (c *Classification) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON encodes the fields that are not zero.
func (c Classification) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// A Label is a display name in one language.
type Label struct {
	LanguageID string `json:"languageId"`
	Value      string `json:"value"`
}
