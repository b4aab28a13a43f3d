package aprimotest

import (
	"net/http"
	"path"
	"strings"
	"time"
)

func (s *store) listDocuments(k *kind) handler {
	return func(_ http.ResponseWriter, r *http.Request) any {
		list := r.PathValue("path")
		s.owned(list)
		return s.matching(r, k, list, filterOf(r, s.documentWords(k)))
	}
}

// matching returns a page of the documents of a list that match.
func (s *store) matching(r *http.Request, k *kind, list string, wanted condition[document]) any {
	c := s.collection(list)
	found := c.which(wanted)
	sorted(found, func(id string) document { return c.byID[id] }, parameter(r, "sort"), s.documentWords(k))
	at := path.Join(path.Dir(list), k.path())
	return s.page(r, len(found), nil, func(i int) object {
		if s.lookups[k.name] != nil {
			return s.lookUp(k, found[i])
		}
		return object{kind: k, doc: c.byID[found[i]], path: at + "/" + found[i]}
	})
}

func (s *store) createDocument(k *kind) handler {
	return with(func(w http.ResponseWriter, r *http.Request, in document) any {
		list := r.PathValue("path")
		s.owned(list)
		doc := k.changed(nil, in)
		k.complete(doc)
		c, key := s.collection(list), k.keyName()
		if m := k.member(nil, key); m != nil && m.kind == "number" && doc[key] == nil {
			c.last++
			doc[key] = float64(c.last)
		}
		if k.key != "name" && doc["id"] == nil {
			doc["id"] = s.newID()
		}
		id := text(doc[key])
		conflict.when(c.find(k, id) != "", "There is a %s '%s' already.", k.name, id)
		s.save(k, id, doc, list)
		c.add(doc, id, time.Now())
		s.saved(k)
		return s.created(w, r, object{kind: k, doc: doc, path: path.Join(path.Dir(list), k.path()) + "/" + id, list: list})
	})
}

// created answers with an object that was made.
func (s *store) created(w http.ResponseWriter, r *http.Request, o object) any {
	q := newQuery(r)
	w.Header().Set("Location", q.base+o.path)
	w.WriteHeader(http.StatusCreated)
	return s.show(o, q)
}

func (s *store) getDocument(_ http.ResponseWriter, r *http.Request) any {
	return s.show(s.objectAt(r.PathValue("path")), newQuery(r))
}

// putDocument changes what a request names; null resets a property.
func (s *store) putDocument(_ http.ResponseWriter, r *http.Request, in document) any {
	return s.put(s.objectAt(r.PathValue("path")), in)
}

func (s *store) put(o object, in document) any {
	doc, id := o.kind.changed(o.doc, in), path.Base(o.path)
	o.kind.complete(doc)
	if o.kind.key != "" {
		doc[o.kind.key] = o.doc[o.kind.key]
	}
	s.save(o.kind, id, doc, o.list)
	doc["modifiedOn"] = stamp(time.Now())
	s.collection(o.list).keep(doc, id)
	s.saved(o.kind)
	return nil
}

func (s *store) deleteDocument(_ http.ResponseWriter, r *http.Request) any {
	o := s.objectAt(r.PathValue("path"))
	conflict.when(o.kind.name == "classification" && o.doc["hasChildren"] == true && !s.tenant.DeleteTrees,
		"The classification '%s' has others below it.", o.doc["id"])
	s.collection(o.list).remove(path.Base(o.path))
	s.saved(o.kind)
	return nil
}

// getRelated answers with what a relation of an object leads to.
func (s *store) getRelated(rel *relation) handler {
	return func(_ http.ResponseWriter, r *http.Request) any {
		o, q := s.objectAt(strings.TrimSuffix(r.PathValue("path"), "/"+rel.path)), newQuery(r)
		found := s.related(o, rel, q)
		missing.when(found == nil, "The %s '%s' has no %s.", o.kind.name, path.Base(o.path), rel.link)
		if all, ok := found.(listing); ok && (rel.paged || rel.how == '*' && !rel.target.bare) {
			return s.page(r, len(all), nil, func(i int) object { return all[i] })
		}
		return s.follow(o, rel, q)
	}
}

// getOneOf answers with one of what a relation leads to, by its id.
func (s *store) getOneOf(rel *relation) handler {
	return func(_ http.ResponseWriter, r *http.Request) any {
		at, q := r.PathValue("path"), newQuery(r)
		o := s.objectAt(path.Dir(path.Dir(at)))
		all, _ := s.related(o, rel, q).(listing)
		one := find(all, func(one object) bool { return one.doc["id"] == path.Base(at) })
		missing.when(one.doc == nil, "The %s has no %s with id '%s'.", o.kind.name, rel.one, path.Base(at))
		return s.show(one, q)
	}
}

// putSingle changes a document that an object has one of.
func (s *store) putSingle(k *kind) handler {
	return with(func(_ http.ResponseWriter, r *http.Request, in document) any {
		s.owned(r.PathValue("path"))
		return s.put(s.single(k, r.PathValue("path")), in)
	})
}
