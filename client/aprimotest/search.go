package aprimotest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

type searchRequest struct {
	Search        expression `json:"searchExpression"`
	Facets        []facet    `json:"facets"`
	IgnoreInvalid bool       `json:"ignoreInvalidFacets"`
}

func (s *store) listRecords(_ http.ResponseWriter, r *http.Request) any {
	return s.pageOfRecords(r, s.find(filterOf(r, s.recordWords()), parameter(r, "sort"), parameter(r, "filter") != ""), nil)
}

func (s *store) searchRecords(_ http.ResponseWriter, r *http.Request, in searchRequest) any {
	p, ceiling := pageOf(r), orDefault(s.tenant.SearchCeiling, defaultSearchCeiling)
	invalid.when(p.first+p.size > ceiling,
		"Result window is too large, from + size must be less than or equal to: [%d] but was [%d].", ceiling, p.first+p.size)
	facets, kept := s.facets(s.find(compile(in.Search, s.recordWords(), 0), parameter(r, "sort"), true), in)
	return s.pageOfRecords(r, kept, facets)
}

// pageOfRecords answers with a page of records.
func (s *store) pageOfRecords(r *http.Request, found []uint64, more document) any {
	return s.page(r, len(found), more, func(i int) object { return s.at(found[i], new(record)).object() })
}

// find returns the numbers of the records that fulfil a condition, sorted.
// Search finds only those that are in the index already.
func (s *store) find(wanted condition[*record], sort string, indexed bool) []uint64 {
	var scratch record
	now, found := time.Now(), make([]uint64, 0, len(s.records))
	for n := uint64(1); n <= uint64(len(s.records)); n++ {
		rec := s.at(n, &scratch)
		if rec != nil && (!indexed || !now.Before(rec.indexed)) && wanted(rec) {
			found = append(found, n)
		}
	}
	sorted(found, func(n uint64) *record { return s.at(n, &scratch) }, sort, s.recordWords())
	return found
}

// recordWords are what an expression can ask of a record.
func (s *store) recordWords() vocabulary[*record] {
	can := vocabulary[*record]{property: s.recordProperty}
	can.words.wholeWords = s.tenant.Guesses.WholeWords
	can.words.texts = func(rec *record) []string {
		all := []string{rec.name()}
		for _, f := range s.fieldsOf(rec) {
			all = append(all, fieldTexts(f)...)
		}
		for _, f := range s.filesOf(rec) {
			all = append(all, f.latest().fileName())
		}
		return all
	}
	return can
}

func (s *store) recordProperty(name, argument string) (property[*record], bool) {
	if p, ok := recordProperties[name]; ok && argument == "" {
		return p, true
	}
	head, last := name, "id"
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		head, last = name[:i], name[i+1:]
	}
	switch {
	case name == "fieldname" || name == "fieldid":
		return s.fieldProperty(name, argument), true
	case name == "collection":
		return s.memberOf(argument), true
	case name == "filecount":
		return property[*record]{order: "number", number: func(rec *record) float64 { return float64(len(s.filesOf(rec))) }}, true
	case head == "classification" || head == "directclassification":
		return s.classificationProperty(last, head == "classification"), true
	}
	for _, member := range []string{"name", "label"} {
		if doc := s.collection("fielddefinitions").by(member, name); doc != nil {
			return s.fieldProperty("fieldid", text(doc["id"])), true
		}
	}
	if !strings.Contains(head, "file") {
		return property[*record]{}, false
	}
	return s.versionProperty(last, strings.HasSuffix(head, ".filetype"), strings.Contains(head, "latest"), strings.Contains(head, "master"))
}

// fieldProperty is about the values of a field, in all languages.
func (s *store) fieldProperty(by, value string) property[*record] {
	value = normalizeID(value)
	isMeant := func(f document) bool {
		return by == "fieldid" && f["id"] == value || by == "fieldname" && strings.EqualFold(text(f["fieldName"]), value)
	}
	return property[*record]{texts: func(rec *record) []string { return fieldTexts(find(s.fieldsOf(rec), isMeant)) }}
}

// memberOf is whether a record is in a collection.
func (s *store) memberOf(id string) property[*record] {
	in := s.inCollection(s.collection("collections").byID[normalizeID(id)])
	return property[*record]{texts: func(rec *record) []string { return []string{text(slices.Contains(in, rec.number))} }}
}

// classificationProperty is about the classifications of a record, and if wanted
// about those that they are below.
func (s *store) classificationProperty(name string, above bool) property[*record] {
	docs := s.collection("classifications").byID
	return property[*record]{texts: func(rec *record) (all []string) {
		for _, item := range rec.classifications {
			for doc := docs[identity(item, nil)]; doc != nil; doc = s.parent(doc) {
				all = append(all, withPaths(text(valueOf(doc, name)))...)
				if !above {
					break
				}
			}
		}
		return all
	}}
}

// versionProperty is about the versions of the files of a record, or about their file types.
func (s *store) versionProperty(name string, ofType, latest, master bool) (property[*record], bool) {
	k := kindOf["fileversion"]
	if ofType {
		k = kindOf["filetype"]
	} else if name == "extension" {
		name = "fileExtension"
	}
	if m := k.member(nil, name); m != nil {
		name = m.name
	} else if name != "haspublicuri" {
		return property[*record]{}, false
	}
	return property[*record]{texts: func(rec *record) (all []string) {
		for i, f := range s.filesOf(rec) {
			for _, v := range f.versions() {
				if master && i > 0 || latest && v != f.latest() {
					continue
				}
				o := s.objectOf(v, f)
				o.doc["haspublicuri"] = s.collection("publicuris").by("fileVersionId", v.id) != nil
				if ofType {
					o, _ = s.fileTypeOf(o, nil).(object)
				}
				all = append(all, text(o.doc[name]))
			}
		}
		return all
	}}, true
}

type suggestRequest struct {
	Input       string
	LanguageIDs []string
	Number      int `json:"numberOfSuggestions"`
}

// suggest returns titles that begin with what was typed.
func (s *store) suggest(_ http.ResponseWriter, _ *http.Request, in suggestRequest) any {
	in.Number = orDefault(in.Number, 5)
	invalid.when(in.Input == "", "There is no input.")
	found := s.find(func(rec *record) bool { _, ok := cutFold(rec.name(), in.Input); return ok }, "", false)
	texts := mapped(found[:max(0, min(len(found), in.Number))], func(n uint64) any {
		return document{"text": s.at(n, new(record)).name(), "score": 1}
	})
	languages := append(in.LanguageIDs, noLanguage)[:max(1, len(in.LanguageIDs))]
	return mapped(languages, func(id string) any { return document{"languageId": cmp.Or(id, noLanguage), "suggestions": texts} })
}
