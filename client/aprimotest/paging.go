package aprimotest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

func (s *store) list(w http.ResponseWriter, r *http.Request) {
	page, err := pagingParameter(r, "page", 1)
	size, sizeErr := pagingParameter(r, "pageSize", defaultPageSize)
	switch {
	case err != nil:
		writeException(w, http.StatusBadRequest, badRequest, err.Error())
		return
	case sizeErr != nil:
		writeException(w, http.StatusBadRequest, badRequest, sizeErr.Error())
		return
	case size > maxPageSize:
		writeException(w, http.StatusBadRequest, badRequest, fmt.Sprintf("pageSize must not be above %d.", maxPageSize))
		return
	}
	items, total := s.slice(page, size)
	for i, rec := range items {
		items[i] = rec.linked(baseURL(r))
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"_links":     pageLinks(r, page, size, total),
		"items":      items,
		"page":       page,
		"pageSize":   size,
		"totalCount": total,
	})
}

// pagingParameter looks in the query and then in the header.
func pagingParameter(r *http.Request, name string, def int) (int, error) {
	s := r.URL.Query().Get(name)
	if s == "" {
		s = r.Header.Get(name)
	}
	if s == "" {
		return def, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("'%s' is not a value of %s", s, name)
	}
	return n, nil
}

func pageLinks(r *http.Request, page, size, total int) links {
	last := max(1, (total+size-1)/size)
	to := func(page int) link {
		query := url.Values{"page": {strconv.Itoa(page)}, "pageSize": {strconv.Itoa(size)}}
		return link{baseURL(r) + r.URL.Path + "?" + query.Encode()}
	}
	all := links{"self": to(page), "first": to(1), "last": to(last)}
	if page > 1 {
		all["prev"] = to(min(page-1, last))
	}
	if page < last {
		all["next"] = to(page + 1)
	}
	return all
}

// slice returns a copy of the records of a page and the number of all.
func (s *store) slice(page, size int) (items []record, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	total = len(s.records)
	first := total // beyond the last page
	if page-1 <= total/size {
		first = min(total, (page-1)*size)
	}
	return append([]record{}, s.records[first:min(total, first+size)]...), total
}
