package marketing_test

import (
	"encoding/json"
	"iter"
	"net/http"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client/marketing"
)

// goldens are answers in the form of real tenants, by their requests, with values of our own. Their
// members, types and keys are those that timw255/aprimo-js, at 0d5dc32, declares, and that its author
// holds against a real tenant. Neither this package nor the simulated tenant was the source.
func goldens(t *testing.T) (all map[string]struct{ Answer json.RawMessage }) {
	t.Helper()
	data, err := os.ReadFile("testdata/answers.json")
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil || len(all) < 90 {
		t.Fatalf("got %d golden answers, %v, want more than 90", len(all), err)
	}
	return all
}

// Every member of an answer arrives: of one object, of one document, and of all objects of a list,
// whatever is the key of the list.
func TestGoldenAnswersAreReadWhole(t *testing.T) {
	for request, g := range goldens(t) {
		method, at, _ := strings.Cut(request, " /api/")
		var sent []string
		mo := newOperations(t, transportFunc(func(req *http.Request) (*http.Response, error) {
			sent = append(sent, req.Method+" "+req.URL.Path)
			return answering(http.StatusOK, string(g.Answer)).RoundTrip(req)
		}))
		var list struct {
			Embedded map[string][]marketing.Object `json:"_embedded"`
		}
		var want []marketing.Object
		if json.Unmarshal(g.Answer, &want) != nil && json.Unmarshal(g.Answer, &list) == nil {
			for _, items := range list.Embedded {
				want = items
			}
		}
		var got []marketing.Object
		var err error
		collect := func(all iter.Seq2[*marketing.Object, error]) {
			for item, fail := range all {
				if err = fail; err == nil {
					got = append(got, *item)
				}
			}
		}
		one := func(object *marketing.Object, fail error) {
			if err = fail; err == nil {
				got = append(got, *object)
			}
		}
		isOne := want == nil
		if isOne {
			want = make([]marketing.Object, 1)
			json.Unmarshal(g.Answer, &want[0])
		}
		k := mo.Kind(at)
		switch {
		case path.Base(at) == "search":
			collect(mo.Kind(path.Dir(at)).Search(t.Context(), marketing.Where("name", "equals", "x")))
		case method == http.MethodPost:
			one(k.Create(t.Context(), &marketing.Object{}))
		case isOne && path.Base(at) == "2":
			one(mo.Kind(path.Dir(at)).Get(t.Context(), 2))
		case isOne:
			one(k.Read(t.Context()))
		default:
			collect(k.List(t.Context()))
		}
		if err != nil || len(sent) != 1 || sent[0] != request {
			t.Errorf("%s: got error %v after %q, want none after one request", request, err, sent)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: what was read differs from the answer (-answer +read):\n%s", request, diff)
		}
	}
}
