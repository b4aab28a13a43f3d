package aprimotest

import (
	"encoding/json"
	"fmt"
	"maps"
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
func (s *store) analyticsMeta(http.ResponseWriter, *http.Request) any {
	out, all := []document{}, cubes()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		dimensions := []document{}
		for _, m := range all[name].shown.members.all {
			if kind := map[string]string{"text": "string", "number": "number", "flag": "boolean"}[m.kind]; kind != "" {
				dimensions = append(dimensions, document{"name": name + "." + m.name, "title": m.name, "type": kind})
			}
		}
		count := document{"name": name + ".count", "title": "Count", "type": "number", "aggType": "count"}
		out = append(out, document{"name": name, "title": name, "measures": []document{count}, "dimensions": dimensions, "segments": []any{}})
	}
	return document{"cubes": out}
}

// A cubeQuery is what of a query is simulated.
type cubeQuery struct {
	Measures   []string `json:"measures"`
	Dimensions []string `json:"dimensions"`
	Limit      int      `json:"limit"`
}

// cube returns the one cube that a query is about.
func (q cubeQuery) cube() *moKind {
	names := slices.Concat(q.Measures, q.Dimensions)
	if len(names) == 0 {
		panic(invalid("Query should contain either measures, dimensions or timeDimensions with granularities in order to be valid"))
	}
	cube, _, _ := strings.Cut(names[0], ".")
	k := cubes()[cube]
	for i, name := range names {
		member, known := strings.CutPrefix(name, cube+".")
		isMeasure := i < len(q.Measures)
		if !known || k == nil || isMeasure && member != "count" || !isMeasure && k.shown.member(nil, member) == nil {
			panic(invalid("'%s' not found for path '%s'", cube, name))
		}
	}
	return k
}

// analytics counts the objects of a kind by some of their members. As in Cube, a
// count is a text.
func (s *store) analytics(_ http.ResponseWriter, r *http.Request) any {
	var q cubeQuery
	text := r.URL.Query().Get("query")
	if err := json.Unmarshal([]byte(text), &q); err != nil {
		panic(invalid("The query could not be read: %v", err))
	}
	data := s.count(q.cube(), q)
	if q.Limit > 0 {
		data = data[:min(len(data), q.Limit)]
	}
	return document{"query": json.RawMessage(text), "data": data}
}

// count returns a row for each set of values of the dimensions.
func (s *store) count(k *moKind, q cubeQuery) []document {
	rows, counts := []document{}, make(map[string]int)
	for _, doc := range s.moAll(k).all() {
		doc, row := k.whole(doc), document{}
		for _, name := range q.Dimensions {
			row[name] = valueOf(doc, name[len(k.key)+1:])
		}
		if key := fmt.Sprint(row); counts[key] == 0 {
			rows = append(rows, row)
		}
		counts[fmt.Sprint(row)]++
	}
	if len(q.Dimensions) == 0 && len(rows) == 0 {
		rows = []document{{}}
	}
	for _, row := range rows {
		n := counts[fmt.Sprint(row)]
		for _, name := range q.Measures {
			row[name] = fmt.Sprint(n)
		}
	}
	return rows
}
