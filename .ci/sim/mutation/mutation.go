// Package mutation breaks source text on purpose, one place at a time.
package mutation

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
)

// A Mutation replaces source[from:to] by text.
type Mutation struct {
	File, source string
	from, to     int
	text         string
}

// Apply returns the text with the change.
func (m Mutation) Apply() []byte {
	var b bytes.Buffer
	b.WriteString(m.source[:m.from])
	b.WriteString(m.text)
	b.WriteString(m.source[m.to:])
	return b.Bytes()
}

// String returns the place and the change.
func (m Mutation) String() string {
	name := m.File[strings.LastIndexByte(m.File, '/')+1:]
	line := 1 + strings.Count(m.source[:m.from], "\n")
	return fmt.Sprintf("%s:%d: %s => %s", name, line, short(m.source[m.from:m.to]), short(m.text))
}

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 80 {
		s = s[:77] + "..."
	}
	return strconv.Quote(s)
}

// instead is what an operator becomes.
var instead = map[token.Token]string{
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">", token.EQL: "!=", token.NEQ: "==",
	token.LAND: "||", token.LOR: "&&", token.ADD: "-", token.SUB: "+", token.MUL: "/", token.QUO: "*",
}

// OfGo changes operators, conditions and numbers, and leaves out statements.
func OfGo(file, source string) ([]Mutation, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, source, 0)
	if err != nil {
		return nil, err
	}
	at := func(p token.Pos) int { return set.Position(p).Offset }
	var all []Mutation
	change := func(from, to token.Pos, text string) {
		all = append(all, Mutation{file, source, at(from), at(to), text})
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BinaryExpr:
			if to, ok := instead[n.Op]; ok {
				change(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), to)
			}
		case *ast.IfStmt:
			change(n.Cond.Pos(), n.Cond.End(), "!("+source[at(n.Cond.Pos()):at(n.Cond.End())]+")")
		case *ast.BasicLit:
			if i, err := strconv.Atoi(n.Value); err == nil {
				change(n.Pos(), n.End(), strconv.Itoa(i+1))
			}
		case *ast.ExprStmt, *ast.DeferStmt, *ast.IncDecStmt, *ast.SendStmt:
			change(n.Pos(), n.End(), "{}")
		case *ast.AssignStmt:
			if n.Tok == token.ASSIGN || n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN {
				change(n.Pos(), n.End(), "{}")
			}
		}
		return true
	})
	return all, nil
}

// inLua are the changes of a line of Lua; it is left out, too.
var inLua = []struct {
	find *regexp.Regexp
	text string
}{
	{regexp.MustCompile(` < `), " >= "}, {regexp.MustCompile(` > `), " <= "}, {regexp.MustCompile(` <= `), " > "}, {regexp.MustCompile(` >= `), " < "},
	{regexp.MustCompile(` == `), " ~= "}, {regexp.MustCompile(` ~= `), " == "},
	{regexp.MustCompile(` and `), " or "}, {regexp.MustCompile(` or `), " and "},
	{regexp.MustCompile(` \+ `), " - "}, {regexp.MustCompile(` - `), " + "}, {regexp.MustCompile(` \* `), " / "}, {regexp.MustCompile(` / `), " * "},
	{regexp.MustCompile(`math\.max`), "math.min"}, {regexp.MustCompile(`math\.min`), "math.max"},
	{regexp.MustCompile(`\b0\b`), "1"}, {regexp.MustCompile(`\b1\b`), "2"},
}

// wholeStatement is a line that can be left out without another.
var wholeStatement = regexp.MustCompile(`^\s*(redis\.call|(\w+)(, \w+)* = |local \w+(, \w+)* = |return reply|for .* end$|if .* end$)`)

// OfLua changes operators and numbers, and leaves out lines.
func OfLua(file, source string) (all []Mutation, _ error) {
	at := 0
	for line := range strings.SplitAfterSeq(source, "\n") {
		code, _, _ := strings.Cut(line, "--")
		if wholeStatement.MatchString(strings.TrimSuffix(code, "\n")) {
			all = append(all, Mutation{file, source, at, at + len(code), "\n"})
		}
		for _, c := range inLua {
			for _, found := range c.find.FindAllStringIndex(code, -1) {
				all = append(all, Mutation{file, source, at + found[0], at + found[1], c.text})
			}
		}
		at += len(line)
	}
	return all, nil
}
