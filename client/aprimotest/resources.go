package aprimotest

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

type document = map[string]any

// A collection has the documents of one resource, in the order in which they
// were made.
type collection struct {
	ids  []string
	byID map[string]document
}

// A resource is one that is kept as the JSON it was sent: many documents at the
// path of its plural, one of them at that of its singular.
type resource struct {
	plural, singular string
	key              string // what a document is found by; "" means its id
	tree             bool   // documents have a parent
}

var classifications = resource{plural: "classifications", singular: "classification", tree: true}

var resources = []resource{
	{plural: "fielddefinitions", singular: "fielddefinition"},
	{plural: "fieldgroups", singular: "fieldgroup"},
	{plural: "contenttypes", singular: "contenttype"},
	{plural: "filetypes", singular: "filetype"},
	{plural: "languages", singular: "language"},
	{plural: "translations", singular: "translation"},
	{plural: "users", singular: "user"},
	{plural: "usergroups", singular: "usergroup"},
	{plural: "permissions", singular: "permission", key: "name"},
	classifications,
	{plural: "collections", singular: "collection"},
	{plural: "publiclinks", singular: "publiclink"},
	{plural: "rules", singular: "rule"},
	{plural: "settingdefinitions", singular: "settingdefinition"},
	{plural: "settingcategories", singular: "settingcategory"},
	{plural: "settings", singular: "setting", key: "name"},
	{plural: "maintenancejobs", singular: "maintenancejob"},
	{plural: "checks", singular: "checks"}, // the plural for one as well
	{plural: "checkcategories", singular: "checkcategory"},
	{plural: "watermarks", singular: "watermark"},
	{plural: "downloadlinks", singular: "downloadlink"},
}

// seedID returns the id of a document of the start.
func seedID(kind, name string) string {
	sum := fnv.New128a()
	io.WriteString(sum, kind+"/"+strings.ToLower(name))
	return fmt.Sprintf("%x", sum.Sum(nil))
}

var fieldTypes = map[string]string{titleField: "SingleLineText", "Description": "MultiLineText", "Keywords": "TextList"}

// seed makes the few documents that every tenant has.
func (s *store) seed() {
	s.docs = make(map[string]*collection)
	for _, res := range resources {
		s.docs[res.plural] = &collection{byID: make(map[string]document)}
	}
	add := func(kind, name string, doc document) {
		doc["id"], doc["name"] = seedID(kind, name), name
		s.docs[kind].add(doc, doc["id"].(string), s.epoch)
	}
	add("languages", "English", document{"culture": "en-US", "isEnabledForFields": true})
	add("contenttypes", "Asset", document{"label": "Asset"})
	for _, name := range []string{titleField, "Description", "Keywords"} {
		add("fielddefinitions", name, document{"label": name, "dataType": fieldTypes[name]})
	}
	add("users", seedUser, document{"email": seedUser + "@example.com"})
	add("classifications", "Assets", document{"identifier": "assets", "parentId": nil})
	s.settleAll()
}

func (c *collection) add(doc document, id string, now time.Time) {
	doc["createdOn"], doc["modifiedOn"] = stamp(now), stamp(now)
	c.ids = append(c.ids, id)
	c.byID[id] = doc
}

// linked returns a document with its own address.
func (res resource) linked(r *http.Request, id string, doc document) document {
	view := maps.Clone(doc)
	view["_links"] = links{"self": {Href: baseURL(r) + apiPath + "/" + res.singular + "/" + id}}
	return view
}

func (s *store) listDocuments(res resource) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		match := func(document) bool { return true }
		if filter := parameter(r, "filter"); filter != "" {
			var err error
			if match, err = documentFilter(expression{Expression: filter}); err != nil {
				return err
			}
		} else if names := r.URL.Query().Get("names"); names != "" {
			wanted := strings.Split(names, ",")
			match = func(doc document) bool { name, _ := doc["name"].(string); return slices.Contains(wanted, name) }
		}
		return s.writeDocuments(w, r, res, match)
	}
}

// writeDocuments answers with a page of the documents that match.
func (s *store) writeDocuments(w http.ResponseWriter, r *http.Request, res resource, match func(document) bool) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	c, items := s.docs[res.plural], []document{}
	ids, err := c.find(match, r)
	if err != nil {
		return err
	}
	first, last := p.bounds(len(ids))
	for _, id := range ids[first:last] {
		items = append(items, res.linked(r, id, c.byID[id]))
	}
	writePaged(w, r, p, items, len(ids), nil)
	return nil
}

func (s *store) createDocument(res resource) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		doc := document{}
		if err := readJSON(r, &doc); err != nil {
			return err
		}
		doc["id"] = s.newID()
		id, _ := doc[cmp.Or(res.key, "id")].(string)
		c := s.docs[res.plural]
		if id == "" {
			return invalid("The %s has no %s.", res.singular, res.key)
		}
		if c.byID[id] != nil {
			return conflict("There is a %s '%s' already.", res.singular, id)
		}
		if res.tree {
			if err := s.place(id, doc); err != nil {
				return err
			}
			doc["hasChildren"] = false
			s.settle(doc)
		}
		c.add(doc, id, time.Now())
		view := res.linked(r, id, doc)
		w.Header().Set("Location", view["_links"].(links)["self"].Href)
		writeJSON(w, http.StatusCreated, view)
		return nil
	}
}

// askedDocument returns the document whose id is in the path of a request.
func (s *store) askedDocument(res resource, r *http.Request) (string, document, error) {
	id := r.PathValue("id")
	doc := s.docs[res.plural].byID[id]
	if doc == nil {
		return id, nil, missing("No %s was found with id '%s'.", res.singular, id)
	}
	return id, doc, nil
}

func (s *store) getDocument(res resource) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, doc, err := s.askedDocument(res, r)
		if err == nil {
			writeJSON(w, http.StatusOK, res.linked(r, id, doc))
		}
		return err
	}
}

// putDocument changes what a request names; null takes a property away.
func (s *store) putDocument(res resource) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		in := document{}
		if err := readJSON(r, &in); err != nil {
			return err
		}
		id, doc, err := s.askedDocument(res, r)
		if err != nil && res.plural != "settings" {
			return err
		}
		if err != nil { // a setting that was never set has its default until then
			doc = document{"name": id}
			s.docs[res.plural].add(doc, id, time.Now())
		}
		doc = maps.Clone(doc)
		for name, value := range in {
			switch {
			case name == "id" || name == res.key || name == "createdOn":
			case value == nil:
				delete(doc, name)
			default:
				doc[name] = value
			}
		}
		doc["modifiedOn"] = stamp(time.Now())
		if res.tree {
			if err := s.place(id, doc); err != nil {
				return err
			}
		}
		s.docs[res.plural].byID[id] = doc
		if res.tree {
			s.settleAll()
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

func (s *store) deleteDocument(res resource) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, doc, err := s.askedDocument(res, r)
		if err != nil {
			return err
		}
		if res.tree && doc["hasChildren"] == true {
			return conflict("The %s '%s' has others below it.", res.singular, id)
		}
		c := s.docs[res.plural]
		delete(c.byID, id)
		c.ids = slices.DeleteFunc(c.ids, func(other string) bool { return other == id })
		if res.tree {
			s.settleAll()
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}
