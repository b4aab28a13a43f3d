package aprimotest

import (
	"encoding/json"
	"slices"
	"strings"
)

// A parser reads an expression from left to right:
//
//	any  = all { "or" all }
//	all  = one { "and" one }
//	one  = "not" one | "(" any ")" | property sign value | property "in" values
type parser struct {
	store      *store
	expression expression
	tokens     []token
	used       int // positional parameters
	depth      int
}

func (p *parser) parse() (condition, error) {
	c, err := p.any()
	if err == nil && len(p.tokens) > 0 {
		err = p.unexpected()
	}
	return c, err
}

func (p *parser) unexpected() error {
	if len(p.tokens) == 0 {
		return invalid("The search expression ends too early.")
	}
	return invalid("The search expression is not understood at '%s'.", p.tokens[0].text)
}

// take takes the next token if it is the word or the sign that is given.
func (p *parser) take(text string) bool {
	if len(p.tokens) == 0 || p.tokens[0].kind != 'w' && p.tokens[0].kind != '!' || !strings.EqualFold(p.tokens[0].text, text) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

// takeKind takes the next token if it is of the kind.
func (p *parser) takeKind(kind rune) (string, bool) {
	if len(p.tokens) == 0 || p.tokens[0].kind != kind {
		return "", false
	}
	text := p.tokens[0].text
	p.tokens = p.tokens[1:]
	return text, true
}

func (p *parser) any() (condition, error) { return p.chain("or", p.all, anyOf) }
func (p *parser) all() (condition, error) { return p.chain("and", p.one, allOf) }

func (p *parser) chain(word string, part func() (condition, error), join func([]condition) condition) (condition, error) {
	var all []condition
	for {
		c, err := part()
		if err != nil {
			return c, err
		}
		if all = append(all, c); !p.take(word) {
			return join(all), nil
		}
	}
}

func (p *parser) one() (condition, error) {
	if p.depth++; p.depth > maxNesting {
		return condition{}, invalid("The search expression is nested too deeply.")
	}
	defer func() { p.depth-- }()
	switch {
	case p.take("not"):
		c, err := p.one()
		return condition{match: func(rec *record) bool { return !c.match(rec) }}, err
	case p.take("("):
		c, err := p.any()
		if err == nil && !p.take(")") {
			err = p.unexpected()
		}
		return c, err
	}
	return p.comparison()
}

func (p *parser) comparison() (condition, error) {
	prop, err := p.property()
	if err != nil {
		return condition{}, err
	}
	if p.take("in") {
		values, err := p.values()
		if err != nil {
			return condition{}, err
		}
		var all []condition
		for _, v := range values {
			c, err := prop.compare("=", v)
			if err != nil {
				return c, err
			}
			all = append(all, c)
		}
		return anyOf(all), nil
	}
	if sign := p.sign(); sign != "" {
		v, err := p.value()
		if err != nil {
			return condition{}, err
		}
		return prop.compare(sign, v)
	}
	return condition{}, p.unexpected()
}

func (p *parser) sign() string {
	for _, sign := range []string{"=", "<>", "<=", ">=", "<", ">"} {
		if p.take(sign) {
			return sign
		}
	}
	return ""
}

// property reads the left side of a comparison.
func (p *parser) property() (property, error) {
	rest := p.tokens
	name, ok := p.takeKind('w')
	if !ok {
		return property{}, p.unexpected()
	}
	if strings.EqualFold(name, "FieldName") && p.take("(") {
		of, ok := p.takeKind('s')
		if !ok || !p.take(")") {
			return property{}, p.unexpected()
		}
		return p.store.fieldProperty(of), nil
	}
	prop, ok := properties[strings.ToLower(name)]
	if !ok {
		p.tokens = rest
		return property{}, p.unexpected()
	}
	return prop, nil
}

// value reads a value, or the parameter that stands for it.
func (p *parser) value() (string, error) {
	for _, kind := range "sn" {
		if text, ok := p.takeKind(kind); ok {
			if p.expression.Wildcards && strings.ContainsAny(text, "*?") {
				return "", invalid("Wildcards are not simulated.")
			}
			return text, nil
		}
	}
	raw, err := p.parameter()
	if err != nil {
		return "", err
	}
	return scalar(raw)
}

// values reads what comes after "in": a list, or one parameter that is an array.
func (p *parser) values() ([]string, error) {
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

func (p *parser) parameter() (json.RawMessage, error) {
	if _, ok := p.takeKind('?'); ok {
		if p.used++; p.used > len(p.expression.Parameters) {
			return nil, invalid("There is no parameter number %d.", p.used)
		}
		return p.expression.Parameters[p.used-1], nil
	}
	if name, ok := p.takeKind('@'); ok {
		raw, ok := p.expression.Named[name]
		if !ok {
			return nil, invalid("There is no parameter named '%s'.", name)
		}
		return raw, nil
	}
	return nil, p.unexpected()
}

// scalar returns a string without its quotes, or a number as it is written.
func scalar(raw json.RawMessage) (string, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil && !slices.Equal(raw, []byte("null")) {
		return text, nil
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil && number != "" {
		return number.String(), nil
	}
	return "", invalid("A parameter must be a string or a number, not %.40s.", raw)
}
