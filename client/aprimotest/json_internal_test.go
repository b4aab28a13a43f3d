package aprimotest

import (
	"encoding/json"
	"testing"
)

// What is written by hand reads as what was meant.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "plain", `"\<>&`, "ü\x00\n", "\xff", "\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out := newJSON()
		out.link(text, text, text+"/"+text)
		out.add("all", []any{text, nil, true, 1, 2.5, document{"a": text}})
		got := out.end()
		once, _ := json.Marshal(text)
		twice, _ := json.Marshal(document{"href": text + "/" + text, "select-key": text})
		if text == "" {
			twice = []byte(`{"href":"/"}`)
		}
		want := "{" + string(once) + ":" + string(twice) + `,"all":[` + string(once) + `,null,true,1,2.5,{"a":` + string(once) + "}]}"
		if string(got) != want || !json.Valid(got) {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	})
}
