package aprimotest

import (
	"maps"
	"net/http"
)

// subresources are single documents that belong to something else, kept as the
// JSON they were sent; of the index there is but one.
var subresources = []struct {
	path     string
	owner    resource // none for what belongs to the tenant
	readOnly bool
}{
	{path: "/record/{id}/permissions", owner: resource{plural: "records"}, readOnly: true},
	{path: "/user/{id}/permissions", owner: resource{plural: "users", singular: "user"}},
	{path: "/usergroup/{id}/permissions", owner: resource{plural: "usergroups", singular: "usergroup"}},
	{path: "/collection/{id}/permissions", owner: resource{plural: "collections", singular: "collection"}},
	{path: "/classification/{id}/classificationtreepermissions", owner: classifications},
	{path: "/classification/{id}/recordpermissions", owner: classifications},
	{path: "/classification/{id}/downloadpermissions", owner: classifications},
	{path: "/searchindex"},
}

// owned returns an error if what a subresource belongs to is not there.
func (s *store) owned(owner resource, r *http.Request) error {
	var err error
	switch owner.plural {
	case "":
	case "records":
		_, err = s.asked(r)
	default:
		_, _, err = s.askedDocument(owner, r)
	}
	return err
}

func (s *store) getSubresource(owner resource) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.owned(owner, r); err != nil {
			return err
		}
		doc := s.attached[r.URL.Path]
		if doc == nil {
			doc = document{"items": []any{}}
		}
		writeJSON(w, http.StatusOK, doc)
		return nil
	}
}

func (s *store) putSubresource(owner resource) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.owned(owner, r); err != nil {
			return err
		}
		in := document{}
		if err := readJSON(r, &in); err != nil {
			return err
		}
		if s.attached[r.URL.Path] == nil {
			s.attached[r.URL.Path] = document{}
		}
		maps.Copy(s.attached[r.URL.Path], in)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}
