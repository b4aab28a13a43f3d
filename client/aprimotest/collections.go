package aprimotest

import (
	"cmp"
	"net/http"
	"path"
	"time"
)

// collectionRecords are the records that were put into a collection.
func (s *store) collectionRecords(o object, _ *query) any {
	return listing(mapped(s.inCollection(o.doc), func(n uint64) object { return s.at(n, new(record)).object() }))
}

// inCollection returns the numbers of the records in a collection, in the order in
// which they were put there, or of those that a dynamic one finds.
func (s *store) inCollection(doc document) (found []uint64) {
	if doc["type"] == "Dynamic" {
		if id := text(doc["id"]); !s.searched[id] { // what is searched for is in itself otherwise
			s.searched[id] = true
			defer delete(s.searched, id)
			refusal(func() {
				var e expression
				again(doc["searchExpression"], &e)
				found = s.find(compile(e, s.recordWords(), 0), "", true)
			})
		}
		return found
	}
	for _, item := range array(doc["~records"]) {
		if n := numberOf(identity(item, nil)); s.at(n, new(record)) != nil {
			found = append(found, n)
		}
	}
	return found
}

func (s *store) getCollectionRecords(_ http.ResponseWriter, r *http.Request) any {
	o := s.objectAt(path.Dir(r.PathValue("path")))
	broken := reason{http.StatusInternalServerError, "System.NullReferenceException"}
	broken.when(o.doc["type"] == "Dynamic" && !s.tenant.DynamicRecords, "Object reference not set to an instance of an object.")
	return s.pageOfRecords(r, s.inCollection(o.doc), nil)
}

func (s *store) putCollectionRecords(_ http.ResponseWriter, r *http.Request, in document) any {
	return s.put(s.objectAt(path.Dir(r.PathValue("path"))), in)
}

// ownCollection says whose a collection is, if its records are there.
func (s *store) ownCollection(_ string, doc document, _ string) {
	for _, item := range array(doc["~records"]) {
		id := identity(item, nil)
		missing.when(s.at(numberOf(id), new(record)) == nil, "No record was found with id '%s'.", id)
	}
	doc["ownerId"] = cmp.Or(doc["ownerId"], doc["~createdBy"])
}

// allPermissions shows the permissions of a user or a group: each that there is.
func (s *store) allPermissions(o object) document {
	items := mapped(s.collection("permissions").ids, func(name string) any { return document{"name": name, "value": "None"} })
	return document{"items": merged(items, document{"addOrUpdate": o.doc["permissions"]}, nil)}
}

// commentStatus counts the comments on a collection that a user has not read.
func (s *store) commentStatus(o object) document {
	list := path.Dir(o.path)
	unread := s.collection(list).where(func(comment document) bool { return !s.hasRead(list, comment) })
	return document{"unreadComments": len(unread)}
}

// hasRead reports whether the user has read a comment of a list.
func (s *store) hasRead(list string, comment document) bool {
	until, _ := s.collection(list + "/status").byID[s.user(s.request)]["until"].(time.Time)
	at, ok := parseTime(text(comment["createdOn"]))
	own := s.tenant.Guesses.OwnCommentsRead && comment["~createdBy"] == nameID(s.user(s.request))
	return own || ok && !at.After(until)
}

// comment shows a comment with whether the user has read it.
func (s *store) comment(o object) document {
	return union(o.doc, document{"read": s.hasRead(path.Dir(path.Dir(o.path))+"/comments", o.doc)})
}

// readComments notes until when a user has read the comments, and answers with what is left.
func (s *store) readComments(_ http.ResponseWriter, r *http.Request, in struct{ ID, LastReadCommentDate string }) any {
	at := r.PathValue("path")
	s.owned(path.Dir(at))
	until, ok := parseTime(in.LastReadCommentDate)
	invalid.when(!ok, "'%s' is not a time.", in.LastReadCommentDate)
	s.collection(at).keep(document{"until": until}, s.user(r))
	return s.show(s.single(kindOf["commentstatus"], at), newQuery(r))
}

// calculatedPermission grants everything: the tenant has no rights.
func (s *store) calculatedPermission(name string) object {
	return object{doc: document{"name": name, "value": "Granted"}}
}
