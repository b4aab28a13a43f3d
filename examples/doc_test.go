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

// Every exported name of every package has a comment.
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
		return checkPackage(t, path, files)
	})
	if err != nil || packages < 6 {
		t.Fatalf("got %d packages, %v; want at least 6", packages, err)
	}
}

// checkPackage fails the test if the package, or an exported name in it, has no comment.
func checkPackage(t *testing.T, path string, files []string) error {
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
			t.Errorf("%s: got no comment of %s", file, name)
		}
	}
	if !described {
		t.Errorf("%s: got no package comment", path)
	}
	return nil
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

// ordinary methods need no comment.
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
