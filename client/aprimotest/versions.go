package aprimotest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"path"
	"strings"
)

// A content is the bytes of a file. Of a large one only the size is known, and a pattern
// stands for it.
type content struct {
	name string
	size int64
	seed uint64 // of the pattern
	data []byte // nil if it was not kept
}

func (c *content) reader() io.ReadSeeker {
	if c.data != nil {
		return bytes.NewReader(c.data)
	}
	return io.NewSectionReader(pattern(c.seed), 0, c.size)
}

func (c *content) crc32() float64 {
	if c.data == nil {
		return float64(uint32(c.seed))
	}
	return float64(crc32.ChecksumIEEE(c.data))
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

// extension returns that of a file name, without its dot.
func extension(name string) string { return strings.TrimPrefix(path.Ext(name), ".") }

// objectOf returns a part as an answer shows it; of is what it belongs to.
func (s *store) objectOf(p, of *part) object {
	if p == nil {
		return object{}
	}
	made, name := stamp(p.created), p.fileName()
	doc := document{"id": p.id, "createdOn": made, "~createdBy": nameID(p.by), "metadata": document{}}
	switch p.kind.name {
	case "file":
		delete(doc, "metadata")
		if doc["checkedOut"] = p.checkedOut != ""; p.checkedOut != "" {
			doc["checkedOutOn"], doc["~checkedOutBy"] = stamp(p.since), nameID(p.checkedOut)
		}
	case "fileversion":
		maps.Copy(doc, document{
			"fileName": name, "fileExtension": extension(name), "fileSize": p.size, "versionNumber": p.number, "isLatest": p == of.latest(),
			"fileState": "Available", "fileProcessingState": "Done", "aiInfluenced": "No",
			"fileCreatedOn": made, "fileModifiedOn": made, "crc32": p.crc32(),
		})
	case "additionalfile":
		maps.Copy(doc, document{"fileName": name, "extension": extension(name), "fileSize": p.size, "crc32": p.crc32(), "label": name, "uri": s.signed(p)})
	case "filepreview":
		maps.Copy(doc, document{"isManual": true, "name": p.doc["label"]})
	}
	maps.Copy(doc, p.doc)
	return object{kind: p.kind, doc: doc, path: p.kind.name + "/" + p.id, of: p}
}

// filePreviews are those that were sent, after the one that Aprimo makes.
func (s *store) filePreviews(o object, q *query) any {
	return append(listing{s.masterPreview(o, q).(object)}, s.partsOf(o, o.kind.relation("filePreviews"))...)
}

func (s *store) masterPreview(o object, _ *query) any {
	return s.objectAt("filepreview/c" + o.of.(*part).id[1:])
}

// previewObject finds a preview. The id of one that Aprimo makes is that of its
// version, but for the first digit.
func (s *store) previewObject(id string) object {
	v := s.versionBehind(id, 'c')
	if v == nil {
		return s.partObject("filepreview")(id)
	}
	doc := document{"id": id, "name": "Master preview", "isMaster": true, "metadata": document{}, "createdOn": stamp(v.created)}
	return object{kind: kindOf["filepreview"], doc: doc, of: v}
}

// versionBehind returns the version whose id is another, but for the first digit.
func (s *store) versionBehind(id string, digit byte) *part {
	if len(id) != 32 || id[0] != digit {
		return nil
	}
	for _, before := range []string{"e", "0"} {
		if v, _ := s.findPart("fileversion", before+id[1:]); v != nil {
			return v
		}
	}
	return nil
}

// renditions of a version: the original alone.
func (s *store) renditions(o object, _ *query) any {
	return listing{s.objectAt("rendition/d" + o.of.(*part).id[1:])}
}

func (s *store) renditionObject(id string) object {
	v := s.versionBehind(id, 'd')
	if v == nil {
		return object{}
	}
	doc := document{"id": id, "name": "Original", "extension": extension(v.fileName()), "type": "Original", "~version": v.id, "uri": s.signed(v)}
	return object{kind: kindOf["rendition"], doc: doc, of: v}
}

// fileTypeOf is the type that has the extension of a version.
func (s *store) fileTypeOf(o object, _ *query) any {
	if doc := s.collection("filetypes").by("extension", extension(o.of.(*part).fileName())); doc != nil {
		return s.objectAt("filetype/" + text(doc["id"]))
	}
	return nil
}

// publicLinkOf is the public link of an additional file.
func (s *store) publicLinkOf(o object, _ *query) any {
	if all := s.referring(o, kindOf["publiclink"], "additionalFileId"); len(all) > 0 {
		return all[0]
	}
	return nil
}

// linkVersion gives a public link of a record the latest version of its master.
func (s *store) linkVersion(_ string, doc document, _ string) {
	if v := s.master(s.at(numberOf(text(doc["recordId"])), new(record))); v != nil && text(doc["fileVersionId"]) == "" && text(doc["additionalFileId"]) == "" {
		doc["fileVersionId"] = v.id
	}
	invalid.when(text(doc["uri"]) == "", "The publiclink has no uri.")
}

// imageOf returns the image of an object, with a signed address.
func (s *store) imageOf(o object, rel *relation) any {
	if rec, ok := o.of.(*record); o.of == nil || ok && len(s.filesOf(rec)) == 0 {
		return nil
	}
	id, edge := path.Base(o.path), map[string]int{"thumbnail": 256, "preview": 1024}[rel.image]
	image := imageContent(id, rel.image)
	uri := s.sign(id+rel.image, &blob{content: &image, name: image.name, host: "s1.previews.aprimo.com"})
	doc := document{"uri": uri, "width": edge, "height": edge, "size": image.size}
	return object{kind: kindOf["image"], doc: doc, path: o.path + "/" + rel.path}
}

// imageContent is what the image of an object has.
func imageContent(id, kind string) content {
	return content{name: kind + ".jpg", size: map[string]int64{"thumbnail": 2_000, "preview": 20_000}[kind], seed: uint64(crc32.ChecksumIEEE([]byte(id)))}
}

// downloadImage answers with an image itself.
func (s *store) downloadImage(w http.ResponseWriter, r *http.Request) any {
	rec, kind := s.recordOf(r), path.Base(path.Dir(r.PathValue("path")))
	missing.when(len(s.filesOf(rec)) == 0, "Record '%s' has no image '%s'.", rec.id(), kind)
	w.Header().Set("Content-Type", "image/jpeg")
	image := imageContent(rec.id(), kind)
	http.ServeContent(w, r, "", rec.modified, image.reader())
	return nil
}
