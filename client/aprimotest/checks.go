package aprimotest

import (
	"net/http"
	"time"
)

// checkResults returns where those of a file version are kept.
func (s *store) checkResults(r *http.Request) (resource, error) {
	id := r.PathValue("id")
	if _, v := s.findVersion(id); v == nil {
		return resource{}, missing("No file version was found with id '%s'.", id)
	}
	res := resource{plural: "checkresults of " + id, singular: "checkresult"}
	if s.docs[res.plural] == nil {
		s.docs[res.plural] = &collection{byID: make(map[string]document)}
	}
	return res, nil
}

func (s *store) listCheckResults(w http.ResponseWriter, r *http.Request) error {
	res, err := s.checkResults(r)
	if err != nil {
		return err
	}
	return s.writeDocuments(w, r, res, func(document) bool { return true })
}

func (s *store) createCheckResult(w http.ResponseWriter, r *http.Request) error {
	res, err := s.checkResults(r)
	if err != nil {
		return err
	}
	doc := document{}
	if err := readJSON(r, &doc); err != nil {
		return err
	}
	id := s.newID()
	doc["id"], doc["fileVersionId"] = id, r.PathValue("id")
	s.docs[res.plural].add(doc, id, time.Now())
	view := res.linked(r, id, doc)
	w.Header().Set("Location", view["_links"].(links)["self"].Href)
	writeJSON(w, http.StatusCreated, view)
	return nil
}

// getCalculatedPermission grants everything: the tenant has no rights.
func (s *store) getCalculatedPermission(w http.ResponseWriter, r *http.Request) error {
	writeJSON(w, http.StatusOK, document{"name": r.PathValue("name"), "value": "Granted"})
	return nil
}
