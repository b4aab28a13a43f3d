package aprimotest

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// A window is the part of a collection that a request asks for, by page and
// pageSize or by skip and take.
type window struct {
	page, size int
	skip       int
	bySkip     bool
}

// pageOf reads the window of a request.
func pageOf(r *http.Request) (window, error) {
	page, err := number(r, "page", 1, 1)
	size, sizeErr := number(r, "pageSize", defaultPageSize, 1)
	skip, skipErr := number(r, "skip", 0, 0)
	take, takeErr := number(r, "take", defaultPageSize, 1)
	if err := cmp.Or(err, sizeErr, skipErr, takeErr); err != nil {
		return window{}, err
	}
	w := window{page: page, size: size}
	if parameter(r, "skip") != "" || parameter(r, "take") != "" {
		w = window{page: skip/take + 1, size: take, skip: skip, bySkip: true}
	}
	if w.size > maxPageSize {
		return w, invalid("pageSize must not be above %d.", maxPageSize)
	}
	return w, nil
}

// parameter looks in the query and then in the header.
func parameter(r *http.Request, name string) string {
	if r.URL.RawQuery != "" {
		if s := r.URL.Query().Get(name); s != "" {
			return s
		}
	}
	return r.Header.Get(name)
}

func number(r *http.Request, name string, def, least int) (int, error) {
	s := parameter(r, name)
	if s == "" {
		return def, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least {
		return 0, invalid("'%s' is not a value of %s", s, name)
	}
	return n, nil
}

// bounds returns where in a collection of so many the window begins and ends.
func (p window) bounds(total int) (first, last int) {
	first = p.skip
	if !p.bySkip {
		first = total // beyond the last page
		if p.page-1 <= total/p.size {
			first = (p.page - 1) * p.size
		}
	}
	first = min(first, total)
	return first, min(total, first+p.size)
}

func (p window) links(r *http.Request, total int) links {
	lastPage := max(1, (total+p.size-1)/p.size)
	to := func(page int) link {
		query := r.URL.Query()
		p.set(query, page)
		return link{Href: baseURL(r) + r.URL.Path + "?" + query.Encode()}
	}
	all := links{"self": to(p.page), "first": to(1), "last": to(lastPage)}
	if p.page > 1 {
		all["prev"] = to(min(p.page-1, lastPage))
	}
	if _, end := p.bounds(total); end < total && p.page <= lastPage {
		all["next"] = to(p.page + 1)
	}
	return all
}

func (p window) set(query url.Values, page int) {
	if p.bySkip {
		skip := p.skip + (page-p.page)*p.size
		query.Set("skip", strconv.Itoa(max(0, skip)))
		query.Set("take", strconv.Itoa(p.size))
		return
	}
	query.Set("page", strconv.Itoa(page))
	query.Set("pageSize", strconv.Itoa(p.size))
}

// writePage answers with one page of so many objects, and what else there is to
// tell.
func (s *store) writePage(w http.ResponseWriter, r *http.Request, total int, more document, at func(int) object) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	q := newQuery(r)
	q.listed = true
	first, last := p.bounds(total)
	out := newJSON()
	out.name("items", "[")
	for i := first; i < last; i++ {
		out.next()
		s.write(out, at(i), q)
		if i == first { // the others will be about as long
			out.data = slices.Grow(out.data, len(out.data)*(last-first))
		}
	}
	out.close("]")
	out.add("page", p.page)
	out.add("pageSize", p.size)
	out.add("totalCount", total)
	for name, value := range more {
		out.add(name, value)
	}
	if p.bySkip {
		out.add("skip", p.skip)
		out.add("take", p.size)
	}
	if q.hal {
		out.add("_links", p.links(r, total))
	}
	writeJSON(w, http.StatusOK, out.end())
	return nil
}
