package aprimotest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// A file of a record has versions; the last is the latest.
type file struct {
	id       string
	versions []version
}

// A version is one state of a file.
type version struct {
	id, name, label, comment string
	number                   int
	size                     int64
	seed                     uint64 // of the pattern that stands for the content
	data                     []byte // the content, if it was kept
	created                  time.Time
}

func (f file) latest() *version { return &f.versions[len(f.versions)-1] }

func (f file) view() map[string]any {
	versions := []any{}
	for i := range f.versions {
		versions = append(versions, f.versions[i].view(i == len(f.versions)-1))
	}
	return map[string]any{"id": f.id, "versions": list(versions)}
}

func (v *version) view(latest bool) map[string]any {
	view := map[string]any{
		"id": v.id, "fileName": v.name, "fileExtension": strings.TrimPrefix(path.Ext(v.name), "."), "fileSize": v.size,
		"versionNumber": v.number, "versionLabel": v.label, "comment": v.comment, "isLatest": latest,
		"fileState": "Available", "fileProcessingState": "Done", "createdOn": stamp(v.created), "crc32": nil,
	}
	if v.data != nil {
		view["crc32"] = crc32.ChecksumIEEE(v.data)
	}
	return view
}

// content returns the bytes of a version. Of a large one only the size is known,
// and a pattern stands for it.
func (v *version) content() io.ReadSeeker {
	if v.data != nil {
		return bytes.NewReader(v.data)
	}
	return io.NewSectionReader(pattern(v.seed), 0, v.size)
}

// A pattern is bytes without an end that can be told from where they are.
type pattern uint64

func (p pattern) ReadAt(b []byte, at int64) (int, error) {
	var block [8]byte
	for i := range b {
		offset := uint64(at) + uint64(i)
		if i == 0 || offset%8 == 0 {
			binary.LittleEndian.PutUint64(block[:], (offset/8+1)*0x9e3779b97f4a7c15^uint64(p)*0xbf58476d1ce4e5b9)
		}
		b[i] = block[offset%8]
	}
	return len(b), nil
}

// filesOf returns the files of a record; one of the start has a master.
func (s *store) filesOf(rec *record) []file {
	if !rec.generated {
		return rec.files
	}
	return []file{{id: fmt.Sprintf("f%031x", rec.number), versions: []version{{
		id: fmt.Sprintf("e%031x", rec.number), name: fmt.Sprintf("record-%d.jpg", rec.number),
		number: 1, size: s.fileSize, seed: rec.number, created: rec.created,
	}}}}
}

// A fileChange is a file in the body of a request: with an id a new version of
// that file, without one a new file.
type fileChange struct {
	ID       string `json:"id"`
	Versions struct {
		Put []struct {
			Token   string `json:"id"`
			Name    string `json:"fileName"`
			Label   string `json:"versionLabel"`
			Comment string `json:"comment"`
		} `json:"addOrUpdate"`
	} `json:"versions"`
}

// newFiles returns the files that a record has after a change, and uses up the
// tokens of the uploads, unless one of them is not valid.
func (s *store) newFiles(rec *record, in recordChange, r *http.Request) ([]file, error) {
	files := slices.Clone(rec.files)
	var used []*upload
	master := in.Files.Master
	for _, change := range in.Files.Put {
		i := slices.IndexFunc(files, func(f file) bool { return f.id == change.ID })
		switch {
		case change.ID != "" && i < 0:
			return nil, missing("No file was found with id '%s'.", change.ID)
		case i < 0:
			files, i = append(files, file{id: s.newID()}), len(files)
		}
		for _, put := range change.Versions.Put {
			u, err := s.spend(put.Token)
			if err != nil || slices.Contains(used, u) {
				return nil, noUpload(put.Token)
			}
			used = append(used, u)
			v := u.version(s.newID(), put.Name)
			v.label, v.comment, v.number = put.Label, put.Comment, len(files[i].versions)+1
			files[i].versions = append(slices.Clone(files[i].versions), v)
			if put.Token == master {
				master = files[i].id
			}
		}
		if len(files[i].versions) == 0 {
			return nil, invalid("A file needs a version, whose id is the token of an upload.")
		}
	}
	i := slices.IndexFunc(files, func(f file) bool { return f.id == master })
	if master != "" && i < 0 {
		return nil, noUpload(master)
	}
	if master != "" {
		files[0], files[i] = files[i], files[0]
	}
	files = slices.DeleteFunc(files, func(f file) bool { return slices.Contains(in.Files.Remove, ref(f.id)) })
	for _, u := range used {
		u.state = UploadUsed
	}
	for _, f := range files {
		for _, v := range f.versions {
			s.versions[v.id] = rec.number
		}
	}
	return files, nil
}

// findVersion returns a version of a file and its record.
func (s *store) findVersion(id string) (*record, *version) {
	number, ok := s.versions[id]
	if !ok && len(id) == 32 && id[0] == 'e' {
		number = numberOf("0" + id[1:])
	}
	rec := s.at(number, new(record))
	if rec == nil {
		return nil, nil
	}
	for _, f := range s.filesOf(rec) {
		for i := range f.versions {
			if f.versions[i].id == id {
				return rec, &f.versions[i]
			}
		}
	}
	return nil, nil
}

func (s *store) getVersion(w http.ResponseWriter, r *http.Request) error {
	rec, v := s.findVersion(r.PathValue("id"))
	if v == nil {
		return missing("No file version was found with id '%s'.", r.PathValue("id"))
	}
	latest := slices.ContainsFunc(s.filesOf(rec), func(f file) bool { return f.latest().id == v.id })
	writeJSON(w, http.StatusOK, v.view(latest))
	return nil
}

// image returns the image of a record, with a signed address that lasts for 30
// hours.
func (s *store) image(rec *record, kind string, r *http.Request) map[string]any {
	size, edge := int64(20_000), 1024
	if kind == "thumbnail" {
		size, edge = 2_000, 256
	}
	v := &version{id: rec.id() + kind, name: kind + ".jpg", size: size, seed: rec.number << 1}
	uri := s.publish(v.id, v, time.Now().Add(signedFor), r)
	return map[string]any{"uri": uri, "extension": "jpg", "width": edge, "height": edge, "size": size}
}
