package aprimotest

import (
	"encoding/json"
	"strings"
	"unicode"
)

// A condition tells whether a record is looked for. One that is about the ids
// alone has them, so that a thousand of them are looked up, not compared.
type condition struct {
	match func(*record) bool
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

// condition compiles an expression.
func (e expression) condition(s *store, depth int) (condition, error) {
	if depth > maxNesting {
		return condition{}, invalid("The search expression is nested too deeply.")
	}
	if e.Operator != "" && !strings.EqualFold(e.Operator, "AND") && !strings.EqualFold(e.Operator, "OR") {
		return condition{}, invalid("'%s' is not a defaultLogicalOperator.", e.Operator)
	}
	if strings.TrimSpace(e.Expression) == "" && len(e.Sub) == 0 {
		return condition{}, invalid("The search expression must hold an expression or subExpressions.")
	}
	if len(e.Sub) > 0 && e.Expression != "" {
		return condition{}, invalid("The search expression holds both an expression and subExpressions.")
	}
	if len(e.Sub) == 0 {
		p := parser{store: s, expression: e, tokens: scan(e.Expression)}
		return p.parse()
	}
	var all []condition
	for _, sub := range e.Sub {
		c, err := sub.condition(s, depth+1)
		if err != nil {
			return c, err
		}
		all = append(all, c)
	}
	if strings.EqualFold(e.Operator, "OR") {
		return anyOf(all), nil
	}
	return allOf(all), nil
}

func anyOf(all []condition) condition {
	if len(all) == 1 {
		return all[0]
	}
	ids := make(map[uint64]bool)
	for _, c := range all {
		if c.ids == nil {
			return condition{match: func(rec *record) bool {
				for _, c := range all {
					if c.match(rec) {
						return true
					}
				}
				return false
			}}
		}
		for id := range c.ids {
			ids[id] = true
		}
	}
	return oneOf(ids)
}

func allOf(all []condition) condition {
	if len(all) == 1 {
		return all[0]
	}
	return condition{match: func(rec *record) bool {
		for _, c := range all {
			if !c.match(rec) {
				return false
			}
		}
		return true
	}}
}

func oneOf(ids map[uint64]bool) condition {
	return condition{ids: ids, match: func(rec *record) bool { return ids[rec.number] }}
}

// A token is a word, a string in quotes, a number, a parameter or a sign.
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
		end := strings.IndexByte(text[1:], c)
		if end < 0 {
			return token{'x', text}, len(text)
		}
		return token{'s', text[1 : end+1]}, end + 2
	case c == '?':
		return token{'?', "?"}, 1
	case strings.IndexByte("()=,", c) >= 0:
		return token{'!', text[:1]}, 1
	case c == '<' || c == '>':
		if len(text) > 1 && (text[1] == '=' || c == '<' && text[1] == '>') {
			return token{'!', text[:2]}, 2
		}
		return token{'!', text[:1]}, 1
	case strings.HasPrefix(text, "!="):
		return token{'!', "<>"}, 2
	case c == '@':
		n := 1 + wordLength(text[1:])
		return token{'@', text[1:n]}, n
	}
	n := wordLength(text)
	switch {
	case n == 0:
		return token{'x', text}, len(text)
	case unicode.IsDigit(rune(text[0])) || text[0] == '-':
		return token{'n', text[:n]}, n
	}
	return token{'w', text[:n]}, n
}

func wordLength(text string) int {
	end := strings.IndexFunc(text, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' && c != '.' && c != '-'
	})
	if end < 0 {
		return len(text)
	}
	return end
}
