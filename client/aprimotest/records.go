package aprimotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	defaultRecords = 3

	notFound   = "Adam.Rest.Common.NoDataFoundException"
	badRequest = "System.ArgumentException"
)

// A record is what the tenant keeps of one.
type record struct {
	Links       links  `json:"_links"`
	ID          string `json:"id"`
	Status      string `json:"status"`
	ContentType string `json:"contentType"`
	Title       string `json:"title"`
	Tag         string `json:"tag"`
	CreatedOn   string `json:"createdOn"`
	ModifiedOn  string `json:"modifiedOn"`
}

type links map[string]link

type link struct {
	Href string `json:"href"`
}

// A store has the records in the order in which they were made. The id of a
// record is its number, from one, so nothing has to be looked up.
type store struct {
	mu      sync.Mutex
	records []record
}

func (s *store) fill(n int, now time.Time) {
	for range n {
		s.add(record{Status: "released"}, now)
	}
}

// add completes a record, keeps it and returns it.
func (s *store) add(rec record, now time.Time) record {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.records) + 1
	rec.ID = fmt.Sprintf("%032x", n)
	rec.Title = fmt.Sprintf("Record %d", n)
	rec.CreatedOn = now.UTC().Format(time.RFC3339Nano)
	rec.ModifiedOn = rec.CreatedOn
	if rec.Status == "" {
		rec.Status = "draft"
	}
	if rec.ContentType == "" {
		rec.ContentType = "Asset"
	}
	s.records = append(s.records, rec)
	return rec
}

func (s *store) find(id string) (record, bool) {
	n, err := strconv.ParseUint(id, 16, 63)
	if err != nil || fmt.Sprintf("%032x", n) != id {
		return record{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n == 0 || n > uint64(len(s.records)) {
		return record{}, false
	}
	return s.records[n-1], true
}

func (s *store) get(w http.ResponseWriter, r *http.Request) {
	rec, ok := s.find(r.PathValue("id"))
	if !ok {
		writeException(w, http.StatusNotFound, notFound, fmt.Sprintf("No record was found with id '%s'.", r.PathValue("id")))
		return
	}
	writeJSON(w, http.StatusOK, rec.linked(baseURL(r)))
}

func (s *store) create(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil || len(data) > maxBody {
		writeException(w, http.StatusRequestEntityTooLarge, badRequest, "The request is too large.")
		return
	}
	rec, err := parseRecord(data)
	if err != nil {
		writeException(w, http.StatusBadRequest, badRequest, err.Error())
		return
	}
	rec = s.add(rec, time.Now()).linked(baseURL(r))
	w.Header().Set("Location", rec.Links["self"].Href)
	writeJSON(w, http.StatusCreated, rec)
}

// parseRecord reads the body of a request to create a record. What the tenant
// does not keep, such as fields and files, is not looked at.
func parseRecord(data []byte) (record, error) {
	var in struct {
		Status      string `json:"status"`
		ContentType string `json:"contentType"`
		Tag         string `json:"tag"`
	}
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return record{}, fmt.Errorf("the request body is not a JSON object")
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return record{}, fmt.Errorf("the request body could not be read: %w", err)
	}
	switch in.Status {
	case "", "draft", "released", "archived":
	default:
		return record{}, fmt.Errorf("'%s' is not a status of a record", in.Status)
	}
	return record{Status: in.Status, ContentType: in.ContentType, Tag: in.Tag}, nil
}

// linked returns the record with its address at a host.
func (rec record) linked(base string) record {
	rec.Links = links{"self": {base + apiPath + "/record/" + rec.ID}}
	return rec
}
