// Package mutation breaks source text on purpose, one place at a time.
package mutation

import (
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
	function     string // that it is in; empty outside of one
	from, to     int
	text         string

	start, end int // of the expression or statement, in Go
	expression bool
	number     int // of its switch
}

// Apply returns the text with the change.
func (m Mutation) Apply() []byte {
	return []byte(m.source[:m.from] + m.text + m.source[m.to:])
}

// Line returns the number of the line in which the change begins.
func (m Mutation) Line() int { return 1 + strings.Count(m.source[:m.from], "\n") }

// String returns the function, its line and what the line becomes. It is the same after
// other lines of the file have changed.
func (m Mutation) String() string {
	start := strings.LastIndexByte(m.source[:m.from], '\n') + 1
	end := len(m.source)
	if i := strings.IndexByte(m.source[m.to:], '\n'); i >= 0 {
		end = m.to + i
	}
	before, after := m.source[start:m.from], m.source[m.to:end]
	in := ""
	if m.function != "" {
		in = m.function + ": "
	}
	return in + short(m.source[start:end]) + " => " + short(before+m.text+after)
}

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 160 {
		s = s[:157] + "..."
	}
	return s
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
	var all []Mutation
	for _, decl := range tree.Decls {
		function := ""
		if f, ok := decl.(*ast.FuncDecl); ok {
			function = f.Name.Name
		}
		at := func(p token.Pos) int { return set.Position(p).Offset }
		ast.Inspect(decl, func(n ast.Node) bool {
			if from, to, text := changed(n, func(n ast.Node) string { return source[at(n.Pos()):at(n.End())] }); text != "" {
				whole := n
				if i, ok := n.(*ast.IfStmt); ok {
					whole = i.Cond
				}
				_, expression := whole.(ast.Expr)
				all = append(all, Mutation{
					File: file, source: source, function: function, from: at(from), to: at(to), text: text,
					start: at(whole.Pos()), end: at(whole.End()), expression: expression,
				})
			}
			return true
		})
	}
	return all, nil
}

// changed returns what becomes of a part of the code, if anything.
func changed(n ast.Node, source func(ast.Node) string) (from, to token.Pos, text string) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if n.Op == token.LAND || n.Op == token.LOR {
			return n.Pos(), n.End(), "(" + operand(n.X, source) + " " + instead[n.Op] + " " + operand(n.Y, source) + ")"
		}
		return n.OpPos, n.OpPos + token.Pos(len(n.Op.String())), instead[n.Op]
	case *ast.IfStmt:
		if b, ok := n.Cond.(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
			break // the same as the other operator
		}
		return n.Cond.Pos(), n.Cond.End(), "!(" + source(n.Cond) + ")"
	case *ast.BasicLit:
		if i, err := strconv.Atoi(n.Value); err == nil {
			return n.Pos(), n.End(), strconv.Itoa(i + 1)
		}
	case *ast.ExprStmt, *ast.DeferStmt, *ast.IncDecStmt, *ast.SendStmt:
		return n.Pos(), n.End(), "{}"
	case *ast.AssignStmt:
		if n.Tok == token.ASSIGN || n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN {
			return n.Pos(), n.End(), "{}"
		}
	}
	return 0, 0, ""
}

// operand returns an operand of a changed && or ||, which must not change what belongs together.
func operand(x ast.Expr, source func(ast.Node) string) string {
	if b, ok := x.(*ast.BinaryExpr); ok && b.Op == token.LOR {
		return "(" + source(x) + ")"
	}
	return source(x)
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
			all = append(all, Mutation{File: file, source: source, from: at, to: at + len(strings.TrimSuffix(code, "\n"))})
		}
		for _, c := range inLua {
			for _, found := range c.find.FindAllStringIndex(code, -1) {
				all = append(all, Mutation{File: file, source: source, from: at + found[0], to: at + found[1], text: c.text})
			}
		}
		at += len(line)
	}
	return all, nil
}
