package aprimotest

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
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

// A property is what an expression can ask of a record or a document: texts, or a number
// with the order that it has.
type property[T any] struct {
	texts  func(T) []string
	number func(T) float64
	order  string // one of orders

	wholeWords bool // what contains compares
}

// orders read texts as numbers that can be compared.
var orders = map[string]func(text string) (n float64, ok bool){
	"number": func(text string) (float64, bool) { n, err := strconv.ParseFloat(text, 64); return n, err == nil },
	"time":   func(text string) (float64, bool) { at, ok := parseTime(text); return micros(at), ok },
	"id":     func(text string) (float64, bool) { return float64(numberOf(normalizeID(text))), true },
}

func micros(at time.Time) float64 { return float64(at.UnixMicro()) }

// inOrder reads a value of an expression.
func inOrder(order, value string) float64 {
	n, ok := orders[order](value)
	invalid.when(!ok, "'%s' is not a %s.", value, order)
	return n
}

// compare returns the condition that a property is in the relation to a value.
func (p property[T]) compare(sign, value string, wildcards bool) condition[T] {
	if p.number == nil {
		matches := textMatch(sign, value, wildcards)
		if sign == "contains" && p.wholeWords && !wildcards {
			matches = func(text string) bool { return containsFold(words(text), words(value)) }
		}
		return func(v T) bool {
			texts := p.texts(v)
			return (slices.ContainsFunc(texts, matches) || len(texts) == 0 && matches("")) == (sign != "<>")
		}
	}
	invalid.when(sign == "contains" || p.order == "id" && sign != "=" && sign != "<>", "'%s' compares texts alone.", sign)
	n := inOrder(p.order, value)
	return func(v T) bool { return holds(sign, cmp.Compare(p.number(v), n)) }
}

// in returns the condition that a property is one of the values. There can be a thousand
// ids: they are looked up, not compared.
func (p property[T]) in(values []string, wildcards bool) condition[T] {
	if p.number == nil {
		return anyOf(mapped(values, func(value string) condition[T] { return p.compare("=", value, wildcards) }))
	}
	wanted := make(map[float64]bool)
	for _, value := range values {
		wanted[inOrder(p.order, value)] = true
	}
	return func(v T) bool { return wanted[p.number(v)] }
}

// today returns the condition that a time is of the day that it is now.
func (p property[T]) today() condition[T] {
	invalid.when(p.order != "time", "Only a time is in today.")
	day := time.Now().UTC().Truncate(24 * time.Hour)
	return func(v T) bool { return p.number(v) >= micros(day) && p.number(v) < micros(day.Add(24*time.Hour)) }
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
	id := normalizeID(value)
	if wildcards && strings.ContainsAny(value, "*?") {
		pattern := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(value))
		if sign != "contains" {
			pattern = "^" + pattern + "$"
		}
		return regexp.MustCompile("(?is)" + pattern).MatchString
	}
	switch sign {
	case "contains":
		return func(text string) bool { return containsFold(text, value) || containsFold(text, id) }
	case "=", "<>":
		return func(text string) bool { return strings.EqualFold(text, value) || strings.EqualFold(text, id) }
	}
	order := "time"
	if _, ok := orders["number"](value); ok {
		order = "number"
	}
	n := inOrder(order, value)
	return func(text string) bool { has, ok := orders[order](text); return ok && holds(sign, cmp.Compare(has, n)) }
}

// words returns the words of a text, with a blank around each.
func words(text string) string {
	noWord := func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }
	return " " + strings.Join(strings.FieldsFunc(text, noWord), " ") + " "
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// holds reports whether an order, as cmp.Compare returns it, is one that a sign names.
func holds(sign string, order int) bool { return strings.Contains(sign, "<=>"[order+1:order+2]) }

func parseTime(text string) (at time.Time, ok bool) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return at, false
}

// sorted sorts by a property, which is asked for once of each, and leaves what is equal in
// its order. It is fast if all is in the order that is asked for, as it is at the start. As
// the API it takes "-createdOn", and "createdOn desc" as well.
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
	invalid.when(!ok, "'%s' is not a property to sort by.", by)
	type keyed struct {
		item   K
		at     int
		number float64
		text   string
	}
	all := make([]keyed, len(found))
	for i, item := range found {
		all[i] = keyed{item: item, at: i}
		if v := value(item); prop.number != nil {
			all[i].number = prop.number(v)
		} else {
			all[i].text = strings.ToLower(strings.Join(prop.texts(v), "\x00"))
		}
	}
	slices.SortFunc(all, func(a, b keyed) int {
		return cmp.Or(sign*cmp.Compare(a.number, b.number), sign*strings.Compare(a.text, b.text), a.at-b.at)
	})
	for i := range all {
		found[i] = all[i].item
	}
}
