package aprimotest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A record is what the tenant keeps of one.
type record struct {
	number    uint64 // its id, and its place in the store, from one
	generated bool   // nobody has changed it: the lists below are made when asked for

	status, contentType, title, tag string
	created, modified               time.Time
	indexed                         time.Time // search finds it from then on
	createdBy, modifiedBy           string

	fields          []document
	classifications []any   // documents with an id
	files           []*part // the first is the master
	accessLists     []any
	locks           []any
	trail           []document
}

func (rec *record) id() string { return hexID(rec.number) }

func (rec *record) name() string {
	if rec.title == "" {
		return "Record " + strconv.FormatUint(rec.number, 10)
	}
	return rec.title
}

func hexID(n uint64) string { return fmt.Sprintf("%032x", n) }

// numberOf returns the number that an id has, and zero if it is not one of ours.
func numberOf(id string) uint64 {
	n, err := strconv.ParseUint(id, 16, 63)
	if err != nil || hexID(n) != id {
		return 0
	}
	return n
}

// at returns the record with a number; nil if there is none. Of one of the start that nobody
// has changed it is a copy, made in the scratch: what it has follows from its number.
func (s *store) at(number uint64, scratch *record) *record {
	if number == 0 || number > uint64(len(s.records)) {
		return nil
	}
	rec := s.records[number-1]
	if rec == deleted {
		return nil
	}
	if rec != nil {
		return rec
	}
	made := s.epoch.Add(-time.Duration((s.initial-int(number))/max(1, s.tenant.CreatedTogether)+1) * time.Second)
	if !scratch.generated { // another has the same texts
		*scratch = record{generated: true, status: "Released", contentType: "Asset", createdBy: seedUser, modifiedBy: seedUser, classifications: inAssets}
	}
	scratch.number, scratch.created, scratch.modified = number, made, made
	return scratch
}

// deleted stands for a record that was; its number is not given again.
var deleted = new(record)

// recordOf returns the record whose id is in the path of a request.
func (s *store) recordOf(r *http.Request) *record {
	rec := s.at(numberOf(r.PathValue("id")), new(record))
	missing.when(rec == nil, "No record was found with id '%s'.", r.PathValue("id"))
	return rec
}

func (s *store) recordObject(id string) object { return s.at(numberOf(id), new(record)).object() }

func (rec *record) object() object {
	if rec == nil {
		return object{}
	}
	doc := document{
		"id": rec.id(), "status": rec.status, "contentType": rec.contentType, "title": rec.name(), "aiInfluenced": "No",
		"createdOn": stamp(rec.created), "modifiedOn": stamp(rec.modified),
		"~createdBy": nameID(rec.createdBy), "~modifiedBy": nameID(rec.modifiedBy), "~accessLists": rec.accessLists, "~locks": rec.locks,
	}
	if rec.tag != "" {
		doc["tag"] = rec.tag
	}
	return object{kind: kindOf["record"], doc: doc, path: "record/" + rec.id(), of: rec}
}

// complete gives a record that was generated all it has, so that it can be changed.
func (s *store) complete(rec *record) {
	if rec != nil && rec.generated {
		rec.fields, rec.files, rec.title = s.fieldsOf(rec), s.filesOf(rec), rec.name()
		rec.generated, s.records[rec.number-1] = false, rec
	}
}

func (s *store) createRecord(w http.ResponseWriter, r *http.Request, in document) any {
	now := time.Now()
	rec := &record{number: uint64(len(s.records) + 1), status: "Draft", contentType: "Asset", created: kept(now), createdBy: s.user(r)}
	if rec.indexed = now; !strings.EqualFold(r.Header.Get("set-immediateSearchIndexUpdate"), "true") {
		rec.indexed = now.Add(max(0, orDefault(s.tenant.IndexDelay, defaultIndexDelay)))
	}
	s.changeRecord(rec, in, s.user(r), now)
	s.records = append(s.records, rec)
	return s.created(w, r, rec.object())
}

func (s *store) putRecord(_ http.ResponseWriter, r *http.Request, in document) any {
	rec := s.recordOf(r)
	s.complete(rec)
	s.changeRecord(rec, in, s.user(r), time.Now())
	return nil
}

func (s *store) deleteRecord(_ http.ResponseWriter, r *http.Request) any {
	s.records[s.recordOf(r).number-1] = deleted
	return nil
}

