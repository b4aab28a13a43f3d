package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
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

	linked  bool   // the page has links
	counted bool   // TotalCount is exact
	whole   bool   // the list has no pages
	missing bool   // there was no page, but null or an empty object
	next    string // the link to the next page; empty on the last page
	sent    int    // items, with those that are null
	sum     uint64 // of the items as they were sent
}

// UnmarshalJSON decodes a page of the DAM, a page of marketing operations, any other object
// with a single array, or an array.
func (p *Page[T]) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		var all sentItems[T]
		err := all.UnmarshalJSON(data)
		*p = Page[T]{whole: true, sent: len(all.items), sum: all.sum, Items: all.items.objects()}
		return err
	}
	var in struct {
		Links           map[string]json.RawMessage `json:"_links"`
		Items           sentItems[T]               `json:"items"`
		Page            int                        `json:"page"`
		PageSize        int                        `json:"pageSize"`
		TotalCount      int                        `json:"totalCount"`
		Facets          []Facet                    `json:"facets"`
		TruncatedFacets []string                   `json:"truncatedFacets"`
		Total           *int                       `json:"_total"`     // of marketing operations
		EntryCount      *int                       `json:"entryCount"` // of an audit trail
		Extra           Extra
	}
	if err := decodeModel(data, &in); err != nil {
		return err
	}
	total := cmp.Or(in.Total, in.EntryCount, &in.TotalCount)
	if in.Items.items == nil {
		if err := in.Items.only(in.Extra, *total); err != nil {
			return err
		}
	}
	*p = Page[T]{
		counted: total != &in.TotalCount,
		sent:    len(in.Items.items), sum: in.Items.sum,
		Items: in.Items.items.objects(), Page: in.Page, PageSize: in.PageSize, TotalCount: *total,
		Facets: in.Facets, TruncatedFacets: in.TruncatedFacets, linked: in.Links != nil,
		missing: hasNoMembers(data),
	}
	if next := in.Links["next"]; len(next) > 0 {
		var link struct{ Href string }
		if err := json.Unmarshal(next, &link); err != nil {
			return fmt.Errorf("the link to the next page: %w", err) // ignoring it would end the list early
		}
		p.next = link.Href
	}
	return nil
}

// sentItems are the items of a page and what tells them from those of another page: their Go type
// need not have a field by which they differ.
type sentItems[T any] struct {
	items itemsAndNulls[T]
	sum   uint64
}

var sumSeed = maphash.MakeSeed()

func (i *sentItems[T]) UnmarshalJSON(data []byte) error {
	i.sum = maphash.Bytes(sumSeed, data)
	return i.items.UnmarshalJSON(data)
}

// only decodes the only array among an object's members. In marketing operations it has the
// name of the resource.
func (i *sentItems[T]) only(members Extra, total int) error {
	var names []string
	for name, raw := range members {
		if len(raw) > 0 && raw[0] == '[' {
			names = append(names, name)
		}
	}
	switch {
	case len(names) > 1:
		slices.Sort(names)
		return fmt.Errorf("the page has several lists: %s", strings.Join(names, ", "))
	case len(names) == 1:
		return decode(members[names[0]], i)
	case total > 0 || members["exceptionMessage"] != nil:
		return errNoList
	}
	return nil
}

var errNoList = errors.New("the page has no list")

// A paging is the style in which a list is asked for a page: names in the query.
type paging struct{ start, size string }

var (
	byPage   = paging{"page", "pageSize"} // most lists; pages count from 1
	bySkip   = paging{"skip", "take"}     // the lists that Aprimo's guide calls newer
	byOffset = paging{"offset", "limit"}  // marketing operations
)

// start returns where a list starts in a style: its first page, or the number of items before.
func (k *call) start(style paging) *int {
	if style == byPage {
		return &k.page
	}
	return &k.offset
}

// setPage adds the page of a call to its query.
func (k *call) setPage() {
	for name, n := range map[string]int{k.paging.start: *k.start(k.paging), k.paging.size: k.size} {
		if n > 0 {
			k.query.Set(name, strconv.Itoa(n))
		}
	}
}

// startAt starts a list where a query says.
func (k *call) startAt(query url.Values) error {
	for _, style := range []paging{byPage, bySkip, byOffset} {
		for name, into := range map[string]*int{style.start: k.start(style), style.size: &k.size} {
			if !query.Has(name) {
				continue
			}
			n, err := strconv.Atoi(query.Get(name))
			if err != nil || n < 0 {
				return fmt.Errorf("the path's %s is not a number from 0", name)
			}
			k.paging, *into = style, n
		}
	}
	return nil
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
		k.setPage()
	} else {
		k.query = nil // the link has a query
	}
	var page Page[T]
	k.out = &page
	if _, err := c.do(ctx, k); err != nil {
		return nil, err
	}
	if page.missing || page.sent > 0 && len(page.Items) == 0 { // it is not the end of the list
		return nil, fmt.Errorf("aprimo: %s: %w", k.name(), errNoList)
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
		k.page, k.size = max(k.page, 1), cmp.Or(k.size, maxPageSize)
		if k.spent == nil {
			k.spent = new(int)
		}
		var guard loopGuard
		var last *Page[T]
		for {
			if k.budget > 0 && *k.spent >= k.budget {
				yield(nil, &BudgetError{Requests: *k.spent, Page: k.page, PageSize: k.size})
				return
			}
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
			if !yield(page, nil) || !page.more(k.size, k.offset) {
				return
			}
			k.link = page.next
			k.page++
			k.offset += page.sent
			last = page
		}
	}
}

// more reports whether there is another page. The server may use a smaller page size than
// requested; such a page is not a short one.
func (p *Page[T]) more(asked, offset int) bool {
	switch {
	case p.next != "":
		return true
	case p.counted:
		return p.sent > 0 && offset+p.sent < p.TotalCount
	case p.linked || p.whole:
		return false
	}
	if p.PageSize > 0 {
		asked = p.PageSize
	}
	return p.sent >= asked && p.sent > 0
}

// follows returns an error if a page that no link leads to is not the requested one.
func (p *Page[T]) follows(last *Page[T], k call) error {
	if k.link != "" || last == nil || len(p.Items) == 0 {
		return nil
	}
	if p.Page > 0 && p.Page != k.page || p.sum == last.sum {
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
	items        uint64 // sum of those of a page
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
	if page.next == g.saved || g.empty > maxEmpty || len(page.Items) > 0 && page.sum == g.items {
		return errLoop
	}
	if g.steps++; g.steps > g.limit {
		g.saved, g.items, g.steps, g.limit = page.next, page.sum, 0, 2*g.limit+1
	}
	return nil
}

var errLoop = errors.New("aprimo: the server's links to the next page form a loop")
