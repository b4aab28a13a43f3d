package aprimotest

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// changed returns a document after a request. What the request does not name stays
// as it is, null resets, and what the kind does not know is kept as it was sent.
func (k *kind) changed(old, in document) (document, error) {
	doc := maps.Clone(old)
	if doc == nil {
		doc = document{}
	}
	if by := valueOf(in, k.by); by != nil {
		doc[k.by] = by // first, since others depend on it
	}
	for name, value := range in {
		if err := k.put(doc, name, value, old == nil); err != nil {
			return nil, err
		}
	}
	return doc, nil
}

// put gives a document one property of a request.
func (k *kind) put(doc document, name string, value any, isNew bool) (err error) {
	m, rel := k.member(doc, name), k.relation(name)
	if m != nil && m.changedBy != "" && !isNew {
		return invalid("An invalid value was specified for %s.", name)
	}
	if m == nil && !isNew {
		m = k.changedBy(doc, name)
	}
	switch {
	case m != nil && m.unchanging: // a document that was read can be sent as it is
	case m != nil && value == nil:
		delete(doc, m.name)
	case m != nil:
		doc[m.name], err = m.read(k, doc[m.name], value)
	case rel != nil && rel.how == '#':
		doc[rel.idOf], err = merged(doc[rel.idOf], value, rel.element())
	case rel == nil && !slices.Contains(unsent, name):
		doc[strings.TrimLeft(name, "~")] = value
	}
	return err
}

// unsent are names that answers have and requests cannot set.
var unsent = []string{"id", "_links", "_embedded"}

// complete returns an error if a new document has not what it must have.
func (k *kind) complete(doc document) error {
	for _, m := range k.members.all {
		if m.required && strings.TrimSpace(text(doc[m.name])) == "" {
			return invalid("The %s has no %s.", k.name, m.name)
		}
	}
	return nil
}

// member returns one by its name, in whatever case; nil if there is none.
func (k *kind) member(doc document, name string) *member {
	all := k.shown(doc).all
	for i := range all {
		if strings.EqualFold(all[i].name, name) {
			return &all[i]
		}
	}
	return nil
}

// changedBy returns the member that has another name in a change.
func (k *kind) changedBy(doc document, name string) *member {
	all := k.shown(doc).all
	i := slices.IndexFunc(all, func(m member) bool { return m.changedBy != "" && strings.EqualFold(m.changedBy, name) })
	if i < 0 {
		return nil
	}
	return &all[i]
}

func (k *kind) relation(name string) *relation {
	i := slices.IndexFunc(k.relations, func(rel relation) bool { return strings.EqualFold(rel.name, name) })
	if i < 0 {
		return nil
	}
	return &k.relations[i]
}

// read returns the value that a member has after a request.
func (m *member) read(k *kind, old, value any) (any, error) {
	_, isDoc := value.(document)
	_, isList := value.([]any)
	switch m.kind {
	case "set", "actions", "items", "labels":
		if isList && m.kind != "actions" || isDoc && m.takes(value) {
			return merged(old, value, m.element)
		}
		return nil, invalid("The property '%s' of a %s must be an array, or have addOrUpdate and remove.", m.name, k.name)
	case "object":
		if isDoc {
			return value, nil
		}
	default:
		if read, ok := m.scalar(value); ok && !isDoc && !isList {
			return read, nil
		}
	}
	if m.kind == "enum" {
		return nil, invalid("The property '%s' of a %s must be one of %s, not '%v'.", m.name, k.name, strings.Join(m.words, ", "), value)
	}
	return nil, invalid("The property '%s' of a %s must be a %s, not '%v'.", m.name, k.name, m.kind, value)
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
		if slices.ContainsFunc([]string{"addOrUpdate", "remove", "items"}, func(known string) bool { return strings.EqualFold(known, name) }) {
			return true
		}
	}
	return m.kind == "actions"
}

// merged returns a set after a change: an array replaces it, and an object has what
// is added and removed. What has the same identity is the same.
func merged(old, change any, element *kind) ([]any, error) {
	actions, _ := change.(document)
	added, isList := change.([]any)
	isList = isList || change == nil
	if whole, ok := valueOf(actions, "items").([]any); ok {
		added, isList = whole, true
	}
	all := []any{}
	if !isList {
		before, _ := old.([]any)
		all = append(all, before...)
		added, _ = valueOf(actions, "addOrUpdate").([]any)
	}
	find := func(item any) int {
		id := identity(item, element)
		return slices.IndexFunc(all, func(other any) bool { return id != "" && strings.EqualFold(identity(other, element), id) })
	}
	for _, item := range added {
		i := find(item)
		if i < 0 {
			i, all = len(all), append(all, nil)
		}
		var err error
		if all[i], err = element.read(all[i], item, i); err != nil {
			return nil, err
		}
	}
	removed, _ := valueOf(actions, "remove").([]any)
	for _, item := range removed {
		if i := find(item); i >= 0 {
			all = slices.Delete(all, i, i+1)
		}
	}
	return all, nil
}

// read returns an element of a set after a change. A text stands for the key of one, and
// one whose key is a number gets the next one, from the zero value on. Without a kind it can be anything.
func (k *kind) read(old, item any, at int) (any, error) {
	before, _ := old.(document)
	doc, isDoc := item.(document)
	if k == nil {
		if isDoc && before != nil {
			whole := maps.Clone(before)
			maps.Copy(whole, doc)
			return whole, nil
		}
		return item, nil
	}
	key := k.keyName()
	if id := text(item); !isDoc && id != "" {
		doc = document{key: id}
	}
	read, err := k.changed(before, doc)
	if err != nil {
		return nil, err
	}
	if id := valueOf(doc, key); id != nil {
		read[key] = id
	} else if m := k.member(nil, key); read[key] == nil && m != nil && m.kind == "number" {
		first, _ := m.zero.(float64)
		read[key] = first + float64(at)
	}
	return read, k.complete(read)
}

// identity returns what tells one element of a set from the others.
func identity(item any, element *kind) string {
	doc, ok := item.(document)
	if !ok {
		return text(item)
	}
	names := []string{"id", "fieldId", "recordId", "languageId", "name"}
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