// changeRecord does all that a request asks for, or nothing: what can be wrong with it
// is looked at first.
func (s *store) changeRecord(rec *record, in document, user string, now time.Time) {
	doc := kindOf["record"].changed(document{"status": rec.status, "contentType": rec.contentType, "tag": rec.tag, "~accessLists": rec.accessLists}, in)
	fields, classified, files := actionsOf(in, "fields"), actionsOf(in, "classifications"), actionsOf(in, "files")
	put := mapped(array(valueOf(fields, "addOrUpdate")), s.define)
	for _, item := range array(valueOf(classified, "addOrUpdate")) {
		id := identity(item, nil)
		missing.when(s.collection("classifications").byID[id] == nil, "No classification was found with id '%s'.", id)
	}
	classifications := merged(rec.classifications, classified, kindOf["recordclassification"])
	rec.files = s.changeFiles(rec, files, user) // the last that can refuse
	rec.status, rec.contentType = cmp.Or(text(doc["status"]), rec.status), cmp.Or(text(doc["contentType"]), rec.contentType)
	rec.tag, rec.classifications, rec.accessLists = text(doc["tag"]), classifications, array(doc["~accessLists"])
	changes := rec.trailOf(put)
	rec.changeFields(put, array(valueOf(fields, "remove")), s.tenant.Guesses.LinksReplaced)
	rec.modified, rec.modifiedBy = kept(now), user
	if isNew := len(rec.trail) == 0 && rec.created.Equal(rec.modified); isNew {
		rec.note("recordCreated", user, changes)
	} else if len(changes) > 0 || !s.tenant.Guesses.FieldsTrailed {
		rec.note("recordModified", user, changes)
	}
}

// actionsOf returns what a request adds to a set of a record and removes from it.
func actionsOf(in document, name string) document {
	actions, ok := valueOf(in, name).(document)
	invalid.when(!ok && valueOf(in, name) != nil, "The %s of a record must have addOrUpdate and remove.", name)
	return actions
}

// inAssets are the classifications of the records of the start.
var inAssets = []any{document{"id": seedID("classifications", "Assets")}}

func (s *store) recordClassifications(o object, _ *query) any {
	all := listing{}
	for _, item := range o.of.(*record).classifications {
		if id := identity(item, nil); s.collection("classifications").byID[id] != nil { // nil if it was deleted since
			all = append(all, object{kind: kindOf["recordclassification"], doc: item.(document), path: o.path + "/classification/" + id})
		}
	}
	return all
}

// stamp returns a time as an answer has it.
func stamp(t time.Time) string { return kept(t).UTC().Format(time.RFC3339Nano) }

// kept returns a time as the database keeps it: to a three-hundredth of a second. Shown are
// milliseconds, without zeros at the end: a third digit is 3 or 7 (95 of 95 of BI and Bosch, live).
func kept(t time.Time) time.Time {
	second := t.Truncate(time.Second)
	ticks := (t.Sub(second)*300 + time.Second/2) / time.Second
	return second.Add((ticks*10 + 1) / 3 * time.Millisecond)
}

// trailOf returns what a change does to the fields of a record, as a trail shows it: the
// value of one, or what is added to a list and removed from it. Here alone ids have dashes
// (an example of Aprimo's that reads them).
func (rec *record) trailOf(put []document) []any {
	changes := []any{}
	for _, f := range put {
		old := find(rec.fields, func(old document) bool { return old["id"] == f["id"] })
		for _, l := range localized(f) {
			change := document{"fieldId": dashed(text(f["id"])), "languageId": dashed(text(l["languageId"]))}
			if hasMember(text(f["dataType"]), "value") {
				change["value"] = l["value"]
			} else {
				inLanguage := func(old document) bool { return old["languageId"] == l["languageId"] }
				before, now := valueTexts(find(localized(old), inLanguage)), valueTexts(l)
				change["items"] = document{"added": without(now, before), "removed": without(before, now)}
			}
			changes = append(changes, change)
		}
	}
	return changes
}

// without returns what is in one list and not in another.
func without(all, others []string) []any {
	rest := slices.DeleteFunc(slices.Clone(all), func(value string) bool { return slices.Contains(others, value) })
	return mapped(rest, func(value string) any { return document{"value": value} })
}

func dashed(id string) string {
	return strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
}

// note writes into the trail of a record what was done to it.
func (rec *record) note(what, user string, changes []any) {
	rec.trail = append(rec.trail, document{
		"id": len(rec.trail) + 1, "type": what, "userId": nameID(user), "createdOn": stamp(time.Now()),
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
	rec, entries, filter := s.recordOf(r), []any{}, parameter(r, "filter")
	for _, entry := range slices.Backward(rec.trail) {
		if isDownload := entry["type"] == "recordDownloaded"; filter == "" || isDownload == strings.EqualFold(filter, "download") {
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
