package aprimotest

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A condition tells whether a record or a document is looked for.
type condition[T any] func(T) bool

func anyOf[T any](all []condition[T]) condition[T] {
	return func(v T) bool { return slices.ContainsFunc(all, func(c condition[T]) bool { return c(v) }) }
}

func allOf[T any](all []condition[T]) condition[T] {
	return func(v T) bool { return !slices.ContainsFunc(all, func(c condition[T]) bool { return !c(v) }) }
}

func not[T any](c condition[T]) condition[T] { return func(v T) bool { return !c(v) } }

// A vocabulary is what an expression can ask of a record, or of a document.
type vocabulary[T any] struct {
	property func(name, argument string) (property[T], bool)
	words    property[T] // where free words are looked for
}

// A property is what an expression can ask of a record or a document: the number of a
// record, times, numbers, or texts.
type property[T any] struct {
	id     func(T) uint64
	time   func(T) time.Time
	number func(T) float64
	texts  func(T) []string
}

// compare returns the condition that a property is in the relation to a value.
func (p property[T]) compare(sign, value string, wildcards bool) condition[T] {
	holds := comparisons[sign]
	switch {
	case p.id != nil && sign == "=":
		return p.in([]string{value}, false)
	case p.id != nil && sign == "<>":
		return not(p.in([]string{value}, false))
	case p.time != nil && holds != nil:
		at := timeOf(value)
		return func(v T) bool { return holds(p.time(v).Compare(at)) }
	case p.number != nil && holds != nil:
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			panic(invalid("'%s' is not a number.", value))
		}
		return func(v T) bool { return holds(cmp.Compare(p.number(v), n)) }
	case p.texts == nil:
		panic(invalid("'%s' compares texts alone.", sign))
	}
	matches := textMatch(sign, value, wildcards)
	return func(v T) bool {
		texts := p.texts(v)
		return (slices.ContainsFunc(texts, matches) || len(texts) == 0 && matches("")) == (sign != "<>")
	}
}

// in returns the condition that a property is one of the values. There can be a thousand
// ids: they are looked up, not compared.
func (p property[T]) in(values []string, wildcards bool) condition[T] {
	if p.id != nil {
		wanted := make(map[uint64]bool)
		for _, value := range values {
			wanted[numberOf(normalizeID(value))] = true
		}
		return func(v T) bool { return wanted[p.id(v)] }
	}
	var all []condition[T]
	for _, value := range values {
		all = append(all, p.compare("=", value, wildcards))
	}
	return anyOf(all)
}

// today returns the condition that a time is of the day that it is now.
func (p property[T]) today() condition[T] {
	if p.time == nil {
		panic(invalid("Only a time is in today."))
	}
	day := time.Now().UTC().Truncate(24 * time.Hour)
	return func(v T) bool { return p.time(v).UTC().Truncate(24 * time.Hour).Equal(day) }
}

// withPaths returns what a text is compared as: a path also without the slash at its beginning.
func withPaths(text string) []string {
	if path, ok := strings.CutPrefix(text, "/"); ok {
		return []string{text, path}
	}
	return []string{text}
}

// textMatch returns what tells whether a text is as a comparison wants it. Texts
// have no order, but those that are numbers or times have.
func textMatch(sign, value string, wildcards bool) func(string) bool {
	value = normalizeID(value)
	if wildcards && strings.ContainsAny(value, "*?") {
		pattern := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(value))
		if sign != "contains" {
			pattern = "^" + pattern + "$"
		}
		return regexp.MustCompile("(?is)" + pattern).MatchString
	}
	switch sign {
	case "contains":
		return func(text string) bool { return containsFold(text, value) }
	case "=", "<>":
		return func(text string) bool { return strings.EqualFold(text, value) }
	}
	holds := comparisons[sign]
	if n, err := strconv.ParseFloat(value, 64); err == nil {
		return func(text string) bool {
			has, err := strconv.ParseFloat(text, 64)
			return err == nil && holds(cmp.Compare(has, n))
		}
	}
	at := timeOf(value)
	return func(text string) bool { has, ok := parseTime(text); return ok && holds(has.Compare(at)) }
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// comparisons are the signs of an expression, each with whether an order, as cmp.Compare
// returns it, fulfils it.
var comparisons = map[string]func(order int) bool{
	"=":  func(order int) bool { return order == 0 },
	"<>": func(order int) bool { return order != 0 },
	"<":  func(order int) bool { return order < 0 },
	"<=": func(order int) bool { return order <= 0 },
	">":  func(order int) bool { return order > 0 },
	">=": func(order int) bool { return order >= 0 },
}

var timeLayouts = []string{
	time.RFC3339, time.TimeOnly, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", time.DateOnly,
	"1/2/2006", "1/2/2006 3:04 PM", "1/2/2006 3:04:05 PM", "1/2/2006 15:04", "1/2/2006 15:04:05",
}

func parseTime(text string) (at time.Time, ok bool) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return at, false
}

func timeOf(text string) time.Time {
	at, ok := parseTime(text)
	if !ok {
		panic(invalid("'%s' is not a time.", text))
	}
	return at
}

// sorted sorts by a property, and leaves what is equal in its order. As the API it takes
// "-createdOn", and "createdOn desc" as well.
func sorted[T, K any](found []K, value func(K) T, by string, can vocabulary[T]) {
	if by == "" {
		return
	}
	name, order, _ := strings.Cut(strings.TrimSpace(by), " ")
	name, minus := strings.CutPrefix(strings.ToLower(name), "-")
	sign, argument := 1, ""
	if minus || strings.EqualFold(strings.TrimSpace(order), "desc") {
		sign = -1
	}
	if tokens := scan(name); len(tokens) == 4 && tokens[1].text == "(" { // FieldName("X")
		name, argument = tokens[0].text, tokens[2].text
	}
	prop, ok := can.property(name, argument)
	switch {
	case !ok:
		panic(invalid("'%s' is not a property to sort by.", by))
	case prop.time != nil:
		sortBy(found, sign, func(item K) int64 { return prop.time(value(item)).UnixNano() })
	case prop.number != nil:
		sortBy(found, sign, func(item K) float64 { return prop.number(value(item)) })
	case prop.texts != nil:
		sortBy(found, sign, func(item K) string { return strings.ToLower(strings.Join(prop.texts(value(item)), "\x00")) })
	}
}

// sortBy sorts by a key, which is asked for once of each. It leaves what is equal in its
// order, and is fast if all is in the order that is asked for, as it is at the start.
func sortBy[K any, V cmp.Ordered](found []K, sign int, key func(K) V) {
	type keyed struct {
		key  V
		at   int
		item K
	}
	all := make([]keyed, len(found))
	for i, item := range found {
		all[i] = keyed{key(item), i, item}
	}
	slices.SortFunc(all, func(a, b keyed) int { return cmp.Or(sign*cmp.Compare(a.key, b.key), a.at-b.at) })
	for i := range all {
		found[i] = all[i].item
	}
}
