package aprimotest

import (
	"net/http"
	"strconv"
	"time"
)

// createLock keeps a lock on a record. Nothing is refused because of it.
func (s *store) createLock(w http.ResponseWriter, r *http.Request) error {
	rec, err := s.asked(r)
	if err != nil {
		return err
	}
	doc := document{}
	if err := readJSON(r, &doc); err != nil {
		return err
	}
	s.complete(rec)
	doc["lockId"], doc["lockedOn"] = s.newID(), stamp(time.Now())
	rec.locks = append(rec.locks, doc)
	writeJSON(w, http.StatusCreated, doc)
	return nil
}

// getEntry returns one entry of the trail, by its number, from one.
func (s *store) getEntry(w http.ResponseWriter, r *http.Request) error {
	rec, err := s.asked(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.PathValue("entry"))
	if err != nil || n < 1 || n > len(rec.trail) {
		return missing("No entry was found with number '%s'.", r.PathValue("entry"))
	}
	writeJSON(w, http.StatusOK, rec.trail[n-1])
	return nil
}

// getTrail lists what was done to a record.
func (s *store) getTrail(w http.ResponseWriter, r *http.Request) error {
	rec, err := s.asked(r)
	if err != nil {
		return err
	}
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	entries := []document{}
	for _, entry := range rec.trail {
		if filter := r.URL.Query().Get("filter"); filter == "" || filter == entry["type"] {
			entries = append(entries, entry)
		}
	}
	first, last := p.bounds(len(entries))
	writePaged(w, r, p, entries[first:last], len(entries), nil)
	return nil
}
