package aprimotest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// A setOf is a member, or what a relation leads to, that addOrUpdate and remove change.
type setOf struct {
	name     string
	element  *kind    // nil for texts
	others   string   // the list that the elements are in, "" if they are nowhere else
	property []string // where an answer has it, once it is selected
}

// sets are those of a kind, in all of its variants.
func (k *kind) sets(by string) (all []setOf) {
	for _, m := range k.shown(document{k.by: by}).all {
		if !m.unchanging && slices.Contains([]string{"set", "actions", "items"}, m.kind) && !m.unshown {
			set := setOf{name: m.name, element: m.element, property: []string{m.name}}
			if m.kind == "items" {
				set.property = append(set.property, "items")
			}
			all = append(all, set)
		}
	}
	for _, rel := range k.relations {
		if set := (setOf{rel.name, rel.element(), "", []string{"_embedded", rel.link, "items"}}); rel.how == '#' && rel.name != "fields" { // which need definitions
			if rel.target != nil && set.element == nil {
				set.others = rel.target.plural
			}
			all = append(all, set)
		}
	}
	return all
}

// keysOf returns what tells the elements of a set in an answer apart.
func (set setOf) keysOf(doc document) (keys []string) {
	var at any = doc
	for _, name := range set.property {
		inner, _ := at.(document)
		at = inner[name]
	}
	items, _ := at.([]any)
	for _, item := range items {
		keys = append(keys, identity(item, set.element))
	}
	return keys
}

// Whatever set an object has, elements are added to it and taken from it, named by their
// keys or whole, and the others stay.
func TestSetsAreChangedByTheKeysOfTheirElements(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(kindOf)) {
		k := kindOf[name]
		if k.plural == "" || strings.Contains(k.refuse, "P") || slices.Contains([]string{"record", "setting"}, name) {
			continue
		}
		variants := append(slices.Sorted(maps.Keys(k.variants)), "")
		for _, by := range variants {
			for _, set := range k.sets(by) {
				t.Run(name+" "+by+" "+set.name, func(t *testing.T) { k.changeSet(t, set, by) })
			}
		}
	}
}

func (k *kind) changeSet(t *testing.T, set setOf, by string) {
	tenant := &Tenant{Rate: 1e6, Service: func(*http.Request) time.Duration { return 0 }}
	doc := k.first()
	if by != "" {
		doc[k.by] = by
	}
	one := k.path() + "/" + text(ask(t, tenant, "POST", k.plural, body(doc), nil, 201)[k.keyName()])
	put := func(change any) []string {
		t.Helper()
		ask(t, tenant, "PUT", one, body(document{set.name: change}), nil, 204)
		got := ask(t, tenant, "GET", one, "", http.Header{http.CanonicalHeaderKey("Select-" + k.name): {set.name}}, 200)
		return set.keysOf(got)
	}
	elements := set.samples(t, tenant)
	keys := put(document{"addOrUpdate": elements[:2]})
	if len(keys) != 2 {
		t.Fatalf("two were added: got %v", keys)
	}
	if got := put(document{"addOrUpdate": elements[2:]}); len(got) != 3 || !slices.Equal(got[:2], keys) {
		t.Errorf("another was added: got %v, want it behind %v", got, keys)
	} else {
		keys = got
	}
	if got := put(document{"remove": keys[:1]}); !slices.Equal(got, keys[1:]) {
		t.Errorf("%q was removed: got %v, want %v", keys[0], got, keys[1:])
	}
	var whole any = keys[1]
	if set.element != nil {
		whole = document{set.element.keyName(): keys[1]}
	}
	if got := put(document{"remove": []any{whole}}); !slices.Equal(got, keys[2:]) {
		t.Errorf("%v was removed: got %v, want %v", whole, got, keys[2:])
	}
	if got := put(nil); len(got) != 0 {
		t.Errorf("it was cleared: got %v", got)
	}
}

// samples are three elements of a set.
func (set setOf) samples(t *testing.T, tenant *Tenant) (all []any) {
	for i := range 3 {
		switch key := fmt.Sprintf("key%d", i); {
		case set.others != "":
			owner := kindOf[strings.TrimSuffix(set.others, "s")]
			doc := owner.first()
			doc["name"] = key
			all = append(all, ask(t, tenant, "POST", set.others, body(doc), nil, 201)["id"])
		case set.element == nil:
			all = append(all, key)
		case set.element.member(nil, set.element.keyName()).kind == "number":
			all = append(all, document{"conditionType": key})
		default:
			all = append(all, document{set.element.keyName(): key})
		}
	}
	return all
}

