package aprimotest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// A kind is one sort of object of the DAM, as the tables in the files kinds_*.go
// say it: what an answer shows of it, what a request may change, and where it is.
type kind struct {
	name   string // in select-headers, and in the path of one
	plural string // in the path of the list; "" if there is none
	one    string // in the path of one, if it is not the name; "-" if there is none
	key    string // the member that is in the path of one; "" means id
	refuse string // methods that Aprimo does not have
	bare   bool   // the list has no pages
	single bool   // there is one alone, at the name

	// shape has what an answer shows, each as a name and a type:
	//
	//	name          text, "" until it is set
	//	name flag     false; flag=true
	//	name number   0; number=5
	//	name A|B      one of the words, in this spelling; the first until it is set. With
	//	              a * for the last any other is taken for the first
	//	name number:A|B  as well, but a request may have a word for it
	//	name set      an array, which a request replaces, or changes by addOrUpdate and
	//	              remove; set:kind says of what. A text stands for the key of one
	//	name actions  a set that a request cannot replace
	//	name items    a set that an answer has as {items, _links}
	//	name labels   a set of texts by language, or with labels:kind of other objects
	//	name object   an object, null until it is set
	//	name time     set by the server
	//
	// and, after the name, ? for null until it is set, ~ for null unless it is
	// selected, ! for required, ^ for what a request cannot change, and < for what only
	// requests have. name<other is read from the other member when an object is changed.
	shape string

	// rels has the links, each with a name, the select-key in lower case:
	//
	//	name          what a function in finders returns
	//	name@kind     the object whose id is kept under the name, or as name=member; if
	//	              there is none, what the link leads to is not found
	//	name>kind     one document of its own
	//	name*kind     documents that belong to the object
	//	name<kind=m   documents that have the object's id as their member m
	//	name#kind     a set that is sent with the object, of what has a path of its own, or
	//	              else is shown as it was sent; without a kind, of anything
	//	name&kind     parts of a record, a file or a version, which requests have as a set
	//	              of the same name, or of another as name&kind=set
	//	name!         an image; name!preview: the one of that name
	//	.name         what has a path but no link
	//	name%         a list in pages; name|one: what is in it has a path of its own
	//	name/a/b      at another path than the name; name:key: with another select-key
	rels string

	// by is the member that says which of the variants, further shapes, an object has.
	by       string
	variants map[string]string

	source string // where this is known from, and how sure it is

	members   shape
	relations []*relation
	linked    []*relation      // those of an answer
	further   map[string]shape // with the members
}

// A shape is the members of a kind, or of one of its variants.
type shape struct {
	all   []*member
	names map[string]bool
}

// A member is a property that an object always shows.
type member struct {
	name, kind                         string
	changedBy                          string   // the name in a change, if it is another
	words                              []string // of an enumeration
	zero                               any
	element                            *kind // of a set
	open                               bool  // another word of an enumeration is taken for the first
	hidden, null, required, unchanging bool
	unshown                            bool
}

// A relation leads from an object to others.
type relation struct {
	name, link, path, key string
	how                   byte // one of @ > * < # ! &, or 0
	target                *kind
	idOf                  string // the member with the id of what it leads to
	one                   string // the path of one of a list
	image                 string // its name
	paged, unlinked       bool
}

// kindOf has all kinds by their names, kindAt by the paths of one.
var kindOf, kindAt = func() (all, at map[string]*kind) {
	all, at = make(map[string]*kind), make(map[string]*kind)
	for _, table := range [][]kind{recordKinds, schemaKinds, peopleKinds, workKinds} {
		for _, k := range table {
			all[k.name] = &k
		}
	}
	for _, k := range all {
		k.members = parseShape(k.shape, all)
		k.further = make(map[string]shape)
		for value, more := range k.variants {
			k.further[strings.ToLower(value)] = parseShape(k.shape+", "+more, all)
		}
		for text := range strings.FieldsSeq(k.rels) {
			k.relations = append(k.relations, parseRelation(text, all))
		}
		k.linked = slices.DeleteFunc(slices.Clone(k.relations), func(rel *relation) bool { return rel.unlinked })
		if k.one != "-" {
			at[k.path()] = k
		}
	}
	return all, at
}()

