package aprimotest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

// settingObject finds a setting in the scope that the request is about. Its value is that of
// the system where it was not set, and else the default of its definition, which may be named
// by its id.
func (s *store) settingObject(name string) (o object) {
	value, known := "", false
	for id, doc := range s.collection("settingdefinitions").all() {
		if id == name || strings.EqualFold(text(doc["name"]), name) {
			name, value, known = text(doc["name"]), text(doc["defaultValue"]), true
		}
	}
	for _, scope := range []string{"system ", inQuery(s.request, "scope") + " " + normalizeID(inQuery(s.request, "scopeId"))} {
		if doc := s.collection("settings").byID[strings.ToLower(name+" "+scope)]; doc != nil {
			value, known = text(doc["value"]), true
		}
	}
	if known {
		o = object{doc: document{"name": name, "value": value}, path: "setting/" + name}
	}
	return o
}

// listSettings answers with the settings that names asks for, once or in a list.
func (s *store) listSettings(_ http.ResponseWriter, r *http.Request) any {
	all := listing{}
	for name, values := range r.URL.Query() {
		if !strings.EqualFold(strings.TrimSuffix(name, "[]"), "names") {
			continue
		}
		for one := range strings.SplitSeq(strings.Join(values, ","), ",") {
			if o := s.lookUp(kindOf["setting"], normalizeID(strings.TrimSpace(one))); o.doc != nil {
				all = append(all, o)
			}
		}
	}
	return s.list(all, "settings", false, newQuery(r))
}

func (s *store) putSetting(_ http.ResponseWriter, r *http.Request, in document) any {
	name := cmp.Or(text(s.settingObject(r.PathValue("id")).doc["name"]), r.PathValue("id"))
	scope := cmp.Or(strings.ToLower(text(valueOf(in, "scope"))), "system")
	invalid.when(!slices.Contains([]string{"user", "usergroup", "site", "system"}, scope), "'%s' is not a scope of a setting.", scope)
	key := strings.ToLower(name + " " + scope + " " + text(valueOf(in, "scopeId")))
	s.collection("settings").keep(document{"name": name, "value": valueOf(in, "value")}, key)
	return nil
}

// searchIndex counts what is in the index.
func (s *store) searchIndex(o object) document {
	anyRecord := func(*record) bool { return true }
	indexed := len(s.find(anyRecord, "", true))
	return union(document{
		"indexedRecords": indexed, "pendingChanges": len(s.find(anyRecord, "", false)) - indexed, "indexedClassifications": len(s.collection("classifications").ids),
		"lastIndexRebuild": stamp(s.epoch), "lastChangeDateTime": stamp(time.Now()),
	}, o.doc)
}
