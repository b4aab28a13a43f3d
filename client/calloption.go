package client

import (
	"fmt"
	"strings"
)

// A CallOption changes one call. Those that a call has no use for are ignored by
// it or by the server.
type CallOption func(*call)

// The sizes of a page in Aprimo's guide.
const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// PageSize sets how many items a page has, from 1 to 1000. By default List and
// Search, which read all pages, ask for 1000, since the limit counts requests; Page
// leaves it to the server, which takes 50.
func PageSize(n int) CallOption {
	return func(k *call) {
		if n < 1 || n > maxPageSize {
			k.err = fmt.Errorf("the page size is %d; Aprimo's guide allows 1 to %d", n, maxPageSize)
		}
		k.size = n
	}
}

// StartPage sets the first page that is read, from 1.
func StartPage(n int) CallOption {
	return func(k *call) {
		if n < 1 {
			k.err = fmt.Errorf("the page is %d; the first one is 1", n)
		}
		k.page = n
	}
}

// Filter restricts a list to what fits a search expression, such as
// `ContentType = "Asset"`.
func Filter(expression string) CallOption {
	return func(k *call) { k.query.Set("filter", expression) }
}

// Sort orders a list or a search by a property, such as "CreatedOn", or with a
// minus before it from the last to the first.
func Sort(property string) CallOption {
	return func(k *call) { k.query.Set("sort", property) }
}

// Languages sets the languages, by id, in which localized values are asked for, or
// "*" for all. It replaces the client's [WithLanguages].
func Languages(ids ...string) CallOption {
	return func(k *call) { k.header.Set("languages", strings.Join(ids, ", ")) }
}

// ImmediateIndexing makes a change of a record or classification visible to
// searches at once. It is more work for the server; without it a search finds a
// change some seconds later.
func ImmediateIndexing() CallOption {
	return func(k *call) { k.header.Set("set-immediateSearchIndexUpdate", "true") }
}

// ReferenceID repeats the referenceId of a call-out of a rule, so that Aprimo's
// support can tell what belongs together.
func ReferenceID(id string) CallOption {
	return func(k *call) { k.header.Set("referenceId", id) }
}
