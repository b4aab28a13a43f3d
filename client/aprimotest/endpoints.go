package aprimotest

import (
	"maps"
	"net/http"
	"path"
	"strings"
	"time"
)

// asked returns the object that the path of a request is about.
func (s *store) asked(r *http.Request) (object, error) { return s.objectAt(r.PathValue("path")) }

func (s *store) listDocuments(k *kind) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		list := r.PathValue("path")
		if err := s.owned(list); err != nil {
			return err
		}
		c, err := filterOf(r, s.documentWords(k))
		if err != nil {
			return err
		}
		return s.writeDocuments(w, r, k, list, c)
	}
}

// writeDocuments answers with a page of the documents of a list that match.
func (s *store) writeDocuments(w http.ResponseWriter, r *http.Request, k *kind, list string, wanted condition[document]) error {
	c := s.collection(list)
	var found []string
	for _, id := range c.ids {
		if wanted.match(c.byID[id]) {
			found = append(found, id)
		}
	}
	if err := sorted(found, func(id string) document { return c.byID[id] }, parameter(r, "sort"), s.documentWords(k)); err != nil {
		return err
	}
	at := path.Join(path.Dir(list), k.path())
	return s.writePage(w, r, len(found), nil, func(i int) object {
		if s.lookups[k.name] != nil {
			o, _ := s.lookUp(k, found[i])
			return o
		}
		return object{kind: k, doc: c.byID[found[i]], path: at + "/" + found[i]}
	})
}

func (s *store) createDocument(k *kind) handler {
	return with(func(w http.ResponseWriter, r *http.Request, in document) error {
		list := r.PathValue("path")
		if err := s.owned(list); err != nil {
			return err
		}
		doc, err := k.changed(nil, in)
		if err == nil {
			err = k.complete(doc)
		}
		if err != nil {
			return err
		}
		c, key := s.collection(list), k.keyName()
		if m := k.member(nil, key); m != nil && m.kind == "number" && doc[key] == nil {
			c.last++
			doc[key] = float64(c.last)
		}
		if k.key != "name" && doc["id"] == nil {
			doc["id"] = s.newID()
		}
		id := text(doc[key])
		if _, ok := c.find(k, id); ok {
			return conflict("There is a %s '%s' already.", k.name, id)
		}
		s.sign(doc, r)
		if err := s.save(k, id, doc, list); err != nil {
			return err
		}
		c.add(doc, id, time.Now())
		s.saved(k)
		o := object{kind: k, doc: doc, path: path.Join(path.Dir(list), k.path()) + "/" + id, list: list}
		s.writeObject(w, r, http.StatusCreated, o)
		return nil
	})
}

// writeObject answers with an object.
func (s *store) writeObject(w http.ResponseWriter, r *http.Request, status int, o object) {
	q := newQuery(r)
	if status == http.StatusCreated {
		w.Header().Set("Location", q.base+o.path)
	}
	writeJSON(w, status, s.show(o, q))
}

func (s *store) getDocument(w http.ResponseWriter, r *http.Request) error {
	o, err := s.asked(r)
	if err == nil {
		s.writeObject(w, r, http.StatusOK, o)
	}
	return err
}

// putDocument changes what a request names; null resets a property.
func (s *store) putDocument(w http.ResponseWriter, r *http.Request, in document) error {
	o, err := s.asked(r)
	if err != nil {
		return err
	}
	doc, err := o.kind.changed(o.doc, in)
	if err == nil {
		err = o.kind.complete(doc)
	}
	if err != nil {
		return err
	}
	id := path.Base(o.path)
	if o.kind.key != "" {
		doc[o.kind.key] = o.doc[o.kind.key]
	}
	s.sign(doc, r)
	if err := s.save(o.kind, id, doc, o.list); err != nil {
		return err
	}
	doc["modifiedOn"] = stamp(time.Now())
	s.collection(o.list).byID[id] = doc
	s.saved(o.kind)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *store) deleteDocument(w http.ResponseWriter, r *http.Request) error {
	o, err := s.asked(r)
	if err != nil {
		return err
	}
	if o.kind.name == "classification" && o.doc["hasChildren"] == true && !s.deletesTrees {
		return conflict("The classification '%s' has others below it.", o.doc["id"])
	}
	s.remove(s.collection(o.list), path.Base(o.path))
	s.saved(o.kind)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// getRelated answers with what a relation of an object leads to.
func (s *store) getRelated(rel *relation) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		o, err := s.objectAt(strings.TrimSuffix(r.PathValue("path"), "/"+rel.path))
		if err != nil {
			return err
		}
		q := newQuery(r)
		found := s.related(o, rel, q)
		all, isListing := found.(listing)
		switch {
		case found == nil:
			return missing("The %s '%s' has no %s.", o.kind.name, path.Base(o.path), rel.link)
		case isListing && (rel.paged || rel.how == '*' && !rel.target.bare):
			return s.writePage(w, r, len(all), nil, func(i int) object { return all[i] })
		}
		writeJSON(w, http.StatusOK, s.follow(o, rel, q))
		return nil
	}
}

// getOneOf answers with one of what a relation leads to, by its id.
func (s *store) getOneOf(rel *relation) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		at := r.PathValue("path")
		o, err := s.objectAt(path.Dir(path.Dir(at)))
		if err != nil {
			return err
		}
		all, _ := s.related(o, rel, newQuery(r)).(listing)
		for _, one := range all {
			if one.doc["id"] == path.Base(at) {
				s.writeObject(w, r, http.StatusOK, one)
				return nil
			}
		}
		return missing("The %s has no %s with id '%s'.", o.kind.name, rel.one, path.Base(at))
	}
}

// putSingle changes a document that an object has one of, or the tenant.
func (s *store) putSingle(k *kind) handler {
	return with(func(w http.ResponseWriter, r *http.Request, in document) error {
		at := r.PathValue("path")
		if err := s.owned(at); err != nil {
			return err
		}
		doc, err := k.changed(s.attached[at], in)
		if err == nil {
			err = s.save(k, at, doc, "")
		}
		if err != nil {
			return err
		}
		s.attached[at] = doc
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
}

func (s *store) getSingle(k *kind) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		at := r.PathValue("path")
		s.writeObject(w, r, http.StatusOK, object{kind: k, doc: maps.Clone(s.attached[at]), path: at})
		return nil
	}
}
