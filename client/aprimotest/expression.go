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

// A vocabulary is what an expression can ask of a record, or of a document.
type vocabulary[T any] struct {
	property func(name, argument string) (property[T], bool)
	words    property[T] // where free words are looked for
}

// A parser reads an expression from left to right. Where there is no operator
// between two parts, the default one is meant:
//
//	any  = all { "or" all }
//	all  = one { "and" one }
//	one  = "not" one | "(" any ")" | property sign value | property "in" values
//	     | property "contains" value | function | word | parameter
type parser[T any] struct {
	can        vocabulary[T]
	expression expression
	tokens     []token
	used       int // positional parameters
	depth      int
	or         bool // the default operator
}

func (p *parser[T]) parse() condition[T] {
	c := p.any()
	if len(p.tokens) > 0 {
		panic(p.unexpected())
	}
	return c
}

func (p *parser[T]) unexpected() *failure {
	if len(p.tokens) == 0 {
		return invalid("The search expression ends too early.")
	}
	return invalid("The search expression is not understood at '%s'.", p.tokens[0].text)
}

// ahead reports whether the token at a place is the word or the sign given.
func (p *parser[T]) ahead(i int, texts ...string) bool {
	return len(p.tokens) > i && (p.tokens[i].kind == 'w' || p.tokens[i].kind == '!') &&
		slices.ContainsFunc(texts, func(text string) bool { return strings.EqualFold(p.tokens[i].text, text) })
}

// take takes the next token if it is the word or the sign that is given.
func (p *parser[T]) take(text string) bool {
	if !p.ahead(0, text) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

// need takes the next token, which must be the sign that is given.
func (p *parser[T]) need(sign string) {
	if !p.take(sign) {
		panic(p.unexpected())
	}
}

// takeKind takes the next token if it is of one of the kinds.
func (p *parser[T]) takeKind(kinds string) (string, bool) {
	if len(p.tokens) == 0 || !strings.ContainsRune(kinds, p.tokens[0].kind) {
		return "", false
	}
	text := p.tokens[0].text
	p.tokens = p.tokens[1:]
	return text, true
}

func (p *parser[T]) any() condition[T] { return p.chain("or", p.or, p.all, anyOf) }
func (p *parser[T]) all() condition[T] { return p.chain("and", !p.or, p.one, allOf) }

// chain reads parts that are joined by an operator, which is left out if it is the
// default one.
func (p *parser[T]) chain(operator string, byDefault bool, part func() condition[T], join func([]condition[T]) condition[T]) condition[T] {
	var all []condition[T]
	for {
		all = append(all, part())
		another := len(p.tokens) > 0 && p.tokens[0].kind != 'x' && (p.tokens[0].kind != '!' || p.ahead(0, "(")) && !p.ahead(0, "or", "and")
		if !p.take(operator) && !(byDefault && another) {
			return join(all)
		}
	}
}

func (p *parser[T]) one() condition[T] {
	if p.depth++; p.depth > maxNesting {
		panic(invalid("The search expression is nested too deeply."))
	}
	defer func() { p.depth-- }()
	switch {
	case p.take("not"):
		return not(p.one())
	case p.take("("):
		c := p.any()
		p.need(")")
		return c
	case p.take("*"):
		return condition[T]{match: func(T) bool { return true }}
	case p.ahead(1, append(signs, "in")...) || p.ahead(1, "(") && p.tokens[0].kind == 'w':
		return p.comparison()
	}
	return p.can.words.compare("contains", p.value(), p.expression.Wildcards)
}

var signs = []string{"=", "<>", "<=", ">=", "<", ">", "contains"}

func (p *parser[T]) comparison() condition[T] {
	prop, function := p.property()
	if p.take("in") {
		var all []condition[T]
		for _, v := range p.values() {
			all = append(all, prop.compare("=", v, p.expression.Wildcards))
		}
		return anyOf(all)
	}
	for _, sign := range signs {
		if p.take(sign) {
			return prop.compare(sign, p.value(), p.expression.Wildcards)
		}
	}
	if !function {
		panic(p.unexpected())
	}
	return prop.compare("=", "true", false)
}

// property reads the left side of a comparison, such as Title, 'Asset type' or
// FieldName("Brand").Value; a function as Collection('id') stands alone.
func (p *parser[T]) property() (prop property[T], function bool) {
	rest := p.tokens
	name, _ := p.takeKind("ws")
	argument := ""
	if function = p.take("("); function {
		argument = p.value()
		p.need(")")
		if p.ahead(0, ".Value", ".Values") {
			p.tokens = p.tokens[1:]
		}
	}
	prop, ok := p.can.property(strings.ToLower(name), argument)
	if !ok {
		p.tokens = rest
		panic(p.unexpected())
	}
	return prop, function
}

// value reads a value, or the parameter that stands for it.
func (p *parser[T]) value() string {
	if p.ahead(0, "or", "and", "not", "in", "contains") {
		panic(p.unexpected())
	}
	if text, ok := p.takeKind("snw"); ok {
		return text
	}
	return scalar(p.parameter())
}

// values reads what comes after "in": a list, or one parameter that is an array.
func (p *parser[T]) values() (all []string) {
	if p.take("(") {
		for all = append(all, p.value()); p.take(","); {
			all = append(all, p.value())
		}
		p.need(")")
		return all
	}
	var list []json.RawMessage
	if json.Unmarshal(p.parameter(), &list) != nil || len(list) == 0 {
		panic(invalid("The parameter of IN must be an array that is not empty."))
	}
	for _, item := range list {
		all = append(all, scalar(item))
	}
	return all
}

func (p *parser[T]) parameter() json.RawMessage {
	if _, ok := p.takeKind("?"); ok {
		if p.used++; p.used > len(p.expression.Parameters) {
			panic(invalid("There is no parameter number %d.", p.used))
		}
		return p.expression.Parameters[p.used-1]
	}
	name, ok := p.takeKind("@")
	if !ok {
		panic(p.unexpected())
	}
	raw, ok := p.expression.Named[name]
	if !ok {
		panic(invalid("There is no parameter named '%s'.", name))
	}
	return raw
}

// scalar returns a string without its quotes, or a number or a flag as it is
// written.
func scalar(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) == nil {
		switch v := v.(type) {
		case string:
			return v
		case float64, bool:
			return string(raw)
		}
	}
	panic(invalid("A parameter must be a string, a number or a flag, not %.40s.", raw))
}
