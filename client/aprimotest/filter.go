package aprimotest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// documentProperties are what documents can be filtered and sorted by, as they
// are spelled in JSON.
var documentProperties = map[string]string{
	"id": "id", "name": "name", "label": "label", "tag": "tag", "type": "type", "identifier": "identifier", "namepath": "namePath",
	"parentid": "parentId", "email": "email", "culture": "culture", "datatype": "dataType", "createdon": "createdOn",
}

// documentFilter reads comparisons that are joined by "and", such as Name = 'Assets'.
func documentFilter(e expression) (func(document) bool, error) {
	p := parser{expression: e, tokens: scan(e.Expression)}
	wanted := make(map[string]string)
	for {
		word, _ := p.takeKind('w')
		name := documentProperties[strings.ToLower(word)]
		if name == "" || !p.take("=") {
			return nil, invalid("'%s' is not simulated: what is no record is found by Name = 'x' and the like.", e.Expression)
		}
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		if old, ok := wanted[name]; ok && !strings.EqualFold(old, value) {
			return func(document) bool { return false }, nil
		}
		if wanted[name] = value; !p.take("and") {
			break
		}
	}
	if len(p.tokens) > 0 {
		return nil, p.unexpected()
	}
	return func(doc document) bool {
		for name, value := range wanted {
			if text, _ := doc[name].(string); !strings.EqualFold(text, value) {
				return false
			}
		}
		return true
	}, nil
}

// find returns the ids of the documents that match, in the order that a request
// asks for, or else in that in which they were made.
func (c *collection) find(match func(document) bool, r *http.Request) ([]string, error) {
	var found []string
	for _, id := range c.ids {
		if match(c.byID[id]) {
			found = append(found, id)
		}
	}
	by := parameter(r, "sort")
	if by == "" {
		return found, nil
	}
	name, sign := direction(by)
	property := documentProperties[name]
	if property == "" {
		return nil, invalid("'%s' is not a property to sort by.", by)
	}
	slices.SortStableFunc(found, func(a, b string) int {
		one, _ := c.byID[a][property].(string)
		two, _ := c.byID[b][property].(string)
		return sign * cmp.Compare(strings.ToLower(one), strings.ToLower(two))
	})
	return found, nil
}

// direction reads what to sort by. As the API it takes "-createdOn", and
// "createdOn desc" as well.
func direction(by string) (name string, sign int) {
	name, order, _ := strings.Cut(strings.TrimSpace(by), " ")
	name, minus := strings.CutPrefix(strings.ToLower(name), "-")
	if minus || strings.EqualFold(strings.TrimSpace(order), "desc") {
		return name, -1
	}
	return name, 1
}
