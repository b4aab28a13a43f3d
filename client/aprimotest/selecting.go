package aprimotest

import (
	"net/http"
	"net/url"
	"strings"
)

// An encoding is the form of the answers that a request accepts.
type encoding int

const (
	lean encoding = iota // no Accept: sub-resources only if they were selected
	flat                 // application/json: sub-resources beside the properties
	hal                  // application/hal+json: in _embedded, with links to them
)

func encodingOf(r *http.Request) encoding {
	accept := r.Header.Get("Accept")
	switch {
	case accept == "":
		return lean
	case strings.Contains(accept, "application/json"), strings.Contains(accept, "text/json"):
		return flat
	}
	return hal
}

// keys returns the keys of a header as select-record, in lower case.
func keys(r *http.Request, header string) map[string]bool {
	line := r.Header.Get(header)
	if line == "" {
		return nil
	}
	all := make(map[string]bool)
	for key := range strings.SplitSeq(line, ",") {
		if name, err := url.PathUnescape(strings.TrimSpace(key)); err == nil {
			all[strings.ToLower(name)] = true
		}
	}
	return all
}

type links map[string]link

type link struct {
	Href string `json:"href"`
	Key  string `json:"select-key,omitempty"`
}

// A recordView is a record as the API shows it.
type recordView struct {
	Links       links  `json:"_links"`
	ID          string `json:"id"`
	Status      string `json:"status"`
	ContentType string `json:"contentType"`
	Title       string `json:"title"`
	Tag         string `json:"tag"`
	CreatedOn   string `json:"createdOn"`
	ModifiedOn  string `json:"modifiedOn"`

	*flatParts
	Embedded map[string]any `json:"_embedded,omitempty"`
}

// flatParts are the sub-resources of a record, null when not selected.
type flatParts struct {
	Fields          any `json:"fields"`
	Classifications any `json:"classifications"`
	Files           any `json:"files"`
	Master          any `json:"masterFile"`
	MasterLatest    any `json:"masterFileLatestVersion"`
	Preview         any `json:"preview"`
	Thumbnail       any `json:"thumbnail"`
	Locks           any `json:"locks"`
	CreatedBy       any `json:"createdBy"`
	ModifiedBy      any `json:"modifiedBy"`
}

// parts are the names of the links to the sub-resources, which are their
// select-keys as well, and their paths.
var parts = []struct{ name, path string }{
	{"fields", "/fields"}, {"classifications", "/classifications"}, {"files", "/files"}, {"masterfile", "/masterfile"},
	{"masterfilelatestversion", "/masterfilelatestversion"}, {"preview", "/image/preview"}, {"thumbnail", "/image/thumbnail"},
	{"locks", "/locks"}, {"createdby", ""}, {"modifiedby", ""},
}

// view returns a record with its addresses at the host that was asked.
func (s *store) view(rec *record, r *http.Request, listed bool) recordView {
	id := rec.id()
	base := baseURL(r) + apiPath + "/record/" + id
	v := recordView{
		Links: links{"self": {Href: base}}, ID: id, Status: rec.status, ContentType: rec.contentType,
		Title: rec.name(), Tag: rec.tag, CreatedOn: stamp(rec.created), ModifiedOn: stamp(rec.modified),
	}
	form, wanted := encodingOf(r), keys(r, "Select-Record")
	if form == lean && wanted == nil {
		return v
	}
	selected := make(map[string]any)
	for _, p := range parts {
		if form == hal && p.path != "" {
			v.Links[p.name] = link{base + p.path, p.name}
		}
		if !wanted[p.name] || listed && (p.name == "classifications" || p.name == "files" || p.name == "locks") {
			continue
		}
		if value, err := s.part(rec, p.name, r); err == nil {
			selected[p.name] = value
		}
	}
	if form == hal {
		v.Embedded = selected
		return v
	}
	v.flatParts = &flatParts{
		selected["fields"], selected["classifications"], selected["files"], selected["masterfile"],
		selected["masterfilelatestversion"], selected["preview"], selected["thumbnail"], selected["locks"],
		selected["createdby"], selected["modifiedby"],
	}
	return v
}

// part returns a sub-resource of a record.
func (s *store) part(rec *record, name string, r *http.Request) (any, error) {
	files := s.filesOf(rec)
	switch name {
	case "fields":
		return list(s.selectedFields(rec, r)), nil
	case "classifications":
		all := []any{}
		for _, id := range s.classificationsOf(rec) {
			if doc := s.docs["classifications"].byID[id]; doc != nil { // nil if it was deleted since
				all = append(all, doc)
			}
		}
		return list(all), nil
	case "files":
		all := []any{}
		for _, f := range files {
			all = append(all, f.view())
		}
		return list(all), nil
	case "locks":
		return list(append([]map[string]any{}, rec.locks...)), nil
	case "createdby":
		return map[string]any{"id": nameID(rec.createdBy), "name": rec.createdBy}, nil
	case "modifiedby":
		return map[string]any{"id": nameID(rec.modifiedBy), "name": rec.modifiedBy}, nil
	}
	if len(files) == 0 {
		return nil, missing("Record '%s' has no file.", rec.id())
	}
	switch name {
	case "masterfile":
		return files[0].view(), nil
	case "masterfilelatestversion":
		return files[0].latest().view(true), nil
	}
	return s.image(rec, name, r), nil
}

// list is a collection that has no pages.
func list[T any](items []T) map[string]any {
	if items == nil {
		items = []T{}
	}
	return map[string]any{"items": items}
}

// getPart returns the handler for a sub-resource of a record.
func (s *store) getPart(name string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		rec, err := s.asked(r)
		if err != nil {
			return err
		}
		v, err := s.part(rec, name, r)
		if err == nil {
			writeJSON(w, http.StatusOK, v)
		}
		return err
	}
}
