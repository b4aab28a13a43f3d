package aprimotest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const defaultRecords = 3

// A record is what the tenant keeps of one.
type record struct {
	number    uint64 // its id, and its place in the store, from one
	generated bool   // nobody has changed it: the lists below are made when asked for

	status, contentType, title, tag string
	created, modified               time.Time
	indexed                         time.Time // search finds it from then on
	createdBy, modifiedBy           string

	fields          []field
	classifications []string
	files           []file // the first is the master
	locks           []map[string]any
	trail           []map[string]any
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

// fill makes the records of the start. They take eight bytes each, until they are
// changed: what they have can be told from their number.
func (s *store) fill(n int) { s.records = make([]*record, n); s.initial = n }

// at returns the record with a number; nil if there is none. Of one that nobody
// has changed it is a copy, made in the scratch.
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
	made := s.epoch.Add(-time.Duration((s.initial-int(number))/s.together+1) * time.Second)
	*scratch = record{
		number: number, generated: true, status: "released", contentType: "Asset",
		created: made, modified: made, createdBy: seedUser, modifiedBy: seedUser,
	}
	return scratch
}

// deleted stands for a record that was; its number is not given again.
var deleted = new(record)

// asked returns the record whose id is in the path of a request.
func (s *store) asked(r *http.Request) (*record, error) {
	if rec := s.at(numberOf(r.PathValue("id")), new(record)); rec != nil {
		return rec, nil
	}
	return nil, missing("No record was found with id '%s'.", r.PathValue("id"))
}

// complete gives a record that was generated all it has, so that it can be changed.
func (s *store) complete(rec *record) {
	if !rec.generated {
		return
	}
	rec.fields, rec.files = s.fieldsOf(rec), s.filesOf(rec)
	rec.classifications, rec.title = s.classificationsOf(rec), rec.name()
	rec.generated = false
	s.records[rec.number-1] = rec
}

func (s *store) getRecord(w http.ResponseWriter, r *http.Request) error {
	rec, err := s.asked(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, s.view(rec, r, false))
	return nil
}

// A recordChange is the body of a request that makes or changes a record. What is
// not in it stays as it is.
type recordChange struct {
	Status      *string `json:"status"`
	ContentType *string `json:"contentType"`
	Tag         *string `json:"tag"`
	Fields      struct {
		Put    []field `json:"addOrUpdate"`
		Remove []ref   `json:"remove"`
	} `json:"fields"`
	Classifications struct {
		Put    []ref `json:"addOrUpdate"`
		Remove []ref `json:"remove"`
	} `json:"classifications"`
	Files struct {
		Master string       `json:"master"`
		Put    []fileChange `json:"addOrUpdate"`
		Remove []ref        `json:"remove"`
	} `json:"files"`
}

// A ref is the id of something, as an object or alone.
type ref string

func (f *ref) UnmarshalJSON(data []byte) error {
	var object struct{ ID string }
	if json.Unmarshal(data, &object) == nil && object.ID != "" {
		*f = ref(object.ID)
		return nil
	}
	return json.Unmarshal(data, (*string)(f))
}

func (s *store) createRecord(w http.ResponseWriter, r *http.Request) error {
	var in recordChange
	if err := readJSON(r, &in); err != nil {
		return err
	}
	now := time.Now()
	rec := &record{number: uint64(len(s.records) + 1), status: "draft", contentType: "Asset", created: now, createdBy: s.user(r)}
	rec.indexed = s.indexedAt(r, now)
	if err := s.change(rec, in, r); err != nil {
		return err
	}
	s.records = append(s.records, rec)
	view := s.view(rec, r, false)
	w.Header().Set("Location", view.Links["self"].Href)
	writeJSON(w, http.StatusCreated, view)
	return nil
}

func (s *store) putRecord(w http.ResponseWriter, r *http.Request) error {
	rec, err := s.asked(r)
	if err != nil {
		return err
	}
	var in recordChange
	if err := readJSON(r, &in); err != nil {
		return err
	}
	s.complete(rec)
	if err := s.change(rec, in, r); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *store) deleteRecord(w http.ResponseWriter, r *http.Request) error {
	rec, err := s.asked(r)
	if err != nil {
		return err
	}
	s.records[rec.number-1] = deleted
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// change does all that a request asks for, or nothing: what can be wrong with it
// is looked at first.
func (s *store) change(rec *record, in recordChange, r *http.Request) error {
	if in.Status != nil && !slices.Contains([]string{"", "draft", "released", "archived"}, *in.Status) {
		return invalid("'%s' is not a status of a record", *in.Status)
	}
	for i := range in.Fields.Put {
		if err := s.define(&in.Fields.Put[i]); err != nil {
			return err
		}
	}
	for _, c := range in.Classifications.Put {
		if s.docs["classifications"].byID[string(c)] == nil {
			return missing("No classification was found with id '%s'.", c)
		}
	}
	files, err := s.newFiles(rec, in, r)
	if err != nil {
		return err
	}
	set(&rec.status, in.Status)
	set(&rec.contentType, in.ContentType)
	if in.Tag != nil {
		rec.tag = *in.Tag
	}
	rec.changeFields(in.Fields.Put, in.Fields.Remove)
	for _, c := range in.Classifications.Put {
		if !slices.Contains(rec.classifications, string(c)) {
			rec.classifications = append(rec.classifications, string(c))
		}
	}
	rec.classifications = slices.DeleteFunc(rec.classifications, func(id string) bool {
		return slices.Contains(in.Classifications.Remove, ref(id))
	})
	rec.files = files
	rec.modified, rec.modifiedBy = time.Now(), s.user(r)
	rec.trail = append(rec.trail, map[string]any{
		"entryId": len(rec.trail) + 1, "type": "change", "date": stamp(rec.modified), "userName": rec.modifiedBy,
	})
	return nil
}

// set gives a property a value that is not empty.
func set(property, value *string) {
	if value != nil && *value != "" {
		*property = *value
	}
}

// indexedAt returns when search finds what a request makes.
func (s *store) indexedAt(r *http.Request, now time.Time) time.Time {
	if r.Header.Get("set-immediateSearchIndexUpdate") == "true" {
		return now
	}
	return now.Add(s.indexDelay)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
