package aprimotest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// A version is one state of a file.
type version struct {
	id, name, label, comment string
	number                   int
	size                     int64
	seed                     uint64 // of the pattern that stands for the content
	data                     []byte // the content, if it was kept
	additional               []version
	created                  time.Time
}

func (v *version) view(latest bool) map[string]any {
	view := map[string]any{
		"id": v.id, "fileName": v.name, "fileExtension": strings.TrimPrefix(path.Ext(v.name), "."), "fileSize": v.size,
		"versionNumber": v.number, "versionLabel": v.label, "comment": v.comment, "isLatest": latest,
		"fileState": "Available", "fileProcessingState": "Done", "createdOn": stamp(v.created), "crc32": nil,
	}
	if len(v.additional) > 0 {
		items := []any{}
		for i := range v.additional {
			items = append(items, v.additional[i].view(true))
		}
		view["additionalFiles"] = list(items)
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

// newVersion makes a version of an upload that is not used yet, and so its
// additional files.
func (s *store) newVersion(put versionChange, number int, used *[]*upload) (version, error) {
	u, err := s.spend(put.Token)
	if err != nil || slices.Contains(*used, u) {
		return version{}, noUpload(put.Token)
	}
	*used = append(*used, u)
	v := u.version(s.newID(), put.Name)
	v.label, v.comment, v.number = put.Label, put.Comment, number
	for _, more := range put.Additional.Put {
		more.Additional.Put = nil // there are none of those
		a, err := s.newVersion(more, 1, used)
		if err != nil {
			return version{}, err
		}
		v.additional = append(v.additional, a)
	}
	return v, nil
}

// owner returns the record that a file or a version belongs to; nil if there is
// none. In ids of the start a letter is in front of the number of the record.
func (s *store) owner(id string) *record {
	number, ok := s.owners[id]
	if !ok && len(id) == 32 && (id[0] == 'e' || id[0] == 'f') {
		number = numberOf("0" + id[1:])
	}
	return s.at(number, new(record))
}

// findVersion returns a version of a file and its record.
func (s *store) findVersion(id string) (*record, *version) {
	rec := s.owner(id)
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

// findAdditional returns an additional file; nil if there is none.
func (s *store) findAdditional(id string) *version {
	rec := s.owner(id)
	if rec == nil {
		return nil
	}
	for _, f := range s.filesOf(rec) {
		for _, v := range f.versions {
			for i := range v.additional {
				if v.additional[i].id == id {
					return &v.additional[i]
				}
			}
		}
	}
	return nil
}

func (s *store) getAdditional(w http.ResponseWriter, r *http.Request) error {
	a := s.findAdditional(r.PathValue("id"))
	if a == nil {
		return missing("No additional file was found with id '%s'.", r.PathValue("id"))
	}
	writeJSON(w, http.StatusOK, a.view(true))
	return nil
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
