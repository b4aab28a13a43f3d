package aprimotest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// note writes a change of a record into its trail.
func (rec *record) note(s *store, in recordChange) {
	changes := []any{}
	for _, f := range in.Fields.Put {
		for _, l := range f.Localized {
			changes = append(changes, document{"type": "field", "fieldId": f.ID, "fieldName": f.Name, "languageId": l.Language, "newValue": field{Localized: []localizedValue{l}}.joined()})
		}
	}
	kind := "recordModified"
	if len(rec.trail) == 0 && rec.created.Equal(rec.modified) {
		kind = "recordCreated"
	}
	rec.trail = append(rec.trail, document{
		"id": len(rec.trail) + 1, "type": kind, "userId": nameID(rec.modifiedBy), "createdOn": stamp(rec.modified),
		"changeCount": len(changes), "~changes": changes,
	})
}

// joined returns the values of a field as one text.
func (f field) joined() string {
	var all string
	for i, t := range f.texts() {
		if i > 0 {
			all += ", "
		}
		all += t
	}
	return all
}

// getEntry returns one entry of the trail, by its number, from one.
func (s *store) getEntry(w http.ResponseWriter, r *http.Request, rec *record) error {
	n, err := strconv.Atoi(r.PathValue("entry"))
	if err != nil || n < 1 || n > len(rec.trail) {
		return missing("No entry was found with number '%s'.", r.PathValue("entry"))
	}
	entry := rec.trail[n-1]
	s.writeTrail(w, r, document{
		"id": n, "objectId": rec.id(), "userId": entry["userId"], "externalUserName": nil, "createdOn": entry["createdOn"],
		"changeCount": entry["changeCount"], "changes": entry["~changes"],
	})
	return nil
}

// getTrail lists what was done to a record.
func (s *store) getTrail(w http.ResponseWriter, r *http.Request, rec *record) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	entries := []document{}
	for _, entry := range rec.trail {
		filter := r.URL.Query().Get("filter")
		if isDownload := entry["type"] == "recordDownloaded"; filter == "" || isDownload == (filter == "download") {
			shown := maps.Clone(entry)
			delete(shown, "~changes")
			entries = append(entries, shown)
		}
	}
	slices.Reverse(entries)
	first, last := p.bounds(len(entries))
	s.writeTrail(w, r, document{"entries": entries[first:last], "entryCount": len(entries), "objectId": rec.id()})
	return nil
}

func (s *store) writeTrail(w http.ResponseWriter, r *http.Request, doc document) {
	if q := newQuery(r); q.hal {
		doc["_links"] = links{"self": {Href: q.base + r.PathValue("path")}}
	}
	writeJSON(w, http.StatusOK, doc)
}

// createLock keeps a lock on a record. Nothing is refused because of it.
func (s *store) createLock(w http.ResponseWriter, r *http.Request, in document) error {
	rec, err := s.recordOf(r)
	if err != nil {
		return err
	}
	doc, err := kindOf["recordlock"].changed(nil, in)
	if err != nil {
		return err
	}
	s.complete(rec)
	doc["lockId"], doc["lockedOn"] = s.newID(), stamp(time.Now())
	locks, _ := rec.more["~locks"].([]any)
	rec.keep("~locks", append(slices.Clone(locks), doc))
	writeJSON(w, http.StatusCreated, s.show(object{kind: kindOf["recordlock"], doc: doc}, newQuery(r)))
	return nil
}
