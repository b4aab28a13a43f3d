package marketing_test

import (
	"context"
	"encoding/json"
	"errors"
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
		var sent []string
		mo := newOperations(t, transportFunc(func(req *http.Request) (*http.Response, error) {
			sent = append(sent, req.Method+" "+req.URL.Path)
			return answering(http.StatusOK, string(g.Answer)).RoundTrip(req)
		}))
		want, isList := objectsIn(t, g.Answer)
		got, err := readGolden(t.Context(), mo, request, isList)
		if err != nil || len(sent) != 1 || sent[0] != request {
			t.Errorf("%s: got error %v after %q, want none after one request", request, err, sent)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: what was read differs from the answer (-answer +read):\n%s", request, diff)
		}
	}
}

// objectsIn returns the objects of an answer that is a list, or the one that it is.
func objectsIn(t *testing.T, answer []byte) (all []object, isList bool) {
	t.Helper()
	if json.Unmarshal(answer, &all) == nil {
		return all, true
	}
	var list struct {
		Embedded map[string][]object `json:"_embedded"`
	}
	var one object
	if err := errors.Join(json.Unmarshal(answer, &list), json.Unmarshal(answer, &one)); err != nil {
		t.Fatal(err)
	}
	for _, items := range list.Embedded {
		return items, true
	}
	return []object{one}, false
}

// readGolden makes a request by the method of a Kind that is for it.
func readGolden(ctx context.Context, mo *marketing.Operations, request string, isList bool) (all []object, err error) {
	method, at, _ := strings.Cut(request, " /api/")
	above, last := path.Dir(at), path.Base(at)
	var one *object
	switch k := mo.Kind(at); {
	case last == "search":
		return collect(mo.Kind(above).Search(ctx, marketing.Where("name", "equals", "x")))
	case isList:
		return collect(k.List(ctx))
	case method == http.MethodPost:
		one, err = k.Create(ctx, &object{})
	case last == "2":
		one, err = mo.Kind(above).Get(ctx, 2)
	default:
		one, err = k.Read(ctx)
	}
	if err == nil {
		all = append(all, *one)
	}
	return all, err
}

func collect(list iter.Seq2[*object, error]) (all []object, err error) {
	for item, err := range list {
		if err != nil {
			return all, err
		}
		all = append(all, *item)
	}
	return all, nil
}
