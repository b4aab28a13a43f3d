package aprimotest

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An expression is what a request looks for, with the values of its parameters.
type expression struct {
	Expression string         `json:"expression"`
	Sub        []expression   `json:"subExpressions"`
	Parameters []any          `json:"parameters"`
	Named      map[string]any `json:"namedParameters"`
	Wildcards  bool           `json:"supportWildcards"`
	Operator   string         `json:"defaultLogicalOperator"`
}

const maxNesting = 100

// filterOf returns the condition of the parameter filter; all fulfil it if there is none.
func filterOf[T any](r *http.Request, can vocabulary[T]) condition[T] {
	return compile(expression{Expression: cmp.Or(parameter(r, "filter"), "*")}, can, 0)
}

// compile returns the condition of an expression about what can be asked for.
func compile[T any](e expression, can vocabulary[T], depth int) condition[T] {
	isOr, hasExpression := strings.EqualFold(e.Operator, "OR"), strings.TrimSpace(e.Expression) != ""
	invalid.when(depth > maxNesting, "The search expression is nested too deeply.")
	invalid.when(e.Operator != "" && !isOr && !strings.EqualFold(e.Operator, "AND"), "'%s' is not a defaultLogicalOperator.", e.Operator)
	invalid.when(!hasExpression && len(e.Sub) == 0, "A searchExpression must contain either an expression or subExpressions.")
	invalid.when(hasExpression && len(e.Sub) > 0, "The search expression holds both an expression and subExpressions.")
	if hasExpression {
		p := parser[T]{can: can, expression: e, tokens: scan(e.Expression), or: isOr}
		c := p.any()
		p.need(len(p.tokens) == 0)
		return c
	}
	return allOf(mapped(e.Sub, func(sub expression) condition[T] { return compile(sub, can, depth+1) }))
}

// A token is a word, a string in quotes, a number or a time, a parameter or a sign.
type token struct {
	kind byte // one of tokenKinds
	text string
}

// tokenKinds are the kinds of tokens, by the group of tokenSyntax that matches one.
const tokenKinds = "s?@!nwx"

var tokenSyntax = regexp.MustCompile(`(?s)[\s\pZ]*(?:` + strings.Join([]string{
	`("(?:[^"]|"")*"|'(?:[^']|'')*')`, // a string
	`(\?)`,                            // a parameter by its place
	`(@[\pL\p{Nd}_.-]*)`,              // a parameter by its name
	`(!=|<=|>=|<>|[()=,<>])`,          // a sign
	`([0-9+-][\pL\p{Nd}_.:/+*-]*)`,    // a number or a time
	`([\pL\p{Nd}_.*?-]+)`,             // a word
	`([^\s\pZ].*)`,                    // what is not known
}, "|") + `)`)

// scan splits an expression. It never fails: what it does not know is a token
// that no expression has.
func scan(text string) (all []token) {
	for _, groups := range tokenSyntax.FindAllStringSubmatch(text, -1) {
		i := slices.IndexFunc(groups[1:], func(group string) bool { return group != "" })
		t := token{tokenKinds[i], groups[i+1]}
		switch t.kind {
		case 's': // a quote in it is doubled
			quote := t.text[:1]
			t.text = strings.ReplaceAll(t.text[1:len(t.text)-1], quote+quote, quote)
		case '@':
			t.text = t.text[1:]
		case '!':
			t.text = strings.Replace(t.text, "!=", "<>", 1)
		}
		all = append(all, t)
	}
	return all
}

// A parser reads an expression from left to right. Where there is no operator
// between two parts, the default one is meant:
//
//	any  = all { "or" all }
//	all  = one { "and" one }
//	one  = "not" one | "(" any ")" | property sign value | property "in" values | property "in" "today"
//	     | property "contains" value | function | word | parameter
type parser[T any] struct {
	can        vocabulary[T]
	expression expression
	tokens     []token
	used       int // positional parameters
	depth      int
	or         bool // the default operator
}

// need refuses the expression where it is now unless it can go on.
func (p *parser[T]) need(ok bool) {
	invalid.when(!ok && len(p.tokens) == 0, "The search expression ends too early.")
	if !ok {
		panic(invalid.because("The search expression is not understood at '%s'.", p.tokens[0].text))
	}
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

// takeKind takes the next token if it is of one of the kinds.
func (p *parser[T]) takeKind(kinds string) (string, bool) {
	if len(p.tokens) == 0 || strings.IndexByte(kinds, p.tokens[0].kind) < 0 {
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
	p.depth++
	invalid.when(p.depth > maxNesting, "The search expression is nested too deeply.")
	defer func() { p.depth-- }()
	switch {
	case p.take("not"):
		return not(p.one())
	case p.take("("):
		c := p.any()
		p.need(p.take(")"))
		return c
	case p.take("*"):
		return func(T) bool { return true }
	case p.ahead(1, append(signs, "in")...) || p.ahead(1, "(") && p.tokens[0].kind == 'w':
		return p.comparison()
	}
	return p.can.words.compare("contains", p.value(), p.expression.Wildcards)
}

var signs = []string{"=", "<>", "<=", ">=", "<", ">", "contains"}

func (p *parser[T]) comparison() condition[T] {
	prop, function := p.property()
	prop.wholeWords = p.can.words.wholeWords
	if p.take("in") {
		if p.take("today") {
			return prop.today()
		}
		return prop.in(p.values(), p.expression.Wildcards)
	}
	for _, sign := range signs {
		if p.take(sign) {
			return prop.compare(sign, p.value(), p.expression.Wildcards)
		}
	}
	p.need(function)
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
		p.need(p.take(")"))
		if p.ahead(0, ".Value", ".Values") {
			p.tokens = p.tokens[1:]
		}
	}
	prop, ok := p.can.property(strings.ToLower(name), argument)
	if !ok {
		p.tokens = rest
	}
	p.need(ok)
	return prop, function
}

// value reads a value, or the parameter that stands for it.
func (p *parser[T]) value() string {
	p.need(!p.ahead(0, "or", "and", "not", "in", "contains"))
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
		p.need(p.take(")"))
		return all
	}
	list := array(p.parameter())
	invalid.when(len(list) == 0, "The parameter of IN must be an array that is not empty.")
	return mapped(list, scalar)
}

func (p *parser[T]) parameter() any {
	if _, ok := p.takeKind("?"); ok {
		p.used++
		invalid.when(p.used > len(p.expression.Parameters), "There is no parameter number %d.", p.used)
		return p.expression.Parameters[p.used-1]
	}
	name, ok := p.takeKind("@")
	p.need(ok)
	value, ok := p.expression.Named[name]
	if i, err := strconv.Atoi(name); !ok && err == nil && i >= 0 && i < len(p.expression.Parameters) {
		return p.expression.Parameters[i] // @0 (the comments of aprimo-js)
	}
	invalid.when(!ok, "There is no parameter named '%s'.", name)
	return value
}

// scalar returns the text of a parameter that is a string, a number or a flag.
func scalar(v any) string {
	switch v.(type) {
	case string, float64, bool:
		return text(v)
	}
	panic(invalid.because("A parameter must be a string, a number or a flag, not %.40v.", v))
}
