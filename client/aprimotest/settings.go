package aprimotest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

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
