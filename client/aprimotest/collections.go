package aprimotest

import (
	"net/http"
	"slices"
)

// collectionRecords returns the ids in a collection, in the order in which they
// were put there.
func (s *store) collectionRecords(r *http.Request) (document, []string, error) {
	_, doc, err := s.askedDocument(resource{plural: "collections", singular: "collection"}, r)
	if err != nil {
		return nil, nil, err
	}
	ids, _ := doc["recordIds"].([]string)
	return doc, ids, nil
}

func (s *store) getCollectionRecords(w http.ResponseWriter, r *http.Request) error {
	_, ids, err := s.collectionRecords(r)
	if err != nil {
		return err
	}
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	var found []uint64
	for _, id := range ids {
		if n := numberOf(id); s.at(n, new(record)) != nil {
			found = append(found, n)
		}
	}
	writePaged(w, r, p, s.views(found, p, r), len(found), nil)
	return nil
}

func (s *store) putCollectionRecords(w http.ResponseWriter, r *http.Request) error {
	doc, ids, err := s.collectionRecords(r)
	if err != nil {
		return err
	}
	var in struct {
		Records struct {
			Put    []ref `json:"addOrUpdate"`
			Remove []ref `json:"remove"`
		} `json:"records"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	for _, id := range in.Records.Put {
		if s.at(numberOf(string(id)), new(record)) == nil {
			return missing("No record was found with id '%s'.", id)
		}
	}
	ids = slices.Clone(ids)
	for _, id := range in.Records.Put {
		if !slices.Contains(ids, string(id)) {
			ids = append(ids, string(id))
		}
	}
	doc["recordIds"] = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(in.Records.Remove, ref(id)) })
	w.WriteHeader(http.StatusNoContent)
	return nil
}
