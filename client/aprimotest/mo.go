package aprimotest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A moField is a member of an object.
type moField struct {
	name, mark string
	value      any // unless the object has another; nil for null
}

// moByPath has the kinds with their fields.
var moByPath = func() map[string]*moKind {
	all := make(map[string]*moKind)
	for _, k := range moKinds {
		k.fields = moFields(k.members)
		all[k.path] = &k
	}
	for _, k := range all {
		if k.store == "" {
			k.store = k.path
		}
		owner := all[k.store]
		k.manual = owner.manual
		if k.members == "" {
			k.fields = owner.fields
		}
	}
	return all
}()

// moFields reads the members of a kind: a name, a mark (# number, ? boolean, [] list,
// none for text), and a value if it is not zero. What follows a bar can be null.
func moFields(members string) []moField {
	var all []moField
	always, optional, _ := strings.Cut(members, "|")
	required := len(strings.Fields(always))
	for i, text := range append(strings.Fields(always), strings.Fields(optional)...) {
		text, value, has := strings.Cut(text, "=")
		f := moField{name: strings.TrimRight(text, "#?[]")}
		f.mark = strings.TrimPrefix(text, f.name)
		switch {
		case f.mark == "[]":
			f.value = []any{}
		case !has && i >= required:
		case f.mark == "#":
			f.value = moNumber(cmp.Or(value, "0"))
		case f.mark == "?":
			f.value = value == "true"
		default:
			f.value = value
		}
		all = append(all, f)
	}
	return all
}

// moKindOf returns the kind with a name in the paths; one that is in no table is
// kept as it was sent.
func moKindOf(path string) *moKind {
	if k := moByPath[path]; k != nil {
		return k
	}
	return &moKind{path: path, store: path, key: path, fields: moFields("id#")}
}

func (k *moKind) id() string { return k.fields[0].name }

func (k *moKind) field(name string) (moField, bool) {
	i := slices.IndexFunc(k.fields, func(f moField) bool { return strings.EqualFold(f.name, name) })
	if i < 0 {
		return moField{}, false
	}
	return k.fields[i], true
}

// A moView is an object as an answer has it: the members in the order of the table,
// the id first, and then those that are not in it.
type moView struct {
	*moKind
	doc document
}

func (k *moKind) view(r *http.Request, doc document) moView {
	out := k.whole(doc)
	out["_links"] = links{"self": {Href: baseURL(r) + "/api/" + k.path + "/" + moText(doc[k.id()])}}
	return moView{k, out}
}

