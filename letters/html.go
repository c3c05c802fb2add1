package letters

import (
	"fmt"
	"html/template"
	"regexp"
	"strings"
)

// HTML is the same letter for mail programs that show it: no picture, nothing
// from elsewhere, styles on each element and tables for the frame, because
// Outlook knows little more. It is narrow enough for a small telephone and
// follows a dark screen.
func (w Words) HTML() (string, error) {
	size := sizes{Text: 17, H1: 26, H2: 20, Line: 26}
	switch w.Variant {
	case LargePrint:
		size = sizes{Text: 24, H1: 34, H2: 28, Line: 36} // 18 point and up
	case EasyRead:
		size = sizes{Text: 20, H1: 28, H2: 23, Line: 32} // 14 point and up
	}
	var b strings.Builder
	if err := frame.Execute(&b, struct {
		Words
		Size sizes
		Font template.CSS
	}{w, size, size.font()}); err != nil {
		return "", fmt.Errorf("letter %s as HTML: %w", w.Kind, err)
	}
	return emptyLines.ReplaceAllString(b.String(), "\n"), nil
}

var emptyLines = regexp.MustCompile(`\n\s*\n+`)

// sizes are in pixels, the unit that every mail program takes.
type sizes struct{ Text, H1, H2, Line int }

func (s sizes) font() template.CSS {
	return template.CSS(fmt.Sprintf("font-family:Arial,Helvetica,sans-serif;font-size:%dpx;line-height:%dpx;color:#1a1d21", s.Text, s.Line))
}

// Lines joins the lines of an item. The first of several is its name: a
// service, a question, a thing to do.
func (b Block) Lines(item []string) template.HTML {
	parts := make([]string, len(item))
	for i, l := range item {
		parts[i] = string(linked(l))
		if i == 0 && len(item) > 1 && isList(b.Kind) {
			parts[i] = "<b>" + parts[i] + "</b>"
		}
	}
	return template.HTML(strings.Join(parts, "<br>\n"))
}

// Row makes the value of a row.
func (b Block) Row(value string) template.HTML { return linked(value) }

// What is made a link: addresses of pages and of mail, and telephone numbers.
// The words of the link are the address itself, as in the plain text.
var linkable = regexp.MustCompile(`https://[^\s<>"]+[^\s<>".,;:)]|[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|\b0\d{2,4} ?\d{3,4} ?\d{3,4}\b|\b0800 1111\b|\b116 123\b`)

// linked escapes s and makes links in it.
func linked(s string) template.HTML {
	var b strings.Builder
	last := 0
	for _, m := range linkable.FindAllStringIndex(s, -1) {
		b.WriteString(template.HTMLEscapeString(s[last:m[0]]))
		word := s[m[0]:m[1]]
		href := "tel:" + strings.ReplaceAll(word, " ", "")
		if strings.HasPrefix(word, "https://") {
			href = word
		} else if strings.Contains(word, "@") {
			href = "mailto:" + word
		}
		fmt.Fprintf(&b, `<a href="%s" class="l" style="%s">%s</a>`,
			template.HTMLEscapeString(href), linkStyle(href), template.HTMLEscapeString(word))
		last = m[1]
	}
	b.WriteString(template.HTMLEscapeString(s[last:]))
	return template.HTML(b.String())
}

// linkStyle keeps a number on one line, and lets an address break anywhere
// rather than widen a small screen.
func linkStyle(href string) string {
	if strings.HasPrefix(href, "tel:") {
		return "color:#1d4f8c;white-space:nowrap"
	}
	return "color:#1d4f8c;overflow-wrap:anywhere"
}

var frame = template.Must(template.New("letter").Parse(frameSource))

const frameSource = `<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{{.Subject}}</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (max-width: 480px) {
  .p { padding-left: 16px !important; padding-right: 16px !important; }
}
@media (prefers-color-scheme: dark) {
  .o { background-color: #16191d !important; }
  .c { background-color: #22272e !important; }
  .t { color: #f2f4f6 !important; }
  .l { color: #9cc7ff !important; }
  .n { background-color: #1d3346 !important; }
  .w { background-color: #45221f !important; }
  .r { border-color: #4a525c !important; }
}
</style>
</head>
<body class="o" style="margin:0;padding:0;background-color:#eef1f4">
<div role="main">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" class="o" style="background-color:#eef1f4">
<tr><td align="center" style="padding:16px 8px">
<!--[if mso]><table role="presentation" width="620" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" class="c" style="max-width:620px;background-color:#ffffff;border-top:8px solid #0f5c63">
<tr><td class="p c" align="left" style="padding:24px 32px 32px 32px;background-color:#ffffff;text-align:left">
{{- $s := .Size}}
{{- $text := .Font}}
{{- range $b := .Blocks}}
{{- if eq .Kind "heading"}}
<h1 class="t" style="margin:0 0 20px 0;font-family:Arial,Helvetica,sans-serif;font-size:{{$s.H1}}px;line-height:1.25;font-weight:bold;color:#1a1d21">{{range .Items}}{{$b.Lines .}}{{end}}</h1>
{{- else if eq .Kind "subheading"}}
<h2 class="t" style="margin:28px 0 10px 0;font-family:Arial,Helvetica,sans-serif;font-size:{{$s.H2}}px;line-height:1.3;font-weight:bold;color:#1a1d21">{{range .Items}}{{$b.Lines .}}{{end}}</h2>
{{- else if eq .Kind "paragraph"}}
{{- range .Items}}
<p class="t" style="margin:0 0 14px 0;{{$text}}">{{$b.Lines .}}</p>
{{- end}}
{{- else if eq .Kind "bullets"}}
<ul class="t" style="margin:0 0 14px 0;padding:0 0 0 24px;{{$text}}">
{{- range .Items}}
<li class="t" style="margin:0 0 8px 0;{{$text}}">{{$b.Lines .}}</li>
{{- end}}
</ul>
{{- else if eq .Kind "numbered"}}
<ol class="t" style="margin:0 0 14px 0;padding:0 0 0 28px;{{$text}}">
{{- range .Items}}
<li class="t" style="margin:0 0 8px 0;{{$text}}">{{$b.Lines .}}</li>
{{- end}}
</ol>
{{- else if eq .Kind "table"}}
<table width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 16px 0;border-collapse:collapse">
{{- range .Items}}
<tr><th scope="row" class="t r" align="left" valign="top" width="40%" style="padding:8px 12px 8px 0;border-bottom:1px solid #ccd2d8;text-align:left;font-weight:bold;{{$text}}">{{$b.Row (index . 0)}}</th><td class="t r" align="left" valign="top" style="padding:8px 0;border-bottom:1px solid #ccd2d8;text-align:left;{{$text}}">{{$b.Row (index . 1)}}</td></tr>
{{- end}}
</table>
{{- else}}
{{- $warn := eq .Kind "warning"}}
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:20px 0 20px 0">
<tr><td class="{{if $warn}}w{{else}}n{{end}}" style="padding:14px 18px 4px 18px;{{if $warn}}background-color:#fdecea;border-left:6px solid #b3261e{{else}}background-color:#e8f1fa;border-left:6px solid #1d4f8c{{end}}">
{{- range $i, $item := .Items}}
<p class="t" style="margin:0 0 10px 0;{{$text}}{{if eq $i 0}};font-weight:bold{{end}}">{{$b.Lines $item}}</p>
{{- end}}
</td></tr>
</table>
{{- end}}
{{- end}}
</td></tr>
</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr>
</table>
</div>
</body>
</html>
`
