package aprimotest

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A part is a file of a record, a version of a file, or what was added to a version: what
// the table has as sent under the name of a set.
type part struct {
	kind    *kind
	id      string
	doc     document           // what was sent of it
	parts   map[string][]*part // by the name of the set
	content                    // of what was uploaded
	number  int                // of a version
	created time.Time
	by      string

	checkedOut string // the user who did, of a file; "" if nobody
	since      time.Time
}

func (p *part) versions() []*part { return p.parts["versions"] }

// latest returns the latest version of a file.
func (p *part) latest() *part { return p.versions()[len(p.versions())-1] }

func (p *part) fileName() string { return cmp.Or(text(p.doc["fileName"]), p.name) }

// filesOf returns the files of a record, of which the first is the master; one of the
// start has one.
func (s *store) filesOf(rec *record) []*part {
	if !rec.generated {
		return rec.files
	}
	version := &part{
		kind: kindOf["fileversion"], id: fmt.Sprintf("e%031x", rec.number), number: 1, created: rec.created, by: seedUser,
		content: content{name: fmt.Sprintf("record-%d.jpg", rec.number), size: max(0, orDefault(s.tenant.FileSize, defaultFileSize)), seed: rec.number},
	}
	return []*part{{
		kind: kindOf["file"], id: fmt.Sprintf("f%031x", rec.number), created: rec.created, by: seedUser,
		parts: map[string][]*part{"versions": {version}},
	}}
}

// owner returns the record that a part belongs to; nil if there is none. In ids of the
// start a letter is in front of the number of the record.
func (s *store) owner(id string) *record {
	number, ok := s.owners[id]
	if !ok && len(id) == 32 && (id[0] == 'e' || id[0] == 'f') {
		number = numberOf("0" + id[1:])
	}
	return s.at(number, new(record))
}

// findPart returns a part by its id, and the one that it belongs to; nil if there is none.
func (s *store) findPart(kind, id string) (p, of *part) {
	rec := s.owner(id)
	if rec == nil {
		return nil, nil
	}
	var search func(of *part, all []*part)
	search = func(above *part, all []*part) {
		for _, one := range all {
			if one.id == id && one.kind.name == kind {
				p, of = one, above
			}
			for _, more := range one.parts {
				search(one, more)
			}
		}
	}
	search(nil, s.filesOf(rec))
	return p, of
}

// partObject finds what is a part by its id.
func (s *store) partObject(kind string) func(string) object {
	return func(id string) object { return s.objectOf(s.findPart(kind, id)) }
}

// partsOf are what a relation of a record, a file or a version leads to.
func (s *store) partsOf(o object, rel *relation) listing {
	if rec, ok := o.of.(*record); ok {
		return mapped(s.filesOf(rec), func(f *part) object { return s.objectOf(f, nil) })
	}
	of := o.of.(*part)
	return mapped(of.parts[rel.idOf], func(p *part) object { return s.objectOf(p, of) })
}

func (s *store) masterFile(o object, _ *query) any {
	if files := s.filesOf(o.of.(*record)); len(files) > 0 {
		return s.objectOf(files[0], nil)
	}
	return nil
}

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

func (s *store) latestVersion(o object, _ *query) any {
	f := o.of.(*part)
	return s.objectOf(f.latest(), f)
}

// master returns the latest version of a record's master file; nil if none.
func (s *store) master(rec *record) *part {
	if rec == nil || len(s.filesOf(rec)) == 0 {
		return nil
	}
	return s.filesOf(rec)[0].latest()
}

// changeFiles gives a record the files that it has after a change, and uses up the tokens
// of the uploads, unless one of them is not valid.
func (s *store) changeFiles(rec *record, in document, by string) []*part {
	change := partsChange{store: s, by: by, master: normalizeID(text(valueOf(in, "master")))}
	files := change.apply(kindOf["file"], rec.files, in)
	i := slices.IndexFunc(files, func(f *part) bool { return f.id == change.master })
	noUpload(change.master, change.master != "" && i < 0)
	if i > 0 {
		files[0], files[i] = files[i], files[0]
	}
	for _, u := range change.used {
		u.state = UploadUsed
	}
	for _, id := range change.made {
		s.owners[id] = rec.number
	}
	return files
}

