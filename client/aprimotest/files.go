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
	versions   []version
	checkedOut string // the user who did; "" if nobody
}

func (f file) latest() *version { return &f.versions[len(f.versions)-1] }

func (f file) view() map[string]any {
	versions := []any{}
	for i := range f.versions {
		versions = append(versions, f.versions[i].view(i == len(f.versions)-1))
	}
	return map[string]any{"id": f.id, "versions": list(versions)}
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
		Put []versionChange `json:"addOrUpdate"`
	} `json:"versions"`
}

type versionChange struct {
	Token      string `json:"id"`
	Name       string `json:"fileName"`
	Label      string `json:"versionLabel"`
	Comment    string `json:"comment"`
	Additional struct {
		Put []versionChange `json:"addOrUpdate"`
	} `json:"additionalFiles"`
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
		if err := files[i].reserved(s.user(r)); err != nil {
			return nil, err
		}
		for _, put := range change.Versions.Put {
			v, err := s.newVersion(put, len(files[i].versions)+1, &used)
			if err != nil {
				return nil, err
			}
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
	s.own(rec, files)
	return files, nil
}

// own makes files findable by the ids of all that is in them.
func (s *store) own(rec *record, files []file) {
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
