package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// browser is one Chromium; each screen is a window with cookies of its own.
type browser struct {
	ctx  context.Context
	ends []context.CancelFunc
}

func startBrowser(dir string) (*browser, error) {
	binary, err := find("chromium", "chromium-browser", "google-chrome")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(binary), chromedp.UserDataDir(dir), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true))
	b := &browser{}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	b.ends = append(b.ends, end)
	b.ctx, end = chromedp.NewContext(allocator)
	b.ends = append(b.ends, end)
	if err := chromedp.Do(b.ctx); err != nil {
		return nil, fmt.Errorf("start the browser: %w", err)
	}
	return b, nil
}

func (b *browser) close() error {
	for _, end := range slices.Backward(b.ends) {
		end()
	}
	return nil
}

// window is a screen in the browser. Whatever the page writes to the console
// is a failure: that is where a browser says what the policy stopped.
type window struct {
	t    testing.TB
	base string
	ctx  context.Context

	mu   sync.Mutex
	said []string
}

func newWindow(t testing.TB, base string) *window {
	t.Helper()
	b := must(t, shared.browser)
	ctx, end := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	w := &window{t: t, base: base, ctx: ctx}
	messages := chromedp.Console(ctx)
	var listening sync.WaitGroup
	listening.Go(func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			w.mu.Lock()
			w.said = append(w.said, fmt.Sprintf("%v: %s", m.Type, m.Text))
			w.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		end()
		listening.Wait()
	})
	w.do("open a window", chromedp.EmulateViewport(1366, 900))
	return w
}

// quiet fails the test if the console said anything, and forgets it.
func (w *window) quiet() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, line := range w.said {
		// A form that comes back with 422 is no fault; Chromium logs it as one.
		if !strings.Contains(line, "the server responded with a status of 422") {
			w.t.Errorf("the console says: %s", line)
		}
	}
	w.said = nil
}

// withoutScript makes a window whose pages run no script.
func (w *window) withoutScript() *window {
	w.t.Helper()
	_, err := chromedp.Call(w.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return w
}

func (w *window) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.t.Fatalf("%s: %s: %v", w.path(), what, err)
	}
}

func evaluate[T any](w *window, expression string, options ...chromedp.EvaluateOption) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, options...))
	if err != nil {
		w.t.Fatalf("evaluate %.60q: %v", expression, err)
	}
	return v
}

func (w *window) open(path string) {
	w.t.Helper()
	w.do("open "+path, chromedp.Navigate(w.base+path), chromedp.WaitReady(chromedp.CSS("body")))
}

// page is the page as the browser has it now.
func (w *window) page() page {
	w.t.Helper()
	return readPage(w.t, w.path(), evaluate[string](w, `document.documentElement.outerHTML`))
}

func (w *window) find(n *html.Node, err error) chromedp.CSS {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	// What stands in a closed fold is opened first, as a reader does.
	for up := range n.Ancestors() {
		if up.DataAtom == atom.Details && !has(up, "open") {
			w.do("open a fold", chromedp.Click(chromedp.CSS(place(up)+" > summary")))
		}
	}
	return chromedp.CSS(place(n))
}

// place is a selector of just this element.
func place(n *html.Node) string {
	if n.Parent == nil || n.DataAtom == atom.Html {
		return "html"
	}
	i := 1
	for before := n.PrevSibling; before != nil; before = before.PrevSibling {
		if before.Type == html.ElementNode {
			i++
		}
	}
	return fmt.Sprintf("%s > %s:nth-child(%d)", place(n.Parent), n.Data, i)
}

func (w *window) follow(link string) {
	w.t.Helper()
	w.leave("follow "+link, w.find(w.page().link(link)))
}

func (w *window) press(button string) {
	w.t.Helper()
	w.leave("press "+button, w.find(w.page().button(button)))
}

// leave clicks on what leads to another page and waits until that stands. The
// old page is told by a mark that no new page carries.
func (w *window) leave(what string, sel chromedp.CSS) {
	w.t.Helper()
	evaluate[bool](w, `document.documentElement.toggleAttribute("data-old", true)`)
	before := evaluate[string](w, `location.href`)
	w.do(what, chromedp.ScrollIntoView(sel), chromedp.Click(sel))
	const arrived = `document.readyState === "complete" && !document.documentElement.hasAttribute("data-old")`
	eventually(w.t, patience, "new page after "+what+" on "+w.path(), func() (struct{}, bool) {
		ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
		defer cancel()
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](arrived))
		if err == nil && !ok { // a link within the page leaves nothing
			now, err := chromedp.Run(ctx, chromedp.Location())
			ok = err == nil && now != before && withoutFragment(now) == withoutFragment(before)
		}
		return struct{}{}, err == nil && ok
	})
}

func withoutFragment(address string) string {
	before, _, _ := strings.Cut(address, "#")
	return before
}

func (w *window) fill(value string, label ...string) {
	w.t.Helper()
	sel := w.find(w.page().control(label...))
	w.do("fill "+strings.Join(label, ", "), chromedp.ScrollIntoView(sel), chromedp.Focus(sel))
	evaluate[string](w, fmt.Sprintf(`document.querySelector(%q).value = ""`, string(sel))) // as whoever marks all of it and pastes
	if _, err := chromedp.Call(w.ctx, input.InsertText, input.InsertTextParams{Text: value}); err != nil {
		w.t.Fatalf("%s: type into %s: %v", w.path(), label, err)
	}
}

func (w *window) choose(label ...string) {
	w.t.Helper()
	sel := w.find(w.page().control(label...))
	if evaluate[bool](w, fmt.Sprintf(`document.querySelector(%q).checked`, string(sel))) {
		return
	}
	w.do("choose "+strings.Join(label, ", "), chromedp.ScrollIntoView(sel), chromedp.Click(sel))
}

func (w *window) pick(option string, label ...string) {
	w.t.Helper()
	p := w.page()
	n, err := p.control(label...)
	sel := w.find(n, err)
	options := below(n, element(atom.Option))
	o := best(options, words, option)
	if o == nil {
		w.t.Fatal(p.lacks("option", option, options))
	}
	w.do("pick "+option, chromedp.SetValue(sel, valueOf(o)))
}

func (w *window) text() string { w.t.Helper(); return w.page().text() }

func (w *window) path() string {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return "no page"
	}
	u, err := url.Parse(at)
	if err != nil {
		return at
	}
	return u.Path
}

func (w *window) links(prefix string) []string { w.t.Helper(); return w.page().links(prefix) }
