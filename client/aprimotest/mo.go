package aprimotest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// moRoutes are those of marketing operations: any resource there is, kept as the
// JSON it was sent.
func (s *store) moRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /api/users/me", s.locked(s.moMe))
	mux.Handle("GET /api/{resource}", s.locked(s.moList))
	mux.Handle("POST /api/{resource}", s.locked(s.moCreate))
	mux.Handle("POST /api/{resource}/search", s.locked(s.moSearch))
	mux.Handle("GET /api/{resource}/{id}", s.locked(s.moGet))
	mux.Handle("PUT /api/{resource}/{id}", s.locked(s.moPut))
	mux.Handle("DELETE /api/{resource}/{id}", s.locked(s.moDelete))
	return mux
}

func (s *store) moMe(w http.ResponseWriter, r *http.Request) error {
	login := s.user(r)
	writeJSON(w, http.StatusOK, document{
		"userId": userNumber(login), "loginId": login, "email": login + "@example.com", "adamUserId": nameID(login),
	})
	return nil
}

// mo returns the collection that a request is about; an empty one of a name that
// was never used.
func (s *store) mo(r *http.Request) *collection {
	name := "mo/" + r.PathValue("resource")
	if s.docs[name] == nil {
		s.docs[name] = &collection{byID: make(map[string]document)}
	}
	return s.docs[name]
}

func (s *store) moCreate(w http.ResponseWriter, r *http.Request) error {
	doc := document{}
	if err := readJSON(r, &doc); err != nil {
		return err
	}
	s.ids++
	id := strconv.FormatUint(s.ids, 10)
	doc["id"] = id
	s.mo(r).add(doc, id, time.Now())
	w.Header().Set("Location", baseURL(r)+r.URL.Path+"/"+id)
	writeJSON(w, http.StatusCreated, doc)
	return nil
}

func (s *store) moAsked(r *http.Request) (document, error) {
	doc := s.mo(r).byID[r.PathValue("id")]
	if doc == nil {
		return nil, missing("No %s was found with id '%s'.", r.PathValue("resource"), r.PathValue("id"))
	}
	return doc, nil
}

func (s *store) moGet(w http.ResponseWriter, r *http.Request) error {
	doc, err := s.moAsked(r)
	if err == nil {
		writeJSON(w, http.StatusOK, doc)
	}
	return err
}

func (s *store) moPut(w http.ResponseWriter, r *http.Request) error {
	doc, err := s.moAsked(r)
	if err != nil {
		return err
	}
	in := document{}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	delete(in, "id")
	maps.Copy(doc, in)
	writeJSON(w, http.StatusOK, doc)
	return nil
}

func (s *store) moDelete(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.moAsked(r); err != nil {
		return err
	}
	c, id := s.mo(r), r.PathValue("id")
	delete(c.byID, id)
	c.ids = slices.DeleteFunc(c.ids, func(other string) bool { return other == id })
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *store) moList(w http.ResponseWriter, r *http.Request) error {
	return s.moPage(w, r, func(document) bool { return true })
}

func (s *store) moSearch(w http.ResponseWriter, r *http.Request) error {
	var in map[string]json.RawMessage
	if err := readJSON(r, &in); err != nil {
		return err
	}
	match, err := moCondition(in, 0)
	if err != nil {
		return err
	}
	return s.moPage(w, r, match)
}

// moPage answers with one page of the documents that match.
func (s *store) moPage(w http.ResponseWriter, r *http.Request, match func(document) bool) error {
	limit, err := number(r, "limit", defaultPageSize, 1)
	if err != nil {
		return err
	}
	offset, err := number(r, "offset", 0, 0)
	if err != nil {
		return err
	}
	found := []document{}
	for _, id := range s.mo(r).ids {
		if doc := s.mo(r).byID[id]; match(doc) {
			found = append(found, doc)
		}
	}
	first := min(offset, len(found))
	last := first + min(limit, len(found)-first)
	name := r.PathValue("resource")
	all := links{"self": moLink(r, offset, limit), "first": moLink(r, 0, limit)}
	if first > 0 {
		all["prev"] = moLink(r, max(0, first-limit), limit)
	}
	if last < len(found) {
		all["next"] = moLink(r, last, limit)
	}
	all["last"] = moLink(r, max(0, len(found)-1)/limit*limit, limit)
	writeJSON(w, http.StatusOK, document{"_total": len(found), "_links": all, "_embedded": document{name: found[first:last]}})
	return nil
}

