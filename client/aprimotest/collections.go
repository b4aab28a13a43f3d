package aprimotest

import (
	"cmp"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// collectionRecords are the records that were put into a collection.
func (s *store) collectionRecords(o object, _ *query) any {
	all := listing{}
	for _, n := range s.inCollection(o.doc) {
		all = append(all, s.at(n, new(record)).object())
	}
	return all
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
	if o.doc["type"] == "Dynamic" && !s.tenant.DynamicRecords {
		panic(&failure{http.StatusInternalServerError, "System.NullReferenceException", "Object reference not set to an instance of an object."})
	}
	return s.pageOfRecords(r, s.inCollection(o.doc), nil)
}

func (s *store) putCollectionRecords(_ http.ResponseWriter, r *http.Request, in document) any {
	s.put(path.Dir(r.PathValue("path")), in)
	return nil
}

// ownCollection says whose a collection is, if its records are there.
func (s *store) ownCollection(_ string, doc document, _ string) {
	for _, item := range array(doc["~records"]) {
		if id := identity(item, nil); s.at(numberOf(id), new(record)) == nil {
			panic(missing("No record was found with id '%s'.", id))
		}
	}
	doc["ownerId"] = cmp.Or(doc["ownerId"], doc["~createdBy"])
}

// allPermissions shows the permissions of a user or a group: each that there is.
func (s *store) allPermissions(o object) document {
	items := []any{}
	for _, name := range s.collection("permissions").ids {
		items = append(items, document{"name": name, "value": "None"})
	}
	return document{"items": merged(items, document{"addOrUpdate": o.doc["permissions"]}, nil)}
}

// commentStatus counts the comments on a collection that a user has not read.
func (s *store) commentStatus(o object) document {
	list, unread := path.Dir(o.path), 0
	for _, comment := range s.collection(list).all() {
		if !s.hasRead(list, comment) {
			unread++
		}
	}
	return document{"unreadComments": unread}
}

// hasRead reports whether the user has read a comment of a list.
func (s *store) hasRead(list string, comment document) bool {
	until, _ := s.attached[list+"/status"][s.user(s.request)].(time.Time)
	at, ok := parseTime(text(comment["createdOn"]))
	return ok && !at.After(until)
}

// comment shows a comment with whether the user has read it.
func (s *store) comment(o object) document {
	doc := maps.Clone(o.doc)
	doc["read"] = s.hasRead(path.Dir(path.Dir(o.path))+"/comments", doc)
	return doc
}

// readComments notes until when a user has read the comments, and answers with what is left.
func (s *store) readComments(w http.ResponseWriter, r *http.Request, in struct{ ID, LastReadCommentDate string }) any {
	at := r.PathValue("path")
	s.owned(path.Dir(at))
	if s.attached[at] == nil {
		s.attached[at] = document{}
	}
	s.attached[at][s.user(r)] = timeOf(in.LastReadCommentDate)
	return s.getSingle(kindOf["commentstatus"])(w, r)
}

// calculatedPermission grants everything: the tenant has no rights.
func (s *store) calculatedPermission(name string) (object, bool) {
	return object{doc: document{"name": name, "value": "Granted"}}, true
}

// defaultSettings are settings that every tenant has, with their values.
var defaultSettings = map[string]string{
	".defaultRecordTitleField": titleField, ".defaultLanguageForUI": englishID, ".defaultLanguageForFields": englishID,
	".rest_SettingsWhitelist": "", ".minimumAvailableTimeForOrders": "30:00:00", ".minimumAvailableTimeForPreviews": "30:00:00",
}

// setting returns the value of a setting in a scope, which is the system's where it was not
// set, and else the default of its definition, which may be named by its id.
func (s *store) setting(r *http.Request, name string) (doc document, known bool) {
	value, known := defaultSettings[name]
	for id, doc := range s.collection("settingdefinitions").all() {
		if id == name || strings.EqualFold(text(doc["name"]), name) {
			name, value, known = text(doc["name"]), text(doc["defaultValue"]), true
		}
	}
	for _, scope := range []string{"system ", inQuery(r, "scope") + " " + inQuery(r, "scopeId")} {
		if doc := s.collection("settings").byID[strings.ToLower(name+" "+scope)]; doc != nil {
			value, known = text(doc["value"]), true
		}
	}
	return document{"name": name, "value": value}, known
}

func (s *store) getSetting(_ http.ResponseWriter, r *http.Request) any {
	doc, known := s.setting(r, r.PathValue("id"))
	if !known {
		panic(missing("No setting was found with name '%s'.", doc["name"]))
	}
	return s.show(object{kind: kindOf["setting"], doc: doc, path: "setting/" + text(doc["name"])}, newQuery(r))
}

// listSettings answers with the settings that names asks for, once or in a list.
func (s *store) listSettings(_ http.ResponseWriter, r *http.Request) any {
	all := listing{}
	for name, values := range r.URL.Query() {
		if !strings.EqualFold(strings.TrimSuffix(name, "[]"), "names") {
			continue
		}
		for one := range strings.SplitSeq(strings.Join(values, ","), ",") {
			if doc, known := s.setting(r, strings.TrimSpace(one)); known {
				all = append(all, object{kind: kindOf["setting"], doc: doc, path: "setting/" + text(doc["name"])})
			}
		}
	}
	return s.list(all, "settings", false, newQuery(r))
}

func (s *store) putSetting(_ http.ResponseWriter, r *http.Request, in document) any {
	known, _ := s.setting(r, r.PathValue("id"))
	scope := cmp.Or(strings.ToLower(text(valueOf(in, "scope"))), "system")
	if !slices.Contains([]string{"user", "usergroup", "site", "system"}, scope) {
		panic(invalid("'%s' is not a scope of a setting.", scope))
	}
	key := strings.ToLower(text(known["name"]) + " " + scope + " " + text(valueOf(in, "scopeId")))
	s.collection("settings").byID[key] = document{"name": known["name"], "value": valueOf(in, "value")}
	return nil
}

// searchIndex counts what is in the index.
func (s *store) searchIndex(o object) document {
	pending, now := 0, time.Now()
	for _, rec := range s.records {
		if rec != nil && rec != deleted && now.Before(rec.indexed) {
			pending++
		}
	}
	doc := document{
		"indexedRecords": len(s.records) - pending, "pendingChanges": pending, "indexedClassifications": len(s.collection("classifications").ids),
		"lastIndexRebuild": stamp(s.epoch), "lastChangeDateTime": stamp(now),
	}
	maps.Copy(doc, o.doc)
	return doc
}

func (s *store) deleteStatistics(http.ResponseWriter, *http.Request) any {
	delete(s.attached, "statistics")
	return nil
}

// downloadImage answers with an image itself.
func (s *store) downloadImage(w http.ResponseWriter, r *http.Request) any {
	rec, kind := s.recordOf(r), path.Base(path.Dir(r.PathValue("path")))
	if len(s.filesOf(rec)) == 0 {
		panic(missing("Record '%s' has no image '%s'.", rec.id(), kind))
	}
	w.Header().Set("Content-Type", "image/jpeg")
	image := imageContent(rec.id(), kind)
	http.ServeContent(w, r, "", rec.modified, image.reader())
	return nil
}