// What a relation leads to in requests is the same set in the permissions of an object.
func TestPermissionsAreChangedByTheirKeys(t *testing.T) {
	tenant := &Tenant{Rate: 1e6, Service: func(*http.Request) time.Duration { return 0 }}
	collection := text(ask(t, tenant, "POST", "collections", `{"name":"C"}`, nil, 201)["id"])
	classification := seedID("classifications", "Assets")
	for _, tt := range []struct{ path, set, key, with string }{
		{"collection/" + collection + "/permissions", "permissions", "userId", `"permission":"Read"`},
		{"collection/" + collection + "/permissions", "groupsPermissions", "groupId", `"permission":"Modify"`},
		{"classification/" + classification + "/classificationtreepermissions", "permissions", "userGroupId", `"accessRight":"Read"`},
		{"classification/" + classification + "/recordpermissions", "permissions", "userGroupId", `"accessRight":"Modify"`},
		{"classification/" + classification + "/downloadpermissions", "permissions", "userGroupId", `"accessRight":"Allow"`},
	} {
		ask(t, tenant, "PUT", tt.path, fmt.Sprintf(`{%q:{"addOrUpdate":[{%q:"a",%s},{%[2]q:"b",%[3]s}]}}`, tt.set, tt.key, tt.with), nil, 204)
		ask(t, tenant, "PUT", tt.path, fmt.Sprintf(`{%q:{"remove":[{%q:"a"}]}}`, tt.set, tt.key), nil, 204)
		items, _ := ask(t, tenant, "GET", tt.path, "", nil, 200)[tt.set].([]any)
		if len(items) != 1 || items[0].(document)[tt.key] != "b" {
			t.Errorf("%s of %s: got %v, want b", tt.set, tt.path, items)
		}
	}
	ask(t, tenant, "PUT", "collection/"+collection+"/permissions", `{"permissions":[{"userId":"a","permission":"Read"}]}`, nil, 400)
	ask(t, tenant, "PUT", "collection/"+collection+"/permissions", `{}`, nil, 204)
}

// A comment is changed by its content and read by its message, as live tests of a public
// client have it.
func TestCommentsOfACollection(t *testing.T) {
	tenant := &Tenant{Rate: 1e6, Service: func(*http.Request) time.Duration { return 0 }}
	one := "collection/" + text(ask(t, tenant, "POST", "collections", `{"name":"C","type":"Static"}`, nil, 201)["id"])
	ask(t, tenant, "POST", one+"/comments", `{"content":"no message"}`, nil, 400)
	ask(t, tenant, "POST", one+"/comments", `{"message":"first"}`, nil, 201)
	id := text(ask(t, tenant, "POST", one+"/comments", `{"message":"second"}`, nil, 201)["id"])
	ask(t, tenant, "PUT", one+"/comment/"+id, `{"message":"third"}`, nil, 400)
	ask(t, tenant, "PUT", one+"/comment/"+id, `{"content":"third"}`, nil, 204)
	if got := ask(t, tenant, "GET", one+"/comment/"+id, "", nil, 200); got["message"] != "third" || got["content"] != nil {
		t.Errorf("got %v, want the message third", got)
	}
	status := one + "/comments/status"
	if got := ask(t, tenant, "GET", status, "", nil, 200)["unreadComments"]; got != 2.0 {
		t.Errorf("got %v unread, want 2", got)
	}
	read := fmt.Sprintf(`{"id":%q,"lastReadCommentDate":%q}`, id, time.Now().Add(time.Second).Format(time.RFC3339Nano))
	if got := ask(t, tenant, "PUT", status, read, nil, 200)["unreadComments"]; got != 0.0 {
		t.Errorf("got %v unread, want 0", got)
	}
	ask(t, tenant, "PUT", status, `{"id":"x","lastReadCommentDate":"yesterday"}`, nil, 400)
	ask(t, tenant, "GET", "collection/unknown/comments/status", "", nil, 404)
	ask(t, tenant, "PUT", "collection/unknown/comments/status", read, nil, 404)
}
