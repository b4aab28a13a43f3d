package aprimotest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// A version is one state of a file, or a file that was added to one.
type version struct {
	id, name   string
	number     int
	size       int64
	seed       uint64 // of the pattern that stands for the content
	data       []byte // the content, if it was kept
	more       document
	additional []*version
	previews   []object // those that were sent
	created    time.Time
	by         string
}

func (v *version) extension() string { return strings.TrimPrefix(path.Ext(v.name), ".") }

func (v *version) crc32() float64 {
	if v.data == nil {
		return float64(uint32(v.seed))
	}
	return float64(crc32.ChecksumIEEE(v.data))
}

func (v *version) object(latest bool) object {
	doc := document{
		"id": v.id, "fileName": v.name, "fileExtension": v.extension(), "fileSize": v.size, "versionNumber": v.number, "isLatest": latest,
		"fileState": "Available", "fileProcessingState": "Done", "aiInfluenced": "No", "createdOn": stamp(v.created),
		"fileCreatedOn": stamp(v.created), "fileModifiedOn": stamp(v.created), "crc32": v.crc32(), "metadata": document{}, "~createdBy": nameID(v.by),
	}
	maps.Copy(doc, v.more)
	return object{kind: kindOf["fileversion"], doc: doc, path: "fileversion/" + v.id, of: v}
}

func (v *version) additionalObject(r *http.Request, s *store) object {
	doc := document{
		"id": v.id, "fileName": v.name, "extension": v.extension(), "fileSize": v.size, "crc32": v.crc32(), "metadata": document{},
		"label": v.name, "uri": "", "~createdBy": nameID(v.by),
	}
	if r != nil {
		doc["uri"] = s.publish(v.id, v, time.Now().Add(s.signedFor), r)
	}
	maps.Copy(doc, v.more)
	return object{kind: kindOf["additionalfile"], doc: doc, path: "additionalfile/" + v.id, of: v}
}

func crc(id string) uint64 { return uint64(crc32.ChecksumIEEE([]byte(id))) }

// content returns the bytes of a version. Of a large one only the size is known,
// and a pattern stands for it.
func (v *version) content() io.ReadSeeker {
	if v.data != nil {
		return bytes.NewReader(v.data)
	}
	return io.NewSectionReader(pattern(v.seed), 0, v.size)
}

// A pattern is endless bytes, each of which follows from its position.
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

// A versionChange is a version, a preview or an additional file in the body of a
// request. Its id is that of what is changed, or the token of an upload.
type versionChange struct {
	Token      string
	Name       string
	Previews   versionChanges
	Additional versionChanges
	members    document // all that was sent
}

type versionChanges struct {
	Put    []versionChange `json:"addOrUpdate"`
	Remove []ref           `json:"remove"`
}

func (c *versionChange) UnmarshalJSON(data []byte) error {
	var in struct {
		ID              string
		FileName        string
		Previews        versionChanges
		AdditionalFiles versionChanges
	}
	if err := cmp.Or(json.Unmarshal(data, &in), json.Unmarshal(data, &c.members)); err != nil {
		return err
	}
	c.Token, c.Name, c.Previews, c.Additional = in.ID, in.FileName, in.Previews, in.AdditionalFiles
	for name := range c.members {
		if slices.Contains([]string{"id", "previews", "additionalfiles", "filename"}, strings.ToLower(name)) {
			delete(c.members, name)
		}
	}
	return nil
}

// newVersion makes a version of an upload that is not used yet, and so its previews
// and additional files.
func (c *filesChange) newVersion(put versionChange, number int) (*version, error) {
	v, err := c.uploaded(put, "fileversion")
	if err != nil {
		return nil, err
	}
	v.number = number
	put.members = nil
	return c.changeVersion(*v, put)
}

// uploaded makes a version of an upload, of the given kind.
func (c *filesChange) uploaded(put versionChange, kind string) (*version, error) {
	u, err := c.store.spend(put.Token)
	if err != nil || slices.Contains(c.used, u) {
		return nil, noUpload(put.Token)
	}
	c.used = append(c.used, u)
	v := u.version(c.store.newID(), put.Name)
	v.by = c.by
	v.more, err = kindOf[kind].changed(nil, put.members)
	return &v, err
}

