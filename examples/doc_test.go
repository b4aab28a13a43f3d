package examples_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// Every exported name of every package says what it is.
func TestEverythingIsDocumented(t *testing.T) {
	packages := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); strings.HasPrefix(name, ".") && name != ".." || name == "testdata" || name == "examples" {
			return filepath.SkipDir
		}
		files, err := filepath.Glob(filepath.Join(path, "*.go"))
		if err != nil || len(files) == 0 {
			return err
		}
		packages++
		described := false
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			described = described || strings.HasPrefix(f.Doc.Text(), "Package "+f.Name.Name)
			for _, name := range undocumented(f) {
				t.Errorf("%s: %s has no comment", file, name)
			}
		}
		if !described {
			t.Errorf("%s: the package says nowhere what it is for", path)
		}
		return nil
	})
	if err != nil || packages < 6 {
		t.Fatalf("%d packages, %v", packages, err)
	}
}

// undocumented returns the exported functions, methods, types and values of a file
// that have no comment of their own, nor, for values, their group.
func undocumented(f *ast.File) (names []string) {
	missing := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		for _, d := range docs {
			if d.Text() != "" {
				return
			}
		}
		if name.IsExported() {
			names = append(names, name.Name)
		}
	}
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || exported(d.Recv.List[0].Type) && !ordinary[d.Name.Name] {
				missing(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					missing(s.Name, d.Doc, s.Doc)
				case *ast.ValueSpec:
					for _, name := range s.Names {
						missing(name, d.Doc, s.Doc, s.Comment)
					}
				}
			}
		}
	}
	return names
}

// ordinary are methods of which everybody knows what they do.
var ordinary = map[string]bool{"Error": true, "Unwrap": true, "Is": true}

func exported(receiver ast.Expr) bool {
	switch r := receiver.(type) {
	case *ast.StarExpr:
		return exported(r.X)
	case *ast.IndexExpr:
		return exported(r.X)
	case *ast.Ident:
		return r.IsExported()
	}
	return false
}
