package aprimotest

import (
	"encoding/json"
	"slices"
	"strings"
)

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

func (p *parser[T]) parse() (condition[T], error) {
	c, err := p.any()
	if err == nil && len(p.tokens) > 0 {
		err = p.unexpected()
	}
	return c, err
}

func (p *parser[T]) unexpected() error {
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

// takeKind takes the next token if it is of one of the kinds.
func (p *parser[T]) takeKind(kinds string) (string, bool) {
	if len(p.tokens) == 0 || !strings.ContainsRune(kinds, p.tokens[0].kind) {
		return "", false
	}
	text := p.tokens[0].text
	p.tokens = p.tokens[1:]
	return text, true
}

func (p *parser[T]) any() (condition[T], error) { return p.chain("or", p.or, p.all, anyOf) }
func (p *parser[T]) all() (condition[T], error) { return p.chain("and", !p.or, p.one, allOf) }

// chain reads parts that are joined by an operator, which is left out if it is the
// default one.
func (p *parser[T]) chain(operator string, byDefault bool, part func() (condition[T], error), join func([]condition[T]) condition[T]) (condition[T], error) {
	var all []condition[T]
	for {
		c, err := part()
		if err != nil {
			return c, err
		}
		all = append(all, c)
		another := len(p.tokens) > 0 && p.tokens[0].kind != 'x' && (p.tokens[0].kind != '!' || p.ahead(0, "(")) && !p.ahead(0, "or", "and")
		if !p.take(operator) && !(byDefault && another) {
			return join(all), nil
		}
	}
}

func (p *parser[T]) one() (condition[T], error) {
	if p.depth++; p.depth > maxNesting {
		return condition[T]{}, invalid("The search expression is nested too deeply.")
	}
	defer func() { p.depth-- }()
	switch {
	case p.take("not"):
		c, err := p.one()
		return not(c), err
	case p.take("("):
		c, err := p.any()
		if err == nil && !p.take(")") {
			err = p.unexpected()
		}
		return c, err
	case p.ahead(0, "*"):
		p.tokens = p.tokens[1:]
		return condition[T]{match: func(T) bool { return true }}, nil
	case p.ahead(1, append(signs, "in", "contains")...) || p.ahead(1, "(") && p.tokens[0].kind == 'w':
		return p.comparison()
	}
	text, err := p.value()
	if err != nil {
		return condition[T]{}, err
	}
	return p.can.words.compare("contains", text, p.expression.Wildcards)
}

var signs = []string{"=", "<>", "<=", ">=", "<", ">"}

func (p *parser[T]) comparison() (condition[T], error) {
	prop, function, err := p.property()
	if err != nil {
		return condition[T]{}, err
	}
	if p.take("in") {
		values, err := p.values()
		if err != nil {
			return condition[T]{}, err
		}
		var all []condition[T]
		for _, v := range values {
			c, err := prop.compare("=", v, p.expression.Wildcards)
			if err != nil {
				return c, err
			}
			all = append(all, c)
		}
		return anyOf(all), nil
	}
	for _, sign := range append(signs, "contains") {
		if p.take(sign) {
			v, err := p.value()
			if err != nil {
				return condition[T]{}, err
			}
			return prop.compare(sign, v, p.expression.Wildcards)
		}
	}
	if function {
		return prop.compare("=", "true", false)
	}
	return condition[T]{}, p.unexpected()
}

// property reads the left side of a comparison, such as Title, 'Asset type' or
// FieldName("Brand").Value; a function as Collection('id') stands alone.
func (p *parser[T]) property() (prop property[T], function bool, err error) {
	rest := p.tokens
	name, _ := p.takeKind("ws")
	argument := ""
	if p.take("(") {
		if argument, err = p.value(); err != nil {
			return prop, false, err
		}
		if !p.take(")") {
			return prop, false, p.unexpected()
		}
		function = true
		if p.ahead(0, ".Value", ".Values") {
			p.tokens = p.tokens[1:]
		}
	}
	prop, ok := p.can.property(strings.ToLower(name), argument)
	if !ok {
		p.tokens = rest
		return prop, false, p.unexpected()
	}
	return prop, function, nil
}

// value reads a value, or the parameter that stands for it.
func (p *parser[T]) value() (string, error) {
	if p.ahead(0, "or", "and", "not", "in", "contains") {
		return "", p.unexpected()
	}
	if text, ok := p.takeKind("snw"); ok {
		return text, nil
	}
	raw, err := p.parameter()
	if err != nil {
		return "", err
	}
	return scalar(raw)
}

// values reads what comes after "in": a list, or one parameter that is an array.
func (p *parser[T]) values() ([]string, error) {
	var all []string
	if p.take("(") {
		for {
			v, err := p.value()
			if err != nil {
				return nil, err
			}
			if all = append(all, v); !p.take(",") {
				break
			}
		}
		if !p.take(")") {
			return nil, p.unexpected()
		}
		return all, nil
	}
	raw, err := p.parameter()
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return nil, invalid("The parameter of IN must be an array that is not empty.")
	}
	for _, item := range list {
		v, err := scalar(item)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func (p *parser[T]) parameter() (json.RawMessage, error) {
	if _, ok := p.takeKind("?"); ok {
		if p.used++; p.used > len(p.expression.Parameters) {
			return nil, invalid("There is no parameter number %d.", p.used)
		}
		return p.expression.Parameters[p.used-1], nil
	}
	if name, ok := p.takeKind("@"); ok {
		raw, ok := p.expression.Named[name]
		if !ok {
			return nil, invalid("There is no parameter named '%s'.", name)
		}
		return raw, nil
	}
	return nil, p.unexpected()
}

// scalar returns a string without its quotes, or a number or a flag as it is
// written.
func scalar(raw json.RawMessage) (string, error) {
	var v any
	if json.Unmarshal(raw, &v) == nil {
		switch v := v.(type) {
		case string:
			return v, nil
		case float64, bool:
			return string(raw), nil
		}
	}
	return "", invalid("A parameter must be a string, a number or a flag, not %.40s.", raw)
}
