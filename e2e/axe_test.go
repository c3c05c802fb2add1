package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
)

// axe is the text of axe-core, which looks for what shuts people out.
var axe = sync.OnceValues(func() (string, error) {
	b, err := os.ReadFile("testdata/axe/axe.min.js")
	return string(b), err
})

// widths are a small phone, where WCAG 1.4.10 wants no scrolling sideways, and
// an office screen.
func widths() []int64 { return []int64{320, 1366} }

// look checks the page that stands: nothing on the console, nothing that axe
// finds at WCAG 2.2 AA or its best practice, nothing wider than the screen. With
// DSR_E2E_PICTURES it leaves a picture there.
func (w *window) look(name string) {
	w.t.Helper()
	w.quiet()
	source := must(w.t, axe)
	for _, width := range widths() {
		w.do("look at "+name, chromedp.EmulateViewport(width, 900))
		evaluate[chromedp.Void](w, source)
		for _, v := range w.violations() {
			w.t.Errorf("%s (%s) at %d: %s", name, w.path(), width, v)
		}
		if is := evaluate[int64](w, `document.documentElement.scrollWidth`); is > width {
			w.t.Errorf("%s (%s) is %d wide on a screen of %d: %s", name, w.path(), is, width, evaluate[string](w, widest))
		}
		w.picture(name, width)
	}
	w.mu.Lock()
	w.said = nil // what axe itself says
	w.mu.Unlock()
}

// widest names what reaches furthest to the right.
const widest = `[...document.body.querySelectorAll("*")].filter(e => !e.closest(".app-scroll"))
	.map(e => [e.getBoundingClientRect().right, e.tagName + "." + e.className]).sort((a, b) => b[0] - a[0]).slice(0, 3).join(" | ")`

func (w *window) violations() []string {
	w.t.Helper()
	const ask = `axe.run(document, {resultTypes: ["violations"], runOnly: {type: "tag",
		values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}})
		.then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, at: v.nodes.map(n => n.html)}))))`
	var found []struct {
		ID, Help string
		At       []string
	}
	if err := json.Unmarshal([]byte(evaluate[string](w, ask, chromedp.EvalAwaitPromise)), &found); err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, v := range found {
		out = append(out, v.ID+": "+v.Help+"\n  "+strings.Join(v.At, "\n  "))
	}
	return out
}

func (w *window) picture(name string, width int64) {
	w.t.Helper()
	dir := os.Getenv("DSR_E2E_PICTURES")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		w.t.Fatal(err)
	}
	suffix := map[int64]string{320: "-phone.png"}[width]
	if suffix == "" {
		suffix = ".png"
	}
	if err := os.WriteFile(filepath.Join(dir, name+suffix), png, 0o644); err != nil {
		w.t.Fatal(err)
	}
}
