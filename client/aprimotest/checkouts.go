package aprimotest

import (
	"net/http"
	"time"
)

// checkOut reserves a file for the user: nobody else can add a version until it
// is undone.
func (s *store) checkOut(w http.ResponseWriter, r *http.Request) error {
	f, err := s.askedFile(r)
	if err != nil {
		return err
	}
	user := s.user(r)
	if err := f.reserved(user); err != nil {
		return err
	}
	f.checkedOut = user
	writeJSON(w, http.StatusCreated, document{
		"id": f.id, "checkedOutBy": document{"id": nameID(user), "name": user}, "checkedOutOn": stamp(time.Now()),
	})
	return nil
}

func (s *store) undoCheckOut(w http.ResponseWriter, r *http.Request) error {
	f, err := s.askedFile(r)
	if err != nil {
		return err
	}
	if f.checkedOut == "" {
		return missing("File '%s' is not checked out.", f.id)
	}
	if err := f.reserved(s.user(r)); err != nil {
		return err
	}
	f.checkedOut = ""
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// reserved returns an error if another user has checked out a file.
func (f *file) reserved(user string) error {
	if f.checkedOut != "" && f.checkedOut != user {
		return conflict("File '%s' is checked out by '%s'.", f.id, f.checkedOut)
	}
	return nil
}

// askedFile returns the file whose id is in the path of a request, to be changed.
func (s *store) askedFile(r *http.Request) (*file, error) {
	id := r.PathValue("id")
	if rec := s.owner(id); rec != nil {
		s.complete(rec)
		for i := range rec.files {
			if rec.files[i].id == id {
				return &rec.files[i], nil
			}
		}
	}
	return nil, missing("No file was found with id '%s'.", id)
}