// changeVersion returns a version after a change.
func (c *filesChange) changeVersion(v version, put versionChange) (*version, error) {
	more, err := kindOf["fileversion"].changed(v.more, put.members)
	if err != nil {
		return nil, err
	}
	v.more, v.additional, v.previews = more, slices.Clone(v.additional), slices.Clone(v.previews)
	if put.Name != "" {
		v.name = put.Name
	}
	for _, more := range put.Additional.Put {
		old := slices.IndexFunc(v.additional, func(a *version) bool { return a.id == more.Token })
		if old >= 0 {
			changed := *v.additional[old]
			if changed.more, err = kindOf["additionalfile"].changed(changed.more, more.members); err != nil {
				return nil, err
			}
			v.additional[old] = &changed
			continue
		}
		a, err := c.uploaded(more, "additionalfile")
		if err != nil {
			return nil, err
		}
		v.additional = append(v.additional, a)
	}
	v.additional = slices.DeleteFunc(v.additional, func(a *version) bool { return slices.Contains(put.Additional.Remove, ref(a.id)) })
	return &v, c.changePreviews(&v, put.Previews)
}

func (c *filesChange) changePreviews(v *version, in versionChanges) error {
	for _, put := range in.Put {
		old := slices.IndexFunc(v.previews, func(o object) bool { return o.doc["id"] == put.Token })
		if old < 0 {
			p, err := c.uploaded(put, "filepreview")
			if err != nil {
				return err
			}
			doc := p.more
			doc["id"], doc["isManual"], doc["createdOn"] = p.id, true, stamp(p.created)
			if text(doc["name"]) == "" {
				doc["name"] = text(doc["label"])
			}
			v.previews = append(v.previews, object{kind: kindOf["filepreview"], doc: doc, path: "filepreview/" + p.id, of: p})
			c.after = append(c.after, func() { c.store.previews[p.id] = v.previews[len(v.previews)-1] })
			continue
		}
		doc, err := kindOf["filepreview"].changed(v.previews[old].doc, put.members)
		if err != nil {
			return err
		}
		v.previews[old].doc = doc
	}
	v.previews = slices.DeleteFunc(v.previews, func(o object) bool { return slices.Contains(in.Remove, ref(text(o.doc["id"]))) })
	return nil
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

// findVersion returns a version of a file and whether it is the latest.
func (s *store) findVersion(id string) (v *version, rec *record, latest bool) {
	if rec = s.owner(id); rec == nil {
		return nil, nil, false
	}
	for _, f := range s.filesOf(rec) {
		for _, v := range f.versions {
			if v.id == id {
				return v, rec, v == f.latest()
			}
		}
	}
	return nil, nil, false
}

func (s *store) versionObject(id string) (object, bool) {
	v, _, latest := s.findVersion(id)
	if v == nil {
		return object{}, false
	}
	return v.object(latest), true
}

// isVersion returns an error if what a list belongs to is not a version.
func (s *store) isVersion(_ string, doc document, _ string) error {
	if v, _, _ := s.findVersion(text(doc["fileVersionId"])); v == nil {
		return missing("No fileversion was found with id '%v'.", doc["fileVersionId"])
	}
	return nil
}

// findAdditional returns an additional file; nil if there is none.
func (s *store) findAdditional(id string) *version {
	rec := s.owner(id)
	if rec == nil {
		return nil
	}
	for _, f := range s.filesOf(rec) {
		for _, v := range f.versions {
			for _, a := range v.additional {
				if a.id == id {
					return a
				}
			}
		}
	}
	return nil
}

func (s *store) additionalObject(id string) (object, bool) {
	a := s.findAdditional(id)
	if a == nil {
		return object{}, false
	}
	return a.additionalObject(s.request, s), true
}

func (s *store) additionalFiles(o object, q *query) any {
	all := listing{}
	for _, a := range o.of.(*version).additional {
		all = append(all, a.additionalObject(q.r, s))
	}
	return all
}

// filePreviews are those that were sent, after the one that Aprimo makes.
func (s *store) filePreviews(o object, q *query) any {
	return append(listing{s.masterPreview(o, q).(object)}, o.of.(*version).previews...)
}

func (s *store) masterPreview(o object, _ *query) any {
	v := o.of.(*version)
	preview, _ := s.previewObject("c" + v.id[1:])
	preview.path = "filepreview/c" + v.id[1:]
	preview.doc["createdOn"] = stamp(v.created)
	return preview
}

// previewObject finds a preview. The id of one that Aprimo makes is that of its
// version, but for the first digit.
func (s *store) previewObject(id string) (object, bool) {
	if o, ok := s.previews[id]; ok {
		return o, true
	}
	v := s.versionBehind(id, 'c')
	if v == nil {
		return object{}, false
	}
	doc := document{"id": id, "name": "Master preview", "isMaster": true, "metadata": document{}, "createdOn": stamp(v.created)}
	return object{kind: kindOf["filepreview"], doc: doc, of: v}, true
}

// versionBehind returns the version whose id is another, but for the first digit.
func (s *store) versionBehind(id string, digit byte) *version {
	if len(id) != 32 || id[0] != digit {
		return nil
	}
	for _, before := range []string{"e", "0"} {
		if v, _, _ := s.findVersion(before + id[1:]); v != nil {
			return v
		}
	}
	return nil
}

// renditions of a version: the original alone.
func (s *store) renditions(o object, _ *query) any {
	id := "d" + o.of.(*version).id[1:]
	rendition, _ := s.renditionObject(id)
	rendition.path = "rendition/" + id
	return listing{rendition}
}

func (s *store) renditionObject(id string) (object, bool) {
	v := s.versionBehind(id, 'd')
	if v == nil {
		return object{}, false
	}
	doc := document{"id": id, "name": "Original", "extension": v.extension(), "type": "Original", "~version": v.id}
	if s.request != nil {
		doc["uri"] = s.publish(v.id, v, time.Now().Add(s.signedFor), s.request)
	}
	return object{kind: kindOf["rendition"], doc: doc, of: v}, true
}

// fileTypeOf is the type that has the extension of a version.
func (s *store) fileTypeOf(o object, _ *query) any {
	c := s.collection("filetypes")
	for _, id := range c.ids {
		if strings.EqualFold(text(c.byID[id]["extension"]), o.of.(*version).extension()) {
			found, _ := s.lookUp(kindOf["filetype"], id)
			return found
		}
	}
	return nil
}

// published returns the public links, or URIs, of a version or of what is made of
// it.
func (s *store) published(kind string) func(object, *query) any {
	k := kindOf[kind]
	return func(o object, _ *query) any {
		all := listing{}
		c := s.collection(k.plural)
		id := o.of.(*version).id
		for _, other := range c.ids {
			if doc := c.byID[other]; doc["fileVersionId"] == id || doc["additionalFileId"] == id {
				found, _ := s.lookUp(k, other)
				all = append(all, found)
			}
		}
		return all
	}
}

// linkVersion gives a public link of a record the latest version of its master.
func (s *store) linkVersion(_ string, doc document, _ string) error {
	if v := s.master(text(doc["recordId"])); v != nil && text(doc["fileVersionId"]) == "" && text(doc["additionalFileId"]) == "" {
		doc["fileVersionId"] = v.id
	}
	if u := text(doc["uri"]); u == "" {
		return invalid("The publiclink has no uri.")
	}
	return nil
}

// imageOf returns the image of an object, with a signed address.
func (s *store) imageOf(o object, kind string, q *query) any {
	size, edge := int64(20_000), 1024
	if kind == "thumbnail" {
		size, edge = 2_000, 256
	}
	if rec, ok := o.of.(*record); ok && len(s.filesOf(rec)) == 0 {
		return nil
	}
	id := path.Base(o.path)
	v := &version{id: id + kind, name: kind + ".jpg", size: size, seed: crc(id)}
	uri := s.publish(v.id, v, time.Now().Add(s.signedFor), q.r)
	return document{"uri": uri, "extension": "jpg", "width": edge, "height": edge, "size": size}
}
