package aprimotest

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// A file of a record has versions; the last is the latest.
type file struct {
	id         string
	versions   []*version
	checkedOut string // the user who did; "" if nobody
	since      time.Time
	more       document
}

func (f *file) latest() *version { return f.versions[len(f.versions)-1] }

func (f *file) object() object {
	doc := document{
		"id": f.id, "checkedOut": f.checkedOut != "", "createdOn": stamp(f.versions[0].created), "~createdBy": nameID(f.versions[0].by),
	}
	if f.checkedOut != "" {
		doc["checkedOutOn"], doc["~checkedOutBy"] = stamp(f.since), nameID(f.checkedOut)
	}
	for name, value := range f.more {
		doc[name] = value
	}
	return object{kind: kindOf["file"], doc: doc, path: "file/" + f.id, of: f}
}

// filesOf returns the files of a record; one of the start has a master.
func (s *store) filesOf(rec *record) []*file {
	if !rec.generated {
		return rec.files
	}
	return []*file{{id: fmt.Sprintf("f%031x", rec.number), versions: []*version{{
		id: fmt.Sprintf("e%031x", rec.number), name: fmt.Sprintf("record-%d.jpg", rec.number),
		number: 1, size: s.fileSize, seed: rec.number, created: rec.created, by: seedUser,
	}}}}
}

func (s *store) recordFiles(o object, _ *query) any {
	all := listing{}
	for _, f := range s.filesOf(o.of.(*record)) {
		all = append(all, f.object())
	}
	return all
}

func (s *store) masterFile(o object, q *query) any { return first(s.recordFiles(o, q)) }

func (s *store) masterVersion(o object, q *query) any {
	if f, ok := s.masterFile(o, q).(object); ok {
		return s.latestVersion(f, q)
	}
	return nil
}

// publishedVersion is the latest version of the master of a record that is released.
func (s *store) publishedVersion(o object, q *query) any {
	if o.doc["status"] != "Released" {
		return nil
	}
	return s.masterVersion(o, q)
}

func (s *store) fileVersions(o object, _ *query) any {
	all := listing{}
	for _, v := range o.of.(*file).versions {
		all = append(all, v.object(v == o.of.(*file).latest()))
	}
	return all
}

func (s *store) latestVersion(o object, _ *query) any { return o.of.(*file).latest().object(true) }

// fileObject finds a file by its id.
func (s *store) fileObject(id string) (object, bool) {
	if rec := s.owner(id); rec != nil {
		for _, f := range s.filesOf(rec) {
			if f.id == id {
				return f.object(), true
			}
		}
	}
	return object{}, false
}

// A fileChange is a file in the body of a request: with an id a change of that
// file, without one a new file.
type fileChange struct {
	ID            string  `json:"id"`
	WatermarkID   *string `json:"watermarkId"`
	WatermarkType *string `json:"watermarkType"`
	Versions      struct {
		Put    []versionChange `json:"addOrUpdate"`
		Remove []ref           `json:"remove"`
	} `json:"versions"`
}

// newFiles returns the files that a record has after a change, and uses up the
// tokens of the uploads, unless one of them is not valid.
func (s *store) newFiles(rec *record, in recordChange, r *http.Request) ([]*file, error) {
	change := filesChange{store: s, by: s.user(r), master: in.Files.Master}
	for _, f := range rec.files {
		clone := *f
		change.files = append(change.files, &clone)
	}
	for _, put := range in.Files.Put {
		if err := change.put(put); err != nil {
			return nil, err
		}
	}
	files, master := change.files, change.master
	i := slices.IndexFunc(files, func(f *file) bool { return f.id == master })
	if master != "" && i < 0 {
		return nil, noUpload(master)
	}
	if master != "" {
		files[0], files[i] = files[i], files[0]
	}
	files = slices.DeleteFunc(files, func(f *file) bool { return slices.Contains(in.Files.Remove, ref(f.id)) })
	for _, u := range change.used {
		u.state = UploadUsed
	}
	for _, apply := range change.after {
		apply()
	}
	s.own(rec, files)
	return files, nil
}

// A filesChange is a change of the files of a record that is not made yet.
type filesChange struct {
	store  *store
	by     string
	master string
	files  []*file
	used   []*upload
	after  []func()
}

func (c *filesChange) put(in fileChange) error {
	i := slices.IndexFunc(c.files, func(f *file) bool { return f.id == in.ID })
	switch {
	case in.ID != "" && i < 0:
		return missing("No file was found with id '%s'.", in.ID)
	case i < 0:
		c.files, i = append(c.files, &file{id: c.store.newID()}), len(c.files)
	}
	f := c.files[i]
	if err := f.reserved(c.by); err != nil {
		return err
	}
	for _, put := range in.Versions.Put {
		if old := slices.IndexFunc(f.versions, func(v *version) bool { return v.id == put.Token }); old >= 0 {
			changed, err := c.changeVersion(*f.versions[old], put)
			if err != nil {
				return err
			}
			f.versions = slices.Clone(f.versions)
			f.versions[old] = changed
			continue
		}
		v, err := c.newVersion(put, len(f.versions)+1)
		if err != nil {
			return err
		}
		f.versions = append(slices.Clone(f.versions), v)
		if put.Token == c.master {
			c.master = f.id
		}
	}
	f.versions = slices.DeleteFunc(slices.Clone(f.versions), func(v *version) bool {
		return len(f.versions) > 1 && slices.Contains(in.Versions.Remove, ref(v.id))
	})
	if len(f.versions) == 0 {
		return invalid("A file needs a version, whose id is the token of an upload.")
	}
	return f.mark(in)
}

// mark sets the watermark of a file.
func (f *file) mark(in fileChange) error {
	change := document{}
	if in.WatermarkID != nil {
		change["watermarkId"] = *in.WatermarkID
	}
	if in.WatermarkType != nil {
		change["watermarkType"] = *in.WatermarkType
	}
	more, err := kindOf["file"].changed(f.more, change)
	f.more = more
	return err
}

// own makes files findable by the ids of all that is in them.
func (s *store) own(rec *record, files []*file) {
	for _, f := range files {
		s.owners[f.id] = rec.number
		for _, v := range f.versions {
			s.owners[v.id] = rec.number
			for _, a := range v.additional {
				s.owners[a.id] = rec.number
			}
		}
	}
}

// checkOut reserves a file for the user: nobody else can add a version until it
// is undone.
func (s *store) checkOut(w http.ResponseWriter, r *http.Request) error {
	f, err := s.askedFile(r)
	if err != nil {
		return err
	}
	f.checkedOut, f.since = s.user(r), time.Now()
	s.writeObject(w, r, http.StatusCreated, f.object())
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
	rec := s.owner(id)
	if rec == nil {
		return nil, missing("No file was found with id '%s'.", id)
	}
	s.complete(rec)
	i := slices.IndexFunc(rec.files, func(f *file) bool { return f.id == id })
	if i < 0 {
		return nil, missing("No file was found with id '%s'.", id)
	}
	return rec.files[i], rec.files[i].reserved(s.user(r))
}
