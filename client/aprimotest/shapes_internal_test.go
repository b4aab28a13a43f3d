package aprimotest

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// A published shape is what somebody else says of a kind: its members, each with the types
// of JSON that it has, or the words of an enumeration, and its links.
type publishedShape struct {
	Members map[string]string
	Links   []string
}

// publishedShapes are in testdata/shapes.json. Under "types" they are the types that
// timw255/aprimo-js, at 0d5dc32, declares, and that its author's tests hold against a real
// tenant; under "live", what the samples of a real tenant in jscarano/bi-aprimo-api have.
// Neither was written with this package, so that a misreading cannot be in both.
func publishedShapes(t *testing.T) (all struct{ Types, Live map[string]publishedShape }) {
	t.Helper()
	data, err := os.ReadFile("testdata/shapes.json")
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// differences are where the tables differ from the declared types, and why.
var differences = map[string]string{
	"collection.tag":                               "null in the live sample",
	"filepreview.tag":                              "as all tags null unless it is selected",
	"check.labels":                                 "CheckFramework-Demo",
	"comment.read":                                 "always known here",
	"finding.explanation":                          "never null here",
	"finding.recommendation":                       "never null here",
	"fielddefinition.aiEnabled":                    "false in live samples of other clients",
	"fielddefinition.metadataPredictionEnabled":    "as aiEnabled",
	"fielddefinition.dataType":                     "the type of the base has no RichContent, which has a type of its own",
	"downloadorder.singleFileZipMode":              "a later version",
	"downloadorder.notificationThresholdInSeconds": "never null here",
	"settingdefinition.defaultValue":               "of the variants",
	"mo/content-plans.activities":                  "shown by manage-activities",
	"mo/group-memberships.membershipId":            "what a membership is deleted by",
	"mo/lookup.lookupId":                           "the number in the path",
	"mo/system-type-items.systemType":              "the name in the path",
	"mo/tasks.workFlowTaskStatus":                  "aprimo-chrome-extension and aprimo-editor-tools read it",
	"mo/tasks.estimatedWork":                       "aprimo-editor-tools",
	"mo/tasks.assignees":                           "aprimo-editor-tools",
	"mo/tasks.taskRoles":                           "aprimo-editor-tools",
}

// nullHere are null until they are set in the type of a download order, but in no other.
var nullHere = []string{"earliestStartDate", "message", "startedOn"}

func (m *member) types() []string {
	kind := m.kind
	switch kind {
	case "enum":
		words := slices.Clone(m.words)
		slices.Sort(words)
		kind = strings.Join(words, "|")
	case "time":
		kind = "text"
	case "items":
		kind = "object"
	case "actions", "labels":
		kind = "set"
	}
	if (m.zero == nil || m.hidden) && m.kind != "time" && m.kind != "object" {
		return []string{kind, "null"}
	}
	return []string{kind}
}

// Each kind has the members and links, of the types, that its published shape has.
func TestTheTablesHaveThePublishedShapes(t *testing.T) {
	types := publishedShapes(t).Types
	for name, want := range types {
		k, sh := kindAndShape(t, name)
		owner, _, _ := strings.Cut(name, "/")
		if owner == "mo" {
			owner = name
		}
		for property, types := range want.Members {
			i := slices.IndexFunc(sh.all, func(m *member) bool { return m.name == property })
			switch {
			case differences[owner+"."+property] != "" || strings.HasSuffix(owner, "order") && slices.Contains(nullHere, property):
			case i < 0:
				t.Errorf("%s has no %s", name, property)
			case !fits(sh.all[i], types, k == nil):
				t.Errorf("%s.%s is %v, want %s", name, property, sh.all[i].types(), types)
			}
		}
		for _, m := range sh.all {
			if _, ok := want.Members[m.name]; !ok && !m.unshown && differences[owner+"."+m.name] == "" {
				t.Errorf("%s has a %s, which its published shape has not", name, m.name)
			}
		}
		if want.Links != nil && k != nil {
			if got := k.links(); !slices.Equal(got, want.Links) {
				t.Errorf("%s has the links %q, want %q", name, got, want.Links)
			}
		}
	}
}

// fits reports whether a member is of the declared types. Null is left out of account for
// objects and times, and for marketing operations, whose types do not tell what is null
// from what is missing.
func fits(m *member, types string, anyNull bool) bool {
	want, got := strings.Fields(types), m.types()
	if anyNull || m.kind == "object" || m.kind == "time" {
		isNull := func(kind string) bool { return kind == "null" }
		want, got = slices.DeleteFunc(want, isNull), slices.DeleteFunc(got, isNull)
	}
	slices.Sort(want)
	slices.Sort(got)
	return slices.Equal(want, got) || types == "any"
}

// links returns the names of the links that an object has, apart from self.
func (k *kind) links() (names []string) {
	names = []string{}
	for _, rel := range k.relations {
		if !rel.unlinked {
			names = append(names, rel.link)
		}
	}
	slices.Sort(names)
	return names
}

// kindAndShape finds a kind by its name, or a variant of one as fielddefinition/Date; the
// kinds of marketing operations have no links.
func kindAndShape(t *testing.T, name string) (*kind, shape) {
	t.Helper()
	owner, variant, _ := strings.Cut(name, "/")
	if mo := moByPath[variant]; owner == "mo" && mo != nil {
		return nil, mo.shown.members
	}
	k := kindOf[owner]
	if k == nil {
		t.Fatalf("there is no kind %s", name)
	}
	return k, k.shown(document{k.by: variant})
}

// emptyHere are null in live samples and texts in the declared types, which clients have
// been written for: here they are empty.
var emptyHere = []string{"helpText", "defaultValue"}

// What real tenants answered can be an answer of this one.
func TestTheTablesHaveTheLiveShapes(t *testing.T) {
	for name, want := range publishedShapes(t).Live {
		k, sh := kindAndShape(t, name)
		for property, types := range want.Members {
			i := slices.IndexFunc(sh.all, func(m *member) bool { return m.name == property })
			switch {
			case i < 0 && k.relation(property) != nil: // without links it is beside the members
			case i < 0:
				t.Errorf("%s has no %s", name, property)
			case types == "null" && sh.all[i].zero != nil && !sh.all[i].hidden && !slices.Contains(emptyHere, property):
				t.Errorf("%s.%s is %v if it was not set, want null", name, property, sh.all[i].zero)
			case types != "null" && !slices.Contains(strings.Fields(types), kindOfJSON(sh.all[i])):
				t.Errorf("%s.%s is a %s, want %s", name, property, kindOfJSON(sh.all[i]), types)
			}
		}
		for _, link := range want.Links { // of an older version: there are more today
			if !slices.Contains(k.links(), link) {
				t.Errorf("%s has no link %s", name, link)
			}
		}
	}
}

func kindOfJSON(m *member) string {
	if m.kind == "enum" {
		return "text"
	}
	return m.types()[0]
}
