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
		id := text(doc["id"])
		var e expression
		if s.searched[id] || again(doc["searchExpression"], &e) != nil {
			return nil // what is searched for is in itself
		}
		s.searched[id] = true
		defer delete(s.searched, id)
		c, err := compile(e, s.recordWords(), 0)
		if err == nil {
			found, _ = s.find(c, "", true)
		}
		return found
	}
	items, _ := doc["~records"].([]any)
	for _, item := range items {
		if n := numberOf(identity(item, nil)); s.at(n, new(record)) != nil {
			found = append(found, n)
		}
	}
	return found
}

func (s *store) getCollectionRecords(w http.ResponseWriter, r *http.Request) error {
	o, err := s.lookUp(kindOf["collection"], r.PathValue("id"))
	if err != nil {
		return err
	}
	if o.doc["type"] == "Dynamic" && !s.dynamicRecords {
		return &failure{http.StatusInternalServerError, "System.NullReferenceException", "Object reference not set to an instance of an object."}
	}
	return s.writeRecords(w, r, s.inCollection(o.doc), nil)
}

func (s *store) putCollectionRecords(w http.ResponseWriter, r *http.Request, in document) error {
	r.SetPathValue("path", path.Dir(r.PathValue("path")))
	return s.putDocument(w, r, in)
}

// ownCollection says whose a collection is, if its records are there.
func (s *store) ownCollection(_ string, doc document, _ string) error {
	items, _ := doc["~records"].([]any)
	for _, item := range items {
		if id := identity(item, nil); s.at(numberOf(id), new(record)) == nil {
			return missing("No record was found with id '%s'.", id)
		}
	}
	if doc["ownerId"] == nil {
		doc["ownerId"] = doc["~createdBy"]
	}
	return nil
}

// allPermissions shows the permissions of a user or a group: each that there is.
func (s *store) allPermissions(o object) document {
	given, _ := o.doc["permissions"].([]any)
	items := []any{}
	for _, name := range s.collection("permissions").ids {
		items = append(items, document{"name": name, "value": "None"})
	}
	items, _ = merged(items, document{"addOrUpdate": given}, nil)
	return document{"items": items}
}

// commentStatus counts the comments on a collection that a user has not read.
func (s *store) commentStatus(o object) document {
	list, unread := strings.TrimSuffix(o.path, "/status"), 0
	for _, comment := range s.collection(list).byID {
		if !s.hasRead(list, comment) {
			unread++
		}
	}
	return document{"unreadComments": unread}
}

// hasRead reports whether the user has read a comment of a list.
func (s *store) hasRead(list string, comment document) bool {
	until, _ := s.attached[list+"/status"][s.user(s.request)].(time.Time)
	at, err := parseTime(text(comment["createdOn"]))
	return err == nil && !at.After(until)
}

// comment shows a comment with whether the user has read it.
func (s *store) comment(o object) document {
	doc := maps.Clone(o.doc)
	doc["read"] = s.hasRead(path.Dir(path.Dir(o.path))+"/comments", doc)
	return doc
}

// readComments notes until when a user has read the comments, and answers with what is left.
func (s *store) readComments(w http.ResponseWriter, r *http.Request, in struct{ ID, LastReadCommentDate string }) error {
	at := r.PathValue("path")
	read, err := parseTime(in.LastReadCommentDate)
	if err := cmp.Or(s.owned(path.Dir(at)), err); err != nil {
		return err
	}
	if s.attached[at] == nil {
		s.attached[at] = document{}
	}
	s.attached[at][s.user(r)] = read
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

// setting returns a setting in a scope, which is the system's where it was not set,
// and else the default of its definition, which may be named by its id.
func (s *store) setting(r *http.Request, name string) (object, error) {
	value, known := defaultSettings[name]
	c := s.collection("settingdefinitions")
	for id, doc := range c.byID {
		if id == name || strings.EqualFold(text(doc["name"]), name) {
			name, value, known = text(doc["name"]), text(doc["defaultValue"]), true
		}
	}
	set := s.collection("settings").byID
	scope := strings.ToLower(name + " " + inQuery(r, "scope") + " " + inQuery(r, "scopeId"))
	for _, key := range []string{strings.ToLower(name + " system "), scope} {
		if doc := set[key]; doc != nil {
			value, known = text(doc["value"]), true
		}
	}
	if !known {
		return object{}, missing("No setting was found with name '%s'.", name)
	}
	return object{kind: kindOf["setting"], doc: document{"name": name, "value": value}, path: "setting/" + name}, nil
}

func (s *store) getSetting(w http.ResponseWriter, r *http.Request) error {
	o, err := s.setting(r, r.PathValue("id"))
	if err == nil {
		s.writeObject(w, r, http.StatusOK, o)
	}
	return err
}

// listSettings answers with the settings that names asks for, once or in a list.
func (s *store) listSettings(w http.ResponseWriter, r *http.Request) error {
	all := listing{}
	for name, values := range r.URL.Query() {
		if !strings.EqualFold(strings.TrimSuffix(name, "[]"), "names") {
			continue
		}
		for one := range strings.SplitSeq(strings.Join(values, ","), ",") {
			if o, err := s.setting(r, strings.TrimSpace(one)); err == nil {
				all = append(all, o)
			}
		}
	}
	writeJSON(w, http.StatusOK, s.list(all, "settings", false, newQuery(r)))
	return nil
}

func (s *store) putSetting(w http.ResponseWriter, r *http.Request, in document) error {
	o, err := s.setting(r, r.PathValue("id"))
	name := r.PathValue("id")
	if err == nil {
		name = text(o.doc["name"])
	}
	scope := strings.ToLower(text(valueOf(in, "scope")))
	if scope == "" {
		scope = "system"
	}
	if !slices.Contains([]string{"user", "usergroup", "site", "system"}, scope) {
		return invalid("'%s' is not a scope of a setting.", scope)
	}
	key := strings.ToLower(name + " " + scope + " " + text(valueOf(in, "scopeId")))
	s.collection("settings").byID[key] = document{"name": name, "value": valueOf(in, "value")}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// searchIndex counts what is in the index.
func (s *store) searchIndex(o object) document {
	doc := maps.Clone(o.doc)
	if doc == nil {
		doc = document{}
	}
	pending, now := 0, time.Now()
	for _, rec := range s.records {
		if rec != nil && rec != deleted && now.Before(rec.indexed) {
			pending++
		}
	}
	doc["indexedRecords"], doc["pendingChanges"] = len(s.records)-pending, pending
	doc["indexedClassifications"] = len(s.collection("classifications").ids)
	doc["lastIndexRebuild"], doc["lastChangeDateTime"] = stamp(s.epoch), stamp(now)
	return doc
}

func (s *store) deleteStatistics(w http.ResponseWriter, _ *http.Request) error {
	delete(s.attached, "statistics")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// downloadImage answers with an image itself.
func (s *store) downloadImage(w http.ResponseWriter, r *http.Request, rec *record) error {
	kind := path.Base(path.Dir(r.PathValue("path")))
	if len(s.filesOf(rec)) == 0 {
		return missing("Record '%s' has no image '%s'.", rec.id(), kind)
	}
	w.Header().Set("Content-Type", "image/jpeg")
	image := imageContent(rec.id(), kind)
	http.ServeContent(w, r, "", rec.modified, image.reader())
	return nil
}
