package aprimotest

import (
	"cmp"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// A window is the part of a list that a request asks for, by page and pageSize or by what
// to skip and to take.
type window struct {
	page, first, size int
	from, most        string // the names of the parameters
}

// pageOf reads the window of a request.
func pageOf(r *http.Request) window {
	w := windowOf(r, "skip", "take")
	if parameter(r, "skip") == "" && parameter(r, "take") == "" {
		page, size := number(r, "page", 1, 1), number(r, "pageSize", defaultPageSize, 1)
		w = window{page, min(page-1, math.MaxInt32) * size, size, "page", "pageSize"}
	}
	invalid.when(w.size > maxPageSize, "pageSize must not be above %d.", maxPageSize)
	return w
}

// windowOf reads the window of a request by two parameters.
func windowOf(r *http.Request, skip, take string) window {
	first, size := number(r, skip, 0, 0), number(r, take, defaultPageSize, 1)
	return window{first/size + 1, first, size, skip, take}
}

// parameter looks in the query and then in the header.
func parameter(r *http.Request, name string) string {
	return cmp.Or(inQuery(r, name), r.Header.Get(name))
}

// inQuery returns a parameter of the query whose name may be in any case.
func inQuery(r *http.Request, name string) string {
	for key, values := range r.URL.Query() {
		if strings.EqualFold(key, name) {
			return values[0]
		}
	}
	return ""
}

func number(r *http.Request, name string, def, least int) int {
	s := parameter(r, name)
	if s == "" {
		return def
	}
	n, err := strconv.Atoi(s)
	invalid.when(err != nil || n < least, "'%s' is not a value of %s", s, name)
	return n
}

// bounds returns where in a list of so many the window begins and ends.
func (p window) bounds(total int) (first, last int) {
	first = min(p.first, total)
	return first, first + min(p.size, total-first)
}

// writeLinks writes the links to the first and the last window of a list, and to those beside
// this one.
func (p window) writeLinks(out *jsonText, r *http.Request, total int) {
	to := func(name string, first int) {
		query, from := r.URL.Query(), max(0, first)
		if p.from == "page" {
			from = first/p.size + 1
		}
		maps.DeleteFunc(query, func(key string, _ []string) bool {
			return strings.EqualFold(key, p.from) || strings.EqualFold(key, p.most)
		})
		query.Set(p.from, strconv.Itoa(from))
		query.Set(p.most, strconv.Itoa(p.size))
		out.link(name, "", baseURL(r)+r.URL.Path+"?"+query.Encode())
	}
	last := max(0, total-1) / p.size * p.size
	out.name("_links", "{")
	to("first", 0)
	to("last", last)
	if p.first < total-p.size {
		to("next", p.first+p.size)
	}
	if p.first > 0 {
		to("prev", min(p.first-p.size, last))
	}
	to("self", p.first)
	out.raw("}")
}

// page returns one page of so many objects, and what else there is to tell.
func (s *store) page(r *http.Request, total int, more document, at func(int) object) any {
	p, q, out := pageOf(r), newQuery(r), newJSON()
	q.listed = true
	s.writeItems(out, "items", p, total, at, q)
	out.add("page", p.page)
	out.add("pageSize", p.size)
	out.add("totalCount", total)
	for name, value := range more {
		out.add(name, value)
	}
	if p.from != "page" {
		out.add("skip", p.first)
		out.add("take", p.size)
	}
	if q.hal {
		p.writeLinks(out, r, total)
	}
	return out.end()
}

// writeItems writes the objects in a window of so many.
func (s *store) writeItems(out *jsonText, name string, p window, total int, at func(int) object, q *query) {
	out.name(name, "[")
	first, last := p.bounds(total)
	for i := first; i < last; i++ {
		out.next()
		s.write(out, at(i), q)
		if i == first { // the others will be about as long
			out.data = slices.Grow(out.data, len(out.data)*(last-first))
		}
	}
	out.raw("]")
}
