package mutation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The environment variables that a package with switches reads: the number of the change to
// make, 0 for none, and the file to which it adds the number of each change that it reaches.
const (
	Active = "MUTATE_ACTIVE"
	Log    = "MUTATE_LOG"
)

// A Package is a Go package that is built once with many changes, of which a run makes one.
type Package struct {
	path, name string
	dir        string
	names      []string // of its files, with the folder
	set        *token.FileSet
	files      map[string]*ast.File
	others     types.Importer
	typeOf     map[place]string // of each expression
	changes    []Mutation
}

// A place is a part of a file.
type place struct {
	file     string
	from, to int
}

// Load loads the Go package of a folder.
func Load(dir string) (*Package, error) {
	command := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,Dir,GoFiles,Name", ".")
	command.Dir = dir
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	p := &Package{set: token.NewFileSet(), files: map[string]*ast.File{}, typeOf: map[place]string{}}
	exports := map[string]string{}
	for list := json.NewDecoder(bytes.NewReader(out)); list.More(); {
		var of struct {
			ImportPath, Export, Dir, Name string
			GoFiles                       []string
		}
		if err := list.Decode(&of); err != nil {
			return nil, err
		}
		exports[of.ImportPath] = of.Export
		p.path, p.dir, p.names, p.name = of.ImportPath, of.Dir, of.GoFiles, of.Name // the last one is that of dir
	}
	p.others = importer.ForCompiler(p.set, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for i, name := range p.names {
		p.names[i] = filepath.Join(p.dir, name)
		if p.files[p.names[i]], err = parser.ParseFile(p.set, p.names[i], nil, 0); err != nil {
			return nil, err
		}
	}
	return p, p.learnTypes()
}

// learnTypes notes the type of each expression, as the source of its file writes it.
func (p *Package) learnTypes() error {
	info := types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	if err := p.check(p.files, &info); err != nil {
		return err
	}
	for expr, t := range info.Types {
		_, constant := expr.(*ast.BasicLit)
		if t.Type == nil || t.Value != nil && !constant {
			continue
		}
		from, to := p.set.Position(expr.Pos()), p.set.Position(expr.End())
		p.typeOf[place{from.Filename, from.Offset, to.Offset}] = types.TypeString(types.Default(t.Type), func(other *types.Package) string {
			if other.Path() == p.path {
				return ""
			}
			return other.Name()
		})
	}
	return nil
}

func (p *Package) check(files map[string]*ast.File, info *types.Info) error {
	var list []*ast.File
	for _, name := range p.names {
		list = append(list, files[name])
	}
	conf := types.Config{Importer: p.others}
	_, err := conf.Check(p.path, p.set, list, info)
	return err
}

// Add gives the package a switch for a change, and returns its number. It returns false if a
// switch there does not compile, such as in a constant.
func (p *Package) Add(m Mutation) (number int, ok bool) {
	file, err := filepath.Abs(m.File)
	if err != nil || p.files[file] == nil {
		return 0, false
	}
	m.File = file
	alone, err := parser.ParseFile(p.set, file, p.render(file, []Mutation{m})+"\nfunc mutateOn(int) bool { return false }\n", 0)
	if err != nil {
		return 0, false
	}
	files := maps.Clone(p.files)
	files[file] = alone
	if p.check(files, nil) != nil {
		return 0, false
	}
	p.changes = append(p.changes, m)
	return len(p.changes), true
}

// Write writes the files with all switches into a folder and returns what stands for what,
// as go build -overlay wants it.
func (p *Package) Write(dir string) (map[string]string, error) {
	replace := map[string]string{filepath.Join(p.dir, "zz_mutate.go"): filepath.Join(dir, "zz_mutate.go")}
	if err := os.WriteFile(filepath.Join(dir, "zz_mutate.go"), fmt.Appendf(nil, switchboard, p.name, Active, Log, len(p.changes)+1), 0o600); err != nil {
		return nil, err
	}
	for _, name := range p.names {
		to := filepath.Join(dir, filepath.Base(name))
		replace[name] = to
		if err := os.WriteFile(to, []byte(p.render(name, p.changes)), 0o600); err != nil {
			return nil, err
		}
	}
	return replace, nil
}

const switchboard = `package %s

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
)

var (
	mutateActive, _ = strconv.Atoi(os.Getenv(%q))
	mutateLog       = os.Getenv(%q)
	mutateReached   [%d]atomic.Bool
)

func mutateOn(number int) bool {
	if mutateLog != "" && !mutateReached[number].Swap(true) {
		f, err := os.OpenFile(mutateLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		fmt.Fprintln(f, number)
		f.Close()
	}
	return number == mutateActive
}
`

// render returns a file with a switch for each change.
func (p *Package) render(file string, changes []Mutation) string {
	var here []Mutation
	for i, m := range changes {
		if m.File == file {
			m.number = i + 1
			here = append(here, m)
		}
	}
	slices.SortStableFunc(here, func(a, b Mutation) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	source, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	text, _ := p.renderPart(string(source), 0, len(source), here)
	return text
}

// renderPart returns source[from:to] with switches, and the changes that are not in it. A switch
// within another is in what the other leaves as it is, since one change at a time is made.
func (p *Package) renderPart(source string, from, to int, changes []Mutation) (string, []Mutation) {
	var b strings.Builder
	for len(changes) > 0 && changes[0].end <= to {
		m := changes[0]
		var same string
		b.WriteString(source[from:m.start])
		same, changes = p.renderPart(source, m.start, m.end, changes[1:])
		other := source[m.start:m.from] + m.text + source[m.to:m.end]
		if m.expression {
			fmt.Fprintf(&b, "func() %s { if mutateOn(%d) { return %s }; return %s }()", p.typeOf[place{m.File, m.start, m.end}], m.number, other, same)
		} else {
			fmt.Fprintf(&b, "if mutateOn(%d) { %s } else { %s }", m.number, other, same)
		}
		from = m.end
	}
	b.WriteString(source[from:to])
	return b.String(), changes
}
