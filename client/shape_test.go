package client_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// The golden answers have the members, of the types, that an independent client declares:
// they were not written by the tenant that this package is tested with, and neither were
// the types.
func TestGoldenAnswersHaveThePublishedShape(t *testing.T) {
	var published struct {
		Types map[string]struct{ Members map[string]string }
	}
	data, err := os.ReadFile("aprimotest/testdata/shapes.json")
	if err == nil {
		err = json.Unmarshal(data, &published)
	}
	if err != nil {
		t.Fatal(err)
	}
	more := map[string][]string{ // of types that are variants of these
		"additionalfile": {"subtitleDisplayName", "subtitleLanguageCode", "subtitleLanguageName"}, "settingdefinition": {"defaultValue"},
		"rendition":  {"width", "height", "resizeWidth", "resizeHeight", "resizeFormat", "x", "y", "colorSpace", "resolution", "isPreset", "isSmart", "presetHash", "presetName"},
		"fieldgroup": {"labels", "members"}, // a later version
	}
	kinds := map[string]string{"collection-comment": "comment", "collection-permissions": "collectionpermissions", "order": "downloadorder", "fielddefinition": "fielddefinition/OptionList"}
	checked := 0
	for name, g := range goldens(t) {
		kind := name
		if kinds[name] != "" {
			kind = kinds[name]
		}
		want, ok := published.Types[kind]
		if !ok {
			continue
		}
		checked++
		for _, form := range []json.RawMessage{g.HAL, g.JSON} {
			var answer map[string]any
			if err := json.Unmarshal(form, &answer); err != nil {
				t.Fatal(name, err)
			}
			for property, value := range answer {
				types, ok := want.Members[property]
				_, isLink := answer["_links"]
				switch {
				case property[0] == '_' || slices.Contains(more[name], property):
				case !ok && isLink: // without links, what is selected is beside the members
					t.Errorf("%s has a %s, which a %s has not", name, property, kind)
				case ok && !fits(value, types):
					t.Errorf("%s.%s is %v, want %s", name, property, value, types)
				}
			}
		}
	}
	if checked < 30 {
		t.Errorf("got %d golden answers with a published shape, want 30 and more", checked)
	}
}

// fits reports whether a value is of one of the types, or a word of an enumeration.
func fits(value any, types string) bool {
	kind := "object"
	switch value.(type) {
	case nil:
		return true
	case bool:
		kind = "flag"
	case float64:
		kind = "number"
	case string:
		kind = "text"
	case []any:
		kind = "set"
	}
	for want := range strings.FieldsSeq(types) {
		if words := strings.Split(want, "|"); want == kind || want == "any" ||
			kind == "text" && slices.ContainsFunc(words, func(word string) bool { return len(words) > 1 && strings.EqualFold(word, value.(string)) }) {
			return true
		}
	}
	return false
}
