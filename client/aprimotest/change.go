package aprimotest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// changed returns a document after a request. What the request does not name stays
// as it is, null resets, and what the kind does not know is kept as it was sent.
func (k *kind) changed(old, in document) document {
	doc := union(old)
	if by := valueOf(in, k.by); by != nil {
		doc[k.by] = by // first, since others depend on it
	}
	for name, value := range in {
		k.put(doc, name, value, old == nil)
	}
	return doc
}

// put gives a document one property of a request.
func (k *kind) put(doc document, name string, value any, isNew bool) {
	m, rel := k.named(doc, name, isNew), k.relation(name)
	switch {
	case m != nil && m.unchanging: // a document that was read can be sent as it is
	case m != nil && (value == nil || value == "" && m.kind == "enum"):
		delete(doc, m.name)
	case m != nil:
		doc[m.name] = m.read(k, doc[m.name], value)
	case rel != nil && rel.how == '#':
		doc[rel.idOf] = merged(doc[rel.idOf], value, rel.element())
	case rel == nil && name != "id" && name != "_links" && name != "_embedded": // which answers alone have
		doc[strings.TrimLeft(name, "~")] = value
	}
}

// named returns the member that a request means; nil if there is none.
func (k *kind) named(doc document, name string, isNew bool) *member {
	m := k.member(doc, name)
	if m == nil && !isNew {
		return find(k.shown(doc).all, func(m *member) bool { return m.changedBy != "" && strings.EqualFold(m.changedBy, name) })
	}
	invalid.when(!isNew && m.changedBy != "", "An invalid value was specified for %s.", name)
	return m
}

// complete refuses a document that has not what it must have.
func (k *kind) complete(doc document) {
	for _, m := range k.members.all {
		invalid.when(m.required && strings.TrimSpace(text(doc[m.name])) == "", "The %s has no %s.", k.name, m.name)
	}
}

// member returns one by its name, in whatever case; nil if there is none.
func (k *kind) member(doc document, name string) *member {
	return find(k.shown(doc).all, func(m *member) bool { return strings.EqualFold(m.name, name) })
}

func (k *kind) relation(name string) *relation {
	return find(k.relations, func(rel *relation) bool { return strings.EqualFold(rel.name, name) })
}

// find returns the first element that is as wanted; the zero value if there is none.
func find[T any](all []T, wanted func(T) bool) (none T) {
	if i := slices.IndexFunc(all, wanted); i >= 0 {
		return all[i]
	}
	return none
}

// placeOf returns the index of the first element that is as wanted. If there is none, it adds
// the zero value.
func placeOf[T any](all *[]T, wanted func(T) bool) int {
	i := slices.IndexFunc(*all, wanted)
	if i < 0 {
		i, *all = len(*all), append(*all, *new(T))
	}
	return i
}

// read returns the value that a member has after a request.
func (m *member) read(k *kind, old, value any) any {
	_, isDoc := value.(document)
	_, isList := value.([]any)
	switch m.kind {
	case "set", "actions", "items", "labels":
		fits := isList && m.kind != "actions" || isDoc && m.takes(value)
		invalid.when(!fits, "The property '%s' of a %s must be an array, or have addOrUpdate and remove.", m.name, k.name)
		return merged(old, value, m.element)
	case "object":
		if isDoc {
			return value
		}
	default:
		if read, ok := m.scalar(value); ok && !isDoc && !isList {
			return read
		}
	}
	what := "a " + m.kind
	if m.kind == "enum" {
		what = "one of " + strings.Join(m.words, ", ")
	}
	panic(invalid.because("The property '%s' of a %s must be %s, not '%v'.", m.name, k.name, what, value))
}

// scalar reads a value that is neither a set nor an object. As the API's parser it takes a
// number for a text, and the other way round.
func (m *member) scalar(value any) (read any, ok bool) {
	sent := text(value)
	word := slices.IndexFunc(m.words, func(known string) bool { return sent != "" && strings.EqualFold(known, sent) })
	switch m.kind {
	case "flag":
		flag, err := strconv.ParseBool(strings.ToLower(sent))
		return flag, err == nil
	case "number":
		number, err := strconv.ParseFloat(sent, 64)
		return number + float64(max(0, word)), err == nil || word >= 0
	case "enum":
		return m.words[max(0, word)], word >= 0 || m.open && sent != ""
	}
	return sent, true
}

// takes reports whether an object says how a set changes.
func (m *member) takes(value any) bool {
	for name := range value.(document) {
		if name = strings.ToLower(name); name == "addorupdate" || name == "remove" || name == "items" {
			return true
		}
	}
	return m.kind == "actions"
}

// merged returns a set after a change: an array replaces it, and an object has what
// is added and removed. What has the same identity is the same.
func merged(old, change any, element *kind) []any {
	added, isList := change.([]any)
	isList = isList || change == nil
	if whole, ok := valueOf(change, "items").([]any); ok {
		added, isList = whole, true
	}
	all := []any{}
	if !isList {
		all, added = append(all, array(old)...), array(valueOf(change, "addOrUpdate"))
	}
	same := func(item any) func(any) bool {
		id := identity(item, element)
		return func(other any) bool { return id != "" && strings.EqualFold(identity(other, element), id) }
	}
	for _, item := range added {
		i := placeOf(&all, same(item))
		all[i] = element.read(all[i], item, i)
	}
	for _, item := range array(valueOf(change, "remove")) {
		all = slices.DeleteFunc(all, same(item))
	}
	return all
}

// read returns an element of a set after a change. A text stands for the key of one, and
// one whose key is a number gets the next one, from the zero value on. Without a kind it can be anything.
func (k *kind) read(old, item any, at int) any {
	before, _ := old.(document)
	doc, isDoc := item.(document)
	if k == nil {
		if isDoc {
			return union(before, doc)
		}
		return item
	}
	key := k.keyName()
	if id := text(item); !isDoc && id != "" {
		doc = document{key: id}
	}
	if values := array(valueOf(doc, "localizedValues")); values != nil { // as for records, those of other languages stay
		doc = union(doc, document{"localizedValues": document{"addOrUpdate": values}})
	}
	read := k.changed(before, doc)
	if id := valueOf(doc, key); id != nil {
		read[key] = id
	} else if m := k.member(nil, key); read[key] == nil && m != nil && m.kind == "number" {
		first, _ := m.zero.(float64)
		read[key] = first + float64(at)
	}
	k.complete(read)
	return read
}

// identity returns what tells one element of a set from the others.
func identity(item any, element *kind) string {
	doc, ok := item.(document)
	if !ok {
		return text(item)
	}
	names := []string{"id", "fieldId", "recordId", "languageId", "name", "fieldName"}
	if element != nil {
		names = []string{element.keyName(), "name"}
	}
	for _, name := range names {
		if value := valueOf(doc, name); value != nil {
			return cmp.Or(text(value), "-")
		}
	}
	return ""
}
