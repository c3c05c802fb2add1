package reading

import (
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Patterns are compiled when they are first needed; here all of them are.
func TestEveryPatternCompiles(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	var parsed []*ast.File
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, e.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	// Only constants matter, so what the imports hold may stay unknown.
	config := types.Config{Error: func(error) {}, Importer: importer.Default()}
	_, _ = config.Check("reading", files, parsed, info)
	n := 0
	for _, f := range parsed {
		ast.Inspect(f, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "lazy" {
				return true
			}
			v := info.Types[call.Args[0]].Value
			if v == nil {
				return true // the rules of cues.txt: parsed when they are read
			}
			n++
			if _, err := regexp.Compile(constant.StringVal(v)); err != nil {
				t.Errorf("%s: %v", files.Position(call.Pos()), err)
			}
			return true
		})
	}
	if n < 150 {
		t.Errorf("%d patterns found, want all", n)
	}
	for _, r := range cueRules() {
		r.re.compile()
	}
}

// A pattern must never miss what its expression matches because of its gates.
func TestGatesMissNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, text string }{
		{`\b(?:better|be better) off (?:dead|without)\b`, "better off dead"},
		{`(?i)NHS`, "nhs"},
		{`a?b+c{2,3}`, "bcc"},
		{`(?:cat|dog)s? (?:ran|sat)`, "dogs sat"},
		{`\d+|x`, "7"},
		{`x*`, ""},
	} {
		if !lazy(c.source).MatchString(c.text) {
			t.Errorf("%q does not match %q", c.source, c.text)
		}
	}
}
