package web

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// hostileMail asks for something from elsewhere in every way that we know of.
const hostileMail = `<html><head><link rel="stylesheet" href="E/css"><link rel="prefetch" href="E/prefetch"><link rel=icon href="E/icon">
<meta http-equiv="refresh" content="0;url=E/refresh"><base href="E/"><style>@import url(E/import);body{background:url(E/bg)}</style></head>
<body background="E/bodybg"><p>Words <b>that</b> stay</p><img src="E/img" alt="logo"><img srcset="E/srcset 2x"><picture><source srcset="E/source"><img></picture>
<video poster="E/poster" src="E/video" autoplay></video><audio src="E/audio"></audio><object data="E/object"></object><embed src="E/embed"><iframe src="E/iframe"></iframe>
<svg><image href="E/svgimage"/><use href="E/use#x"/></svg><math><a href="E/math">m</a></math><form action="E/form"><input name=a><button>go</button></form>
<script>fetch("E/script")</script><img src=x onerror="fetch('E/onerror')"><a href="E/a" ping="E/ping">click here</a><a href="javascript:alert(1)">x</a>
<div style="background:url(E/inline)">styled</div><table background="E/tablebg"><tr><td>cell</td></tr></table><input type=image src="E/inputimage">
<noscript><img src="E/noscript"></noscript><template><img src="E/template"></template><img src="cid:photo@1" alt="A photo"><img src="cid:script@1"><img src="cid:lost@1" alt="lost one">
<img src="data:image/svg+xml;base64,PHN2Zz4="><img src="data:text/html,x"></body></html>`

func TestHostileMail(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	carried := map[string]Picture{"photo@1": {"image/png", []byte("\x89PNG")}, "script@1": {"image/svg+xml", []byte("<svg onload=x>")}}
	if err := mailHTML(w, `Mail <17> "x"`, strings.ReplaceAll(hostileMail, "E/", "https://elsewhere.example/"), carried); err != nil {
		t.Fatal(err)
	}
	body := w.Body.String()
	if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "sandbox; default-src 'none'") {
		t.Errorf("the mail is not boxed in: %q", policy)
	}
	bad := regexp.MustCompile(`(?i)elsewhere\.example|javascript|<script|<style|<link|<base|http-equiv|<form|<input|<iframe|<object|<embed|<svg|<a |\son\w+=|style=|srcset|background=|data:text|svg\+xml`)
	if found := bad.FindAllString(body, -1); found != nil {
		t.Errorf("what is left of the mail holds %q:\n%s", found, body)
	}
	for _, want := range []string{
		"<p>Words <b>that</b> stay</p>", "click here", "<td>cell</td>", `<img src="data:image/png;base64,iVBORw==" alt="A photo">`,
		"<em>[picture: lost one]</em>", "<em>[picture: logo]</em>", "<title>Mail &lt;17&gt; &#34;x&#34;</title>", "Shown without links",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("what is left of the mail lacks %s:\n%s", want, body)
		}
	}
}

func TestMailViewIsBounded(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := mailHTML(w, "x", "<p>"+strings.Repeat("é", mostHTML/2), nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.Body.String(), "only its beginning") {
		t.Error("a long mail does not say that it was cut")
	}
	big := map[string]Picture{"a": {"image/png", make([]byte, mostPicture/2+1)}}
	got := withPictures(`<img src="cid:a" alt="1"/><img src="cid:a" alt="2"/>`, big)
	if strings.Count(got, "data:image/png") != 1 || !strings.Contains(got, "[picture: 2]") {
		t.Error("the second picture, beyond the limit, was put in too")
	}
}
