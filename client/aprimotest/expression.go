package aprimotest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// A condition tells whether a record or a document is looked for. One that is about
// the ids alone has them, so that a thousand of them are looked up, not compared.
type condition[T any] struct {
	match func(T) bool
	ids   map[uint64]bool
}

// An expression is what a request looks for, with the values of its parameters.
type expression struct {
	Expression    string                     `json:"expression"`
	Sub           []expression               `json:"subExpressions"`
	Parameters    []json.RawMessage          `json:"parameters"`
	Named         map[string]json.RawMessage `json:"namedParameters"`
	Wildcards     bool                       `json:"supportWildcards"`
	Operator      string                     `json:"defaultLogicalOperator"`
	Languages     []string                   `json:"languages"`
	DisabledWords []string                   `json:"disabledKeywords"`
}

const maxNesting = 100

// filterOf returns the condition of the parameter filter; all fulfil it if there is none.
func filterOf[T any](r *http.Request, can vocabulary[T]) condition[T] {
	filter := parameter(r, "filter")
	if filter == "" {
		return condition[T]{match: func(T) bool { return true }}
	}
	return compile(expression{Expression: filter}, can, 0)
}

// compile returns the condition of an expression about what can be asked for.
func compile[T any](e expression, can vocabulary[T], depth int) condition[T] {
	isOr := strings.EqualFold(e.Operator, "OR")
	switch hasExpression := strings.TrimSpace(e.Expression) != ""; {
	case depth > maxNesting:
		panic(invalid("The search expression is nested too deeply."))
	case e.Operator != "" && !isOr && !strings.EqualFold(e.Operator, "AND"):
		panic(invalid("'%s' is not a defaultLogicalOperator.", e.Operator))
	case !hasExpression && len(e.Sub) == 0:
		panic(invalid("A searchExpression must contain either an expression or subExpressions."))
	case hasExpression && len(e.Sub) > 0:
		panic(invalid("The search expression holds both an expression and subExpressions."))
	case hasExpression:
		p := parser[T]{can: can, expression: e, tokens: scan(e.Expression), or: isOr}
		return p.parse()
	}
	var all []condition[T]
	for _, sub := range e.Sub {
		all = append(all, compile(sub, can, depth+1))
	}
	return allOf(all)
}

func anyOf[T any](all []condition[T]) condition[T] {
	if len(all) == 1 {
		return all[0]
	}
	ids := make(map[uint64]bool)
	for _, c := range all {
		if c.ids == nil {
			return condition[T]{match: func(v T) bool {
				return slices.ContainsFunc(all, func(c condition[T]) bool { return c.match(v) })
			}}
		}
		maps.Copy(ids, c.ids)
	}
	return condition[T]{ids: ids, match: all[0].within(ids)}
}

// within is the match of a condition that is about other ids.
func (c condition[T]) within(ids map[uint64]bool) func(T) bool {
	return func(v T) bool { rec, ok := any(v).(*record); return ok && ids[rec.number] }
}

func allOf[T any](all []condition[T]) condition[T] {
	if len(all) == 1 {
		return all[0]
	}
	return condition[T]{match: func(v T) bool {
		return !slices.ContainsFunc(all, func(c condition[T]) bool { return !c.match(v) })
	}}
}

func not[T any](c condition[T]) condition[T] {
	return condition[T]{match: func(v T) bool { return !c.match(v) }}
}

// A token is a word, a string in quotes, a number or a time, a parameter or a sign.
type token struct {
	kind rune // 'w', 's', 'n', '?', '@', or '!' for a sign; 'x' is what is not known
	text string
}

// scan splits an expression. It never fails: what it does not know is a token
// that no expression has.
func scan(text string) []token {
	var all []token
	for rest := strings.TrimLeftFunc(text, unicode.IsSpace); rest != ""; rest = strings.TrimLeftFunc(rest, unicode.IsSpace) {
		t, n := next(rest)
		all = append(all, t)
		rest = rest[n:]
	}
	return all
}

// next returns the first token of a text that is not empty, and its length.
func next(text string) (token, int) {
	switch c := text[0]; {
	case c == '"' || c == '\'':
		return nextString(text)
	case c == '?':
		return token{'?', "?"}, 1
	case strings.HasPrefix(text, "!="):
		return token{'!', "<>"}, 2
	case slices.Contains([]string{"<=", ">=", "<>"}, text[:min(2, len(text))]):
		return token{'!', text[:2]}, 2
	case strings.IndexByte("()=,<>", c) >= 0:
		return token{'!', text[:1]}, 1
	case c == '@':
		n := 1 + wordLength(text[1:], "")
		return token{'@', text[1:n]}, n
	case unicode.IsDigit(rune(c)) || c == '-' || c == '+':
		n := wordLength(text, ":/+*")
		return token{'n', text[:n]}, n
	}
	n := wordLength(text, "*?")
	if n == 0 {
		return token{'x', text}, len(text)
	}
	return token{'w', text[:n]}, n
}

// nextString returns a string in quotes; a quote in it is doubled.
func nextString(text string) (token, int) {
	quote := text[:1]
	for end := 1; ; {
		i := strings.Index(text[end:], quote)
		if i < 0 {
			return token{'x', text}, len(text)
		}
		end += i + 1
		if !strings.HasPrefix(text[end:], quote) {
			return token{'s', strings.ReplaceAll(text[1:end-1], quote+quote, quote)}, end
		}
		end++
	}
}

func wordLength(text, more string) int {
	end := strings.IndexFunc(text, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("_.-"+more, c)
	})
	if end < 0 {
		return len(text)
	}
	return end
}