func parseShape(text string, all map[string]*kind) shape {
	parsed := shape{names: map[string]bool{"createdOn": true, "modifiedOn": true}}
	for item := range strings.SplitSeq(text, ",") {
		words := strings.Fields(item)
		if len(words) == 0 {
			continue
		}
		name, changedBy, _ := strings.Cut(words[0], "<")
		m := &member{name: strings.TrimRight(name, "?~!^"), changedBy: changedBy}
		marks := words[0][len(m.name) : len(words[0])-len(changedBy)]
		m.null, m.hidden = strings.Contains(marks, "?"), strings.Contains(marks, "~")
		m.unshown = strings.HasSuffix(marks, "<") && changedBy == ""
		m.required, m.unchanging = strings.Contains(marks, "!"), strings.Contains(marks, "^")
		m.setKind(cmp.Or(strings.Join(words[1:], ""), "text"), all)
		if m.null || m.hidden && m.kind == "text" {
			m.zero = nil
		}
		parsed.all, parsed.names[m.name] = append(parsed.all, m), true
	}
	return parsed
}

func (m *member) setKind(text string, all map[string]*kind) {
	kind, value, _ := strings.Cut(text, "=")
	kind, element, _ := strings.Cut(kind, ":")
	m.kind, m.element = kind, all[element]
	switch kind {
	case "text":
		m.zero = value
	case "flag":
		m.zero = value == "true"
	case "number":
		m.zero, _ = strconv.ParseFloat("0"+value, 64)
		m.words = strings.Split(element, "|")
	case "labels":
		m.zero, m.element = []any{}, cmp.Or(m.element, all["label"])
	case "set", "actions", "items":
		m.zero = []any{}
	case "object": // null
	case "time":
		m.unchanging = true
	default:
		words, open := strings.CutSuffix(kind, "|*")
		m.kind, m.words, m.open = "enum", strings.Split(words, "|"), open
		m.zero = m.words[0]
	}
}

func parseRelation(text string, all map[string]*kind) *relation {
	rel := new(relation)
	cut := func(sep string) (value string) {
		text, value, _ = strings.Cut(text, sep)
		return value
	}
	text, rel.paged = strings.CutSuffix(text, "%")
	text, rel.unlinked = strings.CutPrefix(text, ".")
	rel.key, rel.idOf, rel.one = cut(":"), cut("="), cut("|")
	if i := strings.IndexAny(text, "@>*<#!&"); i >= 0 {
		rel.how = text[i]
		rel.image = cut(text[i : i+1])
		rel.target = all[rel.image]
	}
	rel.path = cut("/")
	rel.name, rel.link = text, strings.ToLower(text)
	if rel.how == '!' {
		rel.image = cmp.Or(rel.image, rel.link)
		rel.path = "image/" + rel.image
	}
	rel.path = cmp.Or(rel.path, rel.link)
	rel.key = cmp.Or(rel.key, rel.link)
	if rel.how == '&' {
		rel.idOf = cmp.Or(rel.idOf, rel.name)
	}
	rel.idOf = cmp.Or(rel.idOf, "~"+rel.name)
	return rel
}

// shown returns the shape that a document of the kind has.
func (k *kind) shown(doc document) shape {
	value, _ := doc[k.by].(string)
	if further, ok := k.further[strings.ToLower(value)]; ok {
		return further
	}
	return k.members
}

// path returns the part of the path of one that is in front of its id.
func (k *kind) path() string { return cmp.Or(k.one, k.name) }

func (k *kind) keyName() string { return cmp.Or(k.key, "id") }