// A partsChange is a change of the files of a record that is not made yet.
type partsChange struct {
	store  *store
	by     string
	master string    // the token, or the id, of what becomes the master file
	used   []*upload // by what is new
	made   []string  // ids of what is new
}

// apply returns a set of parts after a change by addOrUpdate and remove. The id of one is
// its own, or the token of an upload.
func (c *partsChange) apply(k *kind, old []*part, change any) []*part {
	all := slices.Clone(old)
	for _, item := range array(valueOf(change, "addOrUpdate")) {
		in, isDoc := item.(document)
		id := text(valueOf(in, "id"))
		if !isDoc {
			id = text(item)
		}
		i := slices.IndexFunc(all, func(p *part) bool { return p.id == id })
		if i < 0 {
			i, all = len(all), append(all, c.add(k, id))
			all[i].number = i + 1
		}
		if all[i] = c.change(*all[i], in); id == c.master && k.name == "fileversion" {
			c.master = ""
		}
	}
	for _, item := range array(valueOf(change, "remove")) {
		i := slices.IndexFunc(all, func(p *part) bool { return p.id == identity(item, nil) })
		if i >= 0 && (k.name != "fileversion" || len(all) > 1) {
			all = slices.Delete(all, i, i+1)
		}
	}
	return all
}

// add makes a part: a file, or what has the content of an upload that is not used yet.
func (c *partsChange) add(k *kind, token string) *part {
	p := &part{kind: k, id: c.store.newID(), created: time.Now(), by: c.by}
	c.made = append(c.made, p.id)
	missing.when(k.name == "file" && token != "", "No file was found with id '%s'.", token)
	if k.name != "file" {
		u := c.store.uploadIn(token, UploadComplete)
		noUpload(token, slices.Contains(c.used, u))
		c.used = append(c.used, u)
		p.content = u.content()
	}
	return p
}

// change returns a part after a change of it and of its own parts.
func (c *partsChange) change(p part, in document) *part {
	p.reserved(c.by)
	old := p.parts
	p.doc, p.parts = p.kind.changed(p.doc, in), make(map[string][]*part)
	for _, rel := range p.kind.relations {
		if rel.how != '&' {
			continue
		}
		maps.DeleteFunc(p.doc, func(name string, _ any) bool { return strings.EqualFold(name, rel.idOf) })
		master := c.master
		p.parts[rel.idOf] = c.apply(rel.target, old[rel.idOf], valueOf(in, rel.idOf))
		if c.master != master { // the token is that of a version of this file
			c.master = p.id
		}
	}
	invalid.when(p.kind.name == "file" && len(p.versions()) == 0, "A file needs a version, whose id is the token of an upload.")
	return &p
}

// checkOut reserves a file for the user: nobody else can add a version until it
// is undone.
func (s *store) checkOut(w http.ResponseWriter, r *http.Request) any {
	f := s.fileOf(r)
	f.checkedOut, f.since = s.user(r), time.Now()
	return s.created(w, r, s.objectOf(f, nil))
}

func (s *store) undoCheckOut(_ http.ResponseWriter, r *http.Request) any {
	f := s.fileOf(r)
	missing.when(f.checkedOut == "", "File '%s' is not checked out.", f.id)
	f.checkedOut = ""
	return nil
}

// reserved refuses a change of a file that another user has checked out.
func (p *part) reserved(user string) {
	conflict.when(p.checkedOut != "" && p.checkedOut != user, "File '%s' is checked out by '%s'.", p.id, p.checkedOut)
}

// fileOf returns the file whose id is in the path of a request, to be changed.
func (s *store) fileOf(r *http.Request) *part {
	id := r.PathValue("id")
	s.complete(s.owner(id))
	f, _ := s.findPart("file", id)
	missing.when(f == nil, "No file was found with id '%s'.", id)
	f.reserved(s.user(r))
	return f
}