func moLink(r *http.Request, offset, limit int) link {
	return link{Href: fmt.Sprintf("%s%s?limit=%d&offset=%d", baseURL(r), r.URL.Path, limit, offset)}
}

// moCondition reads a tree of conditions, each an object with one member.
func moCondition(in map[string]json.RawMessage, depth int) (func(document) bool, error) {
	if depth > maxNesting || len(in) != 1 {
		return nil, invalid("A condition of a search is an object with one member, nested at most %d times.", maxNesting)
	}
	for operator, raw := range in {
		switch strings.ToLower(operator) {
		case "and", "or":
			return moJoin(strings.EqualFold(operator, "and"), raw, depth)
		case "not":
			var inner map[string]json.RawMessage
			if json.Unmarshal(raw, &inner) != nil {
				return nil, invalid("'not' needs a condition.")
			}
			match, err := moCondition(inner, depth+1)
			return func(doc document) bool { return !match(doc) }, err
		}
		var leaf struct {
			Name  string `json:"fieldName"`
			Value any    `json:"fieldValue"`
		}
		if json.Unmarshal(raw, &leaf) != nil || leaf.Name == "" {
			return nil, invalid("'%s' needs a fieldName.", operator)
		}
		holds := moOperators[strings.ToLower(operator)]
		if holds == nil {
			return nil, invalid("'%s' is not simulated.", operator)
		}
		return func(doc document) bool { return holds(doc[leaf.Name], leaf.Value) }, nil
	}
	return nil, nil // not reached: there is one member
}

var moOperators = map[string]func(has, want any) bool{
	"equals":    func(has, want any) bool { return fmt.Sprint(has) == fmt.Sprint(want) },
	"contains":  func(has, want any) bool { return strings.Contains(fmt.Sprint(has), fmt.Sprint(want)) },
	"isnull":    func(has, _ any) bool { return has == nil },
	"isnotnull": func(has, _ any) bool { return has != nil },

	"greaterthan":          func(has, want any) bool { return moOrder(has, want, 1) },
	"lessthan":             func(has, want any) bool { return moOrder(has, want, -1) },
	"greaterthanorequalto": func(has, want any) bool { return moOrder(has, want, 0, 1) },
	"lessthanorequalto":    func(has, want any) bool { return moOrder(has, want, 0, -1) },
}

// moOrder reports whether a comparison of two numbers, or of two texts, comes out
// as one of those wanted. A number is never compared with a text.
func moOrder(has, want any, wanted ...int) bool {
	switch a := has.(type) {
	case float64:
		b, ok := want.(float64)
		return ok && slices.Contains(wanted, cmp.Compare(a, b))
	case string:
		b, ok := want.(string)
		return ok && slices.Contains(wanted, cmp.Compare(a, b))
	}
	return false
}

func moJoin(all bool, raw json.RawMessage, depth int) (func(document) bool, error) {
	var inner []map[string]json.RawMessage
	if json.Unmarshal(raw, &inner) != nil || len(inner) == 0 {
		return nil, invalid("'and' and 'or' need a list of conditions.")
	}
	var matches []func(document) bool
	for _, in := range inner {
		match, err := moCondition(in, depth+1)
		if err != nil {
			return nil, err
		}
		matches = append(matches, match)
	}
	return func(doc document) bool {
		for _, match := range matches {
			if match(doc) != all {
				return !all
			}
		}
		return all
	}, nil
}
