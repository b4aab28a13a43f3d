package aprimotest

import (
	"maps"
	"net/http"
	"slices"
)

// me answers with the user of the token.
func (sc moScope) me(s *store, w http.ResponseWriter, r *http.Request) error {
	login := s.user(r)
	id := userNumber(login)
	if sc.all.byID[id] == nil {
		sc.all.ids = append(sc.all.ids, id)
		sc.all.byID[id] = document{
			"userId": moNumber(id), "loginId": login, "email": login + "@example.com", "lastName": login, "adamUserId": nameID(login),
		}
	}
	return sc.show(s, w, r, sc.all.byID[id])
}

// moMine reports whether a task is the caller's, and has the status that is asked for.
func (s *store) moMine(r *http.Request, task document) bool {
	status := r.URL.Query().Get("status")
	return text(task["assignedTo"]) == userNumber(s.user(r)) && (status == "" || text(task["status"]) == status)
}

// types lists the system types that have items, and the usual ones.
func (sc moScope) types(_ *store, w http.ResponseWriter, r *http.Request) error {
	names := []string{"activity", "attachment", "commitment", "invoice", "offer", "supplier"}
	for _, item := range sc.all.byID {
		if name := text(item["systemType"]); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	types := []document{}
	for _, name := range slices.Compact(names) {
		types = append(types, document{"type": document{"systemTypeName": name, "uri": baseURL(r) + "/api/system-types/" + name}})
	}
	writeJSON(w, http.StatusOK, document{"systemtypes": types})
	return nil
}

// texts finds texts by their id or a part of them, all without a query. Their list is
// not embedded, other than all others.
func (sc moScope) texts(_ *store, w http.ResponseWriter, r *http.Request) error {
	found := []document{}
	for _, id := range sc.all.ids {
		value, contains := sc.all.byID[id]["value"], moOperators["contains"]
		if contains(sc.in["query"], id) || contains(value, sc.in["query"]) {
			found = append(found, document{"id": id, "value": value})
		}
	}
	writeJSON(w, http.StatusOK, document{"_total": len(found), "resources": found})
	return nil
}

// lookup answers with a list of choices, those with a text in them alone if there
// is one in the query.
func (sc moScope) lookup(s *store, w http.ResponseWriter, r *http.Request, doc document) error {
	all, _ := doc["items"].([]any)
	items := []any{}
	for _, item := range all {
		choice, _ := item.(document)
		if moOperators["contains"](choice["value"], r.URL.Query().Get("filterText")) {
			items = append(items, item)
		}
	}
	doc = maps.Clone(doc)
	doc["items"], doc["count"] = items, len(items)
	return sc.show(s, w, r, doc)
}

// activity answers with the activity that an object belongs to.
func (sc moScope) activity(s *store, w http.ResponseWriter, r *http.Request, doc document) error {
	id := doc["activityId"]
	if id == nil {
		id = doc["objectId"]
	}
	r.SetPathValue("id", text(id))
	activities := moByPath["activities"]
	return moOne(moScope.show)(moScope{moKind: activities, all: s.moAll(activities)}, s, w, r)
}

func (sc moScope) annotations(_ *store, w http.ResponseWriter, _ *http.Request, _ document) error {
	writeJSON(w, http.StatusOK, `<?xml version="1.0" encoding="UTF-8"?><xfdf xmlns="http://ns.adobe.com/xfdf/"><annots/></xfdf>`)
	return nil
}

// tags changes the tags of a version that are named by their number, and makes others.
func (sc moScope) tags(s *store, w http.ResponseWriter, r *http.Request) error {
	tags, _ := valueOf(sc.in, "tags").([]any)
	for _, item := range tags {
		tag, _ := item.(document)
		doc := sc.all.byID[text(tag["tagId"])]
		if doc == nil {
			doc = document{}
			sc.add(sc.all, doc)
		}
		sc.change(doc, tag)
		maps.Copy(doc, sc.links)
	}
	return sc.index(s, w, r)
}

// members reads and changes who has a role.
func (sc moScope) members(s *store, w http.ResponseWriter, r *http.Request) error {
	role, err := sc.get(r.PathValue("id"))
	if err != nil && r.Method == http.MethodDelete && sc.all.given(r.PathValue("id")) {
		w.WriteHeader(http.StatusNoContent) // the role was deleted, and its members with it
		return nil
	}
	if err != nil {
		return err
	}
	all := []document{}
	for _, name := range []string{"users", "userTokens"} {
		old, _ := role[name].([]any)
		added, _ := sc.in[name].([]any)
		members := []any{}
		for _, member := range append(slices.Clone(old), added...) {
			doc, _ := member.(document)
			if r.Method != http.MethodDelete || text(doc["id"]) != r.PathValue("member") {
				members, all = append(members, member), append(all, doc)
			}
		}
		role[name] = members
	}
	switch r.Method {
	case http.MethodGet:
		return s.moPage(w, r, moKindOf("members"), "member", all)
	case http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	default:
		return sc.show(s, w, r, role)
	}
	return nil
}
