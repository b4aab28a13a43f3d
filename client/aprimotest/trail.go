package aprimotest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// trailOf returns what a change does to the fields of a record, as a trail shows it: the
// value of one, or what is added to a list and removed from it. Here alone ids have dashes
// (an example of Aprimo's that reads them).
func (rec *record) trailOf(put []document) []any {
	changes := []any{}
	for _, f := range put {
		for _, l := range localized(f) {
			change := document{"fieldId": dashed(text(f["id"])), "languageId": dashed(text(l["languageId"]))}
			if hasMember(text(f["dataType"]), "value") {
				change["value"] = l["value"]
			} else {
				before, now := rec.textsOf(f["id"], l["languageId"]), valueTexts(l)
				change["items"] = document{"added": without(now, before), "removed": without(before, now)}
			}
			changes = append(changes, change)
		}
	}
	return changes
}

// textsOf are the values of a field in a language.
func (rec *record) textsOf(id, language any) []string {
	for _, f := range rec.fields {
		for _, l := range localized(f) {
			if f["id"] == id && l["languageId"] == language {
				return valueTexts(l)
			}
		}
	}
	return nil
}

// without returns what is in one list and not in another.
func without(all, others []string) []any {
	rest := slices.DeleteFunc(slices.Clone(all), func(value string) bool { return slices.Contains(others, value) })
	return mapped(rest, func(value string) any { return document{"value": value} })
}

func dashed(id string) string {
	return strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
}

// note writes a change of a record into its trail.
func (rec *record) note(changes []any) {
	kind := "recordModified"
	if len(rec.trail) == 0 && rec.created.Equal(rec.modified) {
		kind = "recordCreated"
	}
	rec.trail = append(rec.trail, document{
		"id": len(rec.trail) + 1, "type": kind, "userId": nameID(rec.modifiedBy), "createdOn": stamp(rec.modified),
		"changeCount": len(changes), "~changes": changes,
	})
}

// getEntry returns one entry of the trail, by its number, from one, with its changes.
func (s *store) getEntry(_ http.ResponseWriter, r *http.Request) any {
	rec := s.recordOf(r)
	n, err := strconv.Atoi(r.PathValue("entry"))
	missing.when(err != nil || n < 1 || n > len(rec.trail), "No entry was found with number '%s'.", r.PathValue("entry"))
	entry := union(rec.trail[n-1], document{"objectId": rec.id(), "changes": rec.trail[n-1]["~changes"]})
	delete(entry, "type")
	return s.show(object{kind: kindOf["recordtrailchanges"], doc: entry, path: r.PathValue("path")}, newQuery(r))
}

// getTrail lists what was done to a record, the latest first.
func (s *store) getTrail(_ http.ResponseWriter, r *http.Request) any {
	rec, entries, filter := s.recordOf(r), []any{}, inQuery(r, "filter")
	for _, entry := range slices.Backward(rec.trail) {
		if isDownload := entry["type"] == "recordDownloaded"; filter == "" || isDownload == (filter == "download") {
			entries = append(entries, entry)
		}
	}
	first, last := pageOf(r).bounds(len(entries))
	doc := document{"entries": entries[first:last], "entryCount": len(entries), "objectId": rec.id()}
	return s.show(object{kind: kindOf["recordtrail"], doc: doc, path: r.PathValue("path")}, newQuery(r))
}

// createLock keeps a lock on a record. Nothing is refused because of it.
func (s *store) createLock(w http.ResponseWriter, r *http.Request, in document) any {
	rec, k := s.recordOf(r), kindOf["recordlock"]
	doc := k.changed(nil, in)
	s.complete(rec)
	doc["lockId"], doc["lockedOn"] = s.newID(), stamp(time.Now())
	rec.locks = append(rec.locks, doc)
	w.WriteHeader(http.StatusCreated)
	return s.show(object{kind: k, doc: doc}, newQuery(r))
}
