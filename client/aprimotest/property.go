package aprimotest

import (
	"slices"
	"strings"
	"time"
)

// A property is what an expression can ask of a record: a time or texts.
type property struct {
	id    bool
	time  func(*record) time.Time
	texts func(*record) []string
}

var properties = map[string]property{
	"id":          {id: true},
	"createdon":   {time: func(rec *record) time.Time { return rec.created }},
	"modifiedon":  {time: func(rec *record) time.Time { return rec.modified }},
	"contenttype": {texts: func(rec *record) []string { return []string{rec.contentType} }},
	"status":      {texts: func(rec *record) []string { return []string{rec.status} }},
	"title":       {texts: func(rec *record) []string { return []string{rec.name()} }},
	"tag":         {texts: func(rec *record) []string { return []string{rec.tag} }},
}

// fieldProperty is about the values of a field, in all languages.
func (s *store) fieldProperty(name string) property {
	return property{texts: func(rec *record) []string {
		for _, f := range s.fieldsOf(rec) {
			if strings.EqualFold(f.Name, name) {
				return f.texts()
			}
		}
		return nil
	}}
}

// compare returns the condition that a property is in the relation to a value.
func (p property) compare(sign, value string) (condition, error) {
	switch {
	case p.time != nil:
		at, err := parseTime(value)
		if err != nil {
			return condition{}, err
		}
		holds := relation(sign)
		return condition{match: func(rec *record) bool { return holds(p.time(rec).Compare(at)) }}, nil
	case sign != "=" && sign != "<>":
		return condition{}, invalid("'%s' compares times alone.", sign)
	case p.id:
		c := oneOf(map[uint64]bool{numberOf(strings.ToLower(strings.ReplaceAll(value, "-", ""))): true})
		if sign == "<>" {
			return condition{match: func(rec *record) bool { return !c.match(rec) }}, nil
		}
		return c, nil
	}
	return condition{match: func(rec *record) bool {
		has := slices.ContainsFunc(p.texts(rec), func(text string) bool { return strings.EqualFold(text, value) })
		return has == (sign == "=")
	}}, nil
}

func relation(sign string) func(int) bool {
	return map[string]func(int) bool{
		"=":  func(n int) bool { return n == 0 },
		"<>": func(n int) bool { return n != 0 },
		"<":  func(n int) bool { return n < 0 },
		"<=": func(n int) bool { return n <= 0 },
		">":  func(n int) bool { return n > 0 },
		">=": func(n int) bool { return n >= 0 },
	}[sign]
}

func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, invalid("'%s' is not a time.", text)
}
