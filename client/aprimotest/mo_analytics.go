package aprimotest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// cubes are the kinds that analytics counts, by their key.
func cubes() map[string]*moKind {
	all := make(map[string]*moKind)
	for _, k := range moByPath {
		if k.store == k.path {
			all[k.key] = k
		}
	}
	return all
}

// analyticsMeta names the measures and dimensions that a query can have.
func (s *store) analyticsMeta(w http.ResponseWriter, _ *http.Request) error {
	out := []document{}
	for name, k := range cubes() {
		dimensions := []document{}
		for _, m := range k.shown.members.all {
			kind := map[string]string{"text": "string", "number": "number", "flag": "boolean"}[m.kind]
			if kind != "" {
				dimensions = append(dimensions, document{"name": name + "." + m.name, "title": m.name, "type": kind})
			}
		}
		count := document{"name": name + ".count", "title": "Count", "type": "number", "aggType": "count"}
		out = append(out, document{"name": name, "title": name, "measures": []document{count}, "dimensions": dimensions, "segments": []any{}})
	}
	slices.SortFunc(out, func(a, b document) int { return strings.Compare(text(a["name"]), text(b["name"])) })
	writeJSON(w, http.StatusOK, document{"cubes": out})
	return nil
}

// A cubeQuery is what of a query is simulated.
type cubeQuery struct {
	Measures   []string `json:"measures"`
	Dimensions []string `json:"dimensions"`
	Limit      int      `json:"limit"`
}

// cube returns the one cube that a query is about.
func (q cubeQuery) cube() (*moKind, error) {
	names := slices.Concat(q.Measures, q.Dimensions)
	if len(names) == 0 {
		return nil, invalid("Query should contain either measures, dimensions or timeDimensions with granularities in order to be valid")
	}
	cube, _, _ := strings.Cut(names[0], ".")
	k := cubes()[cube]
	for i, name := range names {
		member, known := strings.CutPrefix(name, cube+".")
		if known = known && k != nil; known && i < len(q.Measures) {
			known = member == "count"
		} else if known {
			known = k.shown.member(nil, member) != nil
		}
		if !known {
			return nil, invalid("'%s' not found for path '%s'", cube, name)
		}
	}
	return k, nil
}

// analytics counts the objects of a kind by some of their members. As in Cube, a
// count is a text.
func (s *store) analytics(w http.ResponseWriter, r *http.Request) error {
	var q cubeQuery
	text := r.URL.Query().Get("query")
	if err := json.Unmarshal([]byte(text), &q); err != nil {
		return invalid("The query could not be read: %v", err)
	}
	k, err := q.cube()
	if err != nil {
		return err
	}
	data := s.count(k, q)
	if q.Limit > 0 {
		data = data[:min(len(data), q.Limit)]
	}
	writeJSON(w, http.StatusOK, document{"query": json.RawMessage(text), "data": data})
	return nil
}

// count returns a row for each set of values of the dimensions.
func (s *store) count(k *moKind, q cubeQuery) []document {
	rows, counts := []document{}, make(map[string]int)
	keys := []string{}
	objects := s.moAll(k)
	for _, id := range objects.ids {
		doc, row := k.whole(objects.byID[id]), document{}
		for _, name := range q.Dimensions {
			row[name] = valueOf(doc, name[len(k.key)+1:])
		}
		key := fmt.Sprint(row)
		if counts[key]++; counts[key] == 1 {
			keys, rows = append(keys, key), append(rows, row)
		}
	}
	if len(q.Dimensions) == 0 && len(rows) == 0 {
		keys, rows = []string{"none"}, []document{{}}
	}
	for i, row := range rows {
		for _, name := range q.Measures {
			row[name] = fmt.Sprint(counts[keys[i]])
		}
	}
	return rows
}
