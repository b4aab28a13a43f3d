package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"reflect"
	"strconv"
)

// A Page is one page of a list.
type Page[T any] struct {
	Items    []*T
	Page     int // from 1; 0 if unknown
	PageSize int // 0 if unknown

	// TotalCount is the approximate number of items in the whole list. The server
	// counts them in its index, which may differ from its database.
	TotalCount int

	// Facets are the facets that a search requested.
	Facets          []Facet
	TruncatedFacets []string

	linked bool   // the page has links
	next   string // the link to the next page; empty on the last page
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (p *Page[T]) UnmarshalJSON(data []byte) error {
	var in struct {
		Links           map[string]json.RawMessage `json:"_links"`
		Items           Items[T]                   `json:"items"`
		Page            int                        `json:"page"`
		PageSize        int                        `json:"pageSize"`
		TotalCount      int                        `json:"totalCount"`
		Facets          []Facet                    `json:"facets"`
		TruncatedFacets []string                   `json:"truncatedFacets"`
		Total           *int                       `json:"_total"` // of marketing operations
		Extra           Extra
	}
	if err := decodeModel(data, &in); err != nil {
		return err
	}
	if in.Total != nil {
		in.TotalCount = *in.Total
		if err := in.Items.embedded(in.Extra); err != nil {
			return err
		}
	}
	*p = Page[T]{
		Items: in.Items, Page: in.Page, PageSize: in.PageSize, TotalCount: in.TotalCount,
		Facets: in.Facets, TruncatedFacets: in.TruncatedFacets, linked: in.Links != nil,
	}
	if next := in.Links["next"]; len(next) > 0 {
		var link struct {
			Href string `json:"href"`
		}
		if err := json.Unmarshal(next, &link); err != nil {
			return fmt.Errorf("the link to the next page: %w", err) // ignoring it would end the list early
		}
		p.next = link.Href
	}
	return nil
}

// embedded decodes the items of a page of marketing operations. They are the only list in
// _embedded, under the name of the resource.
func (i *Items[T]) embedded(members Extra) error {
	for name, raw := range members {
		if len(raw) == 0 || raw[0] != '[' {
			continue
		}
		if err := decode(raw, i); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// A paging adds the page of a call to a query.
type paging func(query url.Values, k call)

// byPage is the paging style of most lists.
func byPage(query url.Values, k call) {
	setPositive(query, "page", k.page)
	setPositive(query, "pageSize", k.size)
}

// bySkip is the paging style of the lists that Aprimo's guide calls newer.
func bySkip(query url.Values, k call) {
	setPositive(query, "skip", k.offset)
	setPositive(query, "take", k.size)
}

func setPositive(query url.Values, name string, n int) {
	if n > 0 {
		query.Set(name, strconv.Itoa(n))
	}
}

// listing returns the call with the options applied, set to the first page.
func (k call) listing(opts []CallOption) call {
	k = k.with(opts)
	if k.page > 1 {
		k.size = cmp.Or(k.size, defaultPageSize)
		k.offset = (k.page - 1) * k.size
	}
	return k
}

// onePage returns one page.
func onePage[T any](ctx context.Context, c *Client, k call) (*Page[T], error) {
	k = k.with(nil)
	if k.link == "" {
		k.paging(k.query, k)
	} else {
		k.query = nil // the link has a query
	}
	var page Page[T]
	k.out = &page
	if _, err := c.do(ctx, k); err != nil {
		return nil, err
	}
	return &page, nil
}

// list yields the items of all pages.
func list[T any](ctx context.Context, c *Client, k call) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for page, err := range pages[T](ctx, c, k) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// pages yields all pages, requesting each when it is needed.
func pages[T any](ctx context.Context, c *Client, k call) iter.Seq2[*Page[T], error] {
	return func(yield func(*Page[T], error) bool) {
		k := k // the sequence may be iterated more than once
		k.page = max(k.page, 1)
		if k.size == 0 {
			k.size = maxPageSize
		}
		var guard loopGuard
		var last *Page[T]
		for {
			page, err := onePage[T](ctx, c, k)
			if err == nil {
				err = page.follows(last, k)
			}
			if err == nil && page.linked {
				err = check(&guard, page)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(page, nil) || !page.more(k.size) {
				return
			}
			k.link = page.next
			k.page++
			k.offset += len(page.Items)
			last = page
		}
	}
}

// more reports whether there is another page. The server may use a smaller page size than
// requested; such a page is not a short one.
func (p *Page[T]) more(asked int) bool {
	if p.linked {
		return p.next != ""
	}
	if p.PageSize > 0 {
		asked = p.PageSize
	}
	return len(p.Items) >= asked && len(p.Items) > 0
}

// follows returns an error if a page without links is not the requested one.
func (p *Page[T]) follows(last *Page[T], k call) error {
	if p.linked || last == nil || len(p.Items) == 0 {
		return nil
	}
	if p.Page > 0 && p.Page != k.page || reflect.DeepEqual(p.Items[0], last.Items[0]) {
		return fmt.Errorf("aprimo: %s: requested page %d, but the server returned the previous page again", k.name(), k.page)
	}
	return nil
}

// maxEmpty is the maximum number of consecutive empty pages with a link to another one.
const maxEmpty = 100

// A loopGuard detects pages that form a loop (Brent's algorithm), by their links or by what
// they contain. Its memory does not grow with the list.
type loopGuard struct {
	saved        string // link to the next page
	items        any    // of a page
	steps, limit int
	empty        int
}

func check[T any](g *loopGuard, page *Page[T]) error {
	if page.next == "" {
		return nil
	}
	if g.empty++; len(page.Items) > 0 {
		g.empty = 0
	}
	if page.next == g.saved || g.empty > maxEmpty || len(page.Items) > 0 && reflect.DeepEqual(any(page.Items), g.items) {
		return errLoop
	}
	if g.steps++; g.steps > g.limit {
		g.saved, g.items, g.steps, g.limit = page.next, page.Items, 0, 2*g.limit+1
	}
	return nil
}

var errLoop = errors.New("aprimo: the server's links to the next page form a loop")