func (v moView) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	names := make([]string, 0, len(v.doc))
	for _, f := range v.fields {
		names = append(names, f.name)
	}
	for _, name := range slices.Sorted(maps.Keys(v.doc)) {
		if _, ok := v.field(name); !ok {
			names = append(names, name)
		}
	}
	for i, name := range names {
		member, err := json.Marshal(document{name: v.doc[name]})
		if err != nil {
			return nil, err
		}
		out.WriteByte("{,"[min(i, 1)])
		out.Write(member[1 : len(member)-1])
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// whole returns an object with the members that were never set.
func (k *moKind) whole(doc document) document {
	out := make(document, len(k.fields)+len(doc))
	for _, f := range k.fields {
		out[f.name] = f.value
	}
	maps.Copy(out, doc)
	return out
}

// change gives an object the members of a request, whose names can be in any case.
func (k *moKind) change(doc, in document) {
	delete(in, k.id())
	for name, value := range in {
		if f, ok := k.field(name); ok {
			name = f.name
		}
		doc[name] = value
	}
}

// moObjects are the objects of a kind, in the order in which they were made.
type moObjects struct {
	last int
	ids  []string
	byID map[string]document
}

// moAll returns the objects of a kind. Of one that no call makes there is one.
func (s *store) moAll(k *moKind) *moObjects {
	if s.mo == nil {
		s.mo = make(map[string]*moObjects)
	}
	if s.mo[k.store] == nil {
		all := &moObjects{byID: make(map[string]document)}
		s.mo[k.store] = all
		if owner := moKindOf(k.store); owner.manual {
			all.add(owner, owner.start(all))
		}
	}
	return s.mo[k.store]
}

// start returns the object of a kind that is there at the start.
func (k *moKind) start(all *moObjects) document {
	doc := document{}
	if k.first != "" {
		if err := json.Unmarshal([]byte(k.first), &doc); err != nil {
			panic(err) // a table of this package
		}
		all.last = int(doc[k.id()].(float64)) - 1
		return doc
	}
	for _, f := range k.fields {
		if f.value == "" {
			doc[f.name] = k.key + " 1"
		}
	}
	return doc
}

// add keeps an object under the next number.
func (all *moObjects) add(k *moKind, doc document) {
	all.last++
	id := strconv.Itoa(all.last)
	doc[k.id()] = moNumber(id)
	if k.fields[0].mark == "" {
		doc[k.id()] = id
	}
	all.ids, all.byID[id] = append(all.ids, id), doc
}

// given reports whether an object has or had an id: what is below one that was
// deleted can still be asked for.
func (all *moObjects) given(id string) bool {
	n, err := strconv.Atoi(id)
	return all.byID[id] != nil || err == nil && n > 0 && n <= all.last
}

// moNumber returns the number of a path or a table, or what it is instead.
func moNumber(text string) any {
	if n, err := strconv.Atoi(text); err == nil {
		return float64(n)
	}
	return text
}

// moText returns a value as a path or a comparison has it.
func moText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// stamp sets when and by whom an object was changed, in the members that it has.
func (s *store) moStamp(k *moKind, r *http.Request, doc document, names ...string) {
	for _, name := range names {
		if _, ok := k.field(name); !ok {
			continue
		}
		doc[name] = moNumber(userNumber(s.user(r)))
		if strings.HasSuffix(name, "Date") {
			doc[name] = stamp(time.Now())
		}
	}
}

// A moList is a list of objects: all of a kind, or those below another object.
type moList struct {
	path string
	kind string // "" for the one in the path
	key  string // in _embedded, if it is not the kind's
	bare bool   // a list is an array, and a deletion is answered true
	only func(*store, *http.Request, document) bool
}

// A moScope is what a request for a list can see and change.
type moScope struct {
	*moKind
	list  moList
	all   *moObjects
	links document // the members that an object below another one has
}

// scope returns what a request is about, or an error if what that is below is not there.
func (l moList) scope(s *store, r *http.Request) (moScope, error) {
	k := moKindOf(cmp.Or(l.kind, r.PathValue("resource")))
	sc := moScope{k, l, s.moAll(k), document{}}
	steps := strings.Split(l.path, "/")
	for i, step := range steps {
		name := strings.Trim(step, "{}")
		if name == step || slices.Contains([]string{"resource", "id", "verb", "member"}, name) {
			continue
		}
		id := r.PathValue(name)
		sc.links[name] = moNumber(id)
		if above := moBelow(steps[:i]); above != nil && !s.moAll(above).given(id) {
			return sc, missing("No %s was found with id '%s'.", above.path, id)
		}
	}
	return sc, nil
}

// moBelow returns the kind of the objects at a path, nil if it is in no table.
func moBelow(steps []string) *moKind {
	if len(steps) == 1 {
		return moByPath[steps[0]]
	}
	path := strings.Join(steps, "/")
	for _, l := range moLists {
		if l.path == path {
			return moByPath[l.kind]
		}
	}
	return nil
}

// has reports whether an object is in the list. One that was made in Aprimo's pages
// belongs to every object that it was not given to another of.
func (sc moScope) has(doc document) bool {
	for name, value := range sc.links {
		if doc[name] == nil && sc.manual {
			continue
		}
		if moText(doc[name]) != moText(value) {
			return false
		}
	}
	return true
}

func (sc moScope) get(id string) (document, error) {
	if doc := sc.all.byID[id]; doc != nil && sc.has(doc) {
		return doc, nil
	}
	return nil, missing("No %s was found with id '%s'.", sc.path, id)
}
