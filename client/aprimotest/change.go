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
func (k *kind) changed(doc, in document) (document, error) {
	doc = maps.Clone(doc)
	if doc == nil {
		doc = document{}
	}
	if by := k.member(doc, k.by); by != nil { // first, since others depend on it
		for name, value := range in {
			if strings.EqualFold(name, k.by) {
				doc[k.by] = value
			}
		}
	}
	for name, value := range in {
		m := k.member(doc, name)
		if rel := k.relation(name); rel != nil && m == nil {
			if rel.how == '#' {
				doc[rel.idOf] = merged(doc[rel.idOf], value)
			}
			continue // a document that was read can be sent as it is
		}
		switch {
		case m == nil && !slices.Contains([]string{"id", "_links", "_embedded"}, name):
			doc[strings.TrimLeft(name, "~")] = value
		case m == nil || m.unchanging:
		case value == nil:
			delete(doc, m.name)
		default:
			read, err := m.read(k, doc[m.name], value)
			if err != nil {
				return nil, err
			}
			doc[m.name] = read
		}
	}
	return doc, nil
}

// complete returns an error if a new document has not what it must have.
func (k *kind) complete(doc document) error {
	for _, m := range k.members {
		if text, _ := doc[m.name].(string); m.required && strings.TrimSpace(text) == "" {
			return invalid("The %s has no %s.", k.name, m.name)
		}
	}
	return nil
}

// member returns one by its name, in whatever case; nil if there is none.
func (k *kind) member(doc document, name string) *member {
	if name == "" {
		return nil
	}
	all := k.shown(doc)
	i := slices.IndexFunc(all, func(m member) bool { return strings.EqualFold(m.name, name) })
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

// read returns the value that a member has after a request. As the API's parser it
// takes a number for a text, and the other way round.
func (m *member) read(k *kind, old, value any) (any, error) {
	text, isText := value.(string)
	number, isNumber := value.(float64)
	flag, isFlag := value.(bool)
	switch m.kind {
	case "text":
		switch {
		case isText:
			return text, nil
		case isNumber:
			return strconv.FormatFloat(number, 'f', -1, 64), nil
		case isFlag:
			return strconv.FormatBool(flag), nil
		}
	case "flag":
		if parsed, err := strconv.ParseBool(strings.ToLower(text)); err == nil {
			return parsed, nil
		}
		if isFlag {
			return flag, nil
		}
	case "number":
		if parsed, err := strconv.ParseFloat(text, 64); err == nil {
			return parsed, nil
		}
		if isNumber {
			return number, nil
		}
	case "enum":
		i := slices.IndexFunc(m.words, func(word string) bool { return strings.EqualFold(word, text) })
		if isText && (i >= 0 || m.open) {
			return m.words[max(0, i)], nil
		}
		return nil, invalid("The property '%s' of a %s must be one of %s, not '%v'.", m.name, k.name, strings.Join(m.words, ", "), value)
	case "list":
		if _, ok := value.([]any); ok {
			return value, nil
		}
	case "set", "labels":
		return m.readSet(k, old, value)
	default:
		if _, ok := value.(document); ok {
			return value, nil
		}
	}
	return nil, invalid("The property '%s' of a %s must be a %s, not '%v'.", m.name, k.name, m.kind, value)
}

func (m *member) readSet(k *kind, old, value any) (any, error) {
	switch value.(type) {
	case []any, document:
		all := merged(old, value)
		for i, item := range all {
			doc, ok := item.(document)
			if m.element == nil || !ok {
				continue
			}
			read, err := m.element.changed(nil, doc)
			if err == nil {
				err = m.element.complete(read)
			}
			if err != nil {
				return nil, err
			}
			if id, ok := doc["id"]; ok {
				read["id"] = id
			}
			all[i] = read
		}
		return all, nil
	}
	return nil, invalid("The property '%s' of a %s must be an array, or have addOrUpdate and remove.", m.name, k.name)
}

// merged returns a set after a change: an array replaces it, and an object has what
// is added and removed. What has the same identity is the same.
func merged(old, change any) []any {
	before, _ := old.([]any)
	all := append([]any{}, before...)
	actions, ok := change.(document)
	if !ok {
		replacement, _ := change.([]any)
		return append([]any{}, replacement...)
	}
	find := func(item any) int {
		id := identity(item)
		return slices.IndexFunc(all, func(other any) bool { return id != "" && strings.EqualFold(identity(other), id) })
	}
	for _, item := range itemsOf(actions, "addOrUpdate") {
		i := find(item)
		if i < 0 {
			all = append(all, item)
			continue
		}
		old, isDoc := all[i].(document)
		doc, ok := item.(document)
		if all[i] = item; ok && isDoc {
			whole := maps.Clone(old)
			maps.Copy(whole, doc)
			all[i] = whole
		}
	}
	for _, item := range itemsOf(actions, "remove") {
		if i := find(item); i >= 0 {
			all = slices.Delete(all, i, i+1)
		}
	}
	return all
}

func itemsOf(actions document, name string) []any {
	for key, value := range actions {
		if strings.EqualFold(key, name) {
			items, _ := value.([]any)
			return items
		}
	}
	return nil
}

// identity returns what tells one element of a set from the others.
func identity(item any) string {
	if text, ok := item.(string); ok {
		return text
	}
	doc, _ := item.(document)
	for _, name := range []string{"id", "userGroupId", "userId", "groupId", "fieldId", "fieldGroupId", "recordId", "languageId", "name"} {
		for key, value := range doc {
			if text, ok := value.(string); ok && strings.EqualFold(key, name) {
				return cmp.Or(text, "-")
			}
		}
	}
	return ""
}
