package message

import (
	"strings"
	"testing"
	"time"
)

func TestHTMLToText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, page, want string
		hidden           bool
	}{
		{"paragraphs", "<p>one</p><p>two <b>bold</b>er</p>", "one\n\ntwo bolder\n", false},
		{"line breaks and spaces", "a<br>b<br><br>c   d\n e", "a\nb\n\nc d e\n", false},
		{"Outlook's empty paragraphs", "<p class=MsoNormal>one<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>two</p>", "one\n\ntwo\n", false},
		{"divs of Gmail", "<div>one</div><div><br></div><div>two</div>", "one\n\ntwo\n", false},
		{"table as lines", "<table><tr><td>Name</td><td>Alfie</td></tr><tr><td>Born</td><td>1 May 2012</td></tr></table>", "Name\tAlfie\nBorn\t1 May 2012\n", false},
		{"answer of several paragraphs stays in its cell", "<table><tr><td>Reason</td><td><p>one</p><p>two</p></td></tr></table>", "Reason\tone two\n", false},
		{"empty answer keeps its cell", "<table><tr><td>Name</td><td></td></tr></table>after", "Name\t\nafter\n", false},
		{"margins are no cells", "<table><tr><td>&nbsp;</td><td><p>one</p><p>two</p></td><td></td></tr></table>", "one\n\ntwo\n", false},
		{"layout table around a form", "<table><tr><td>x</td><td><table><tr><td>Name</td><td>Alfie</td></tr></table></td></tr></table>", "x\nName\tAlfie\n", false},
		{"ticks", "<input type=checkbox checked>Yes <input type=checkbox>No", "[x] Yes [ ] No\n", false},
		{"filled field", `Name <input type=text value="Alfie Smith">`, "Name Alfie Smith\n", false},
		{"preformatted", "<pre>a\n  b</pre>", "a\n  b\n", false},
		{"list", "<ul><li>one<li>two</ul>", "- one\n- two\n", false},
		{"comments, styles, scripts", "<style>p{}</style><!-- x --><script>1</script>seen", "seen\n", false},
		{"invisible characters", "knife\u200B\u200C s\u00ADtab", "knife stab\n", false},
		{"display none", `<div style="DISPLAY : none !important">secret</div>seen`, "seen\n", true},
		{"hidden attribute", `<div hidden>secret</div>seen`, "seen\n", true},
		{"no height", `<div style="max-height:0;overflow:hidden">secret</div>seen`, "seen\n", true},
		{"font size zero", `<span style="font-size:0">secret</span><span style="font-size:10px">seen</span>`, "seen\n", true},
		{"white on white", `<font color="#FFF">secret</font>seen`, "seen\n", true},
		{"white on a blue table", `<table bgcolor="#003366"><tr><td><span style="color:#ffffff">seen</span></td></tr></table>`, "seen\n", false},
		{"blue on blue", `<div style="background-color:#003366"><p style="color:#003366">secret</p></div>seen`, "seen\n", true},
		{"hidden padding without words is no secret", `<div style="display:none">&nbsp;&zwnj;&#847;</div>seen`, "seen\n", false},
		{"unclosed tags", "<div><b>one<p>two", "one\n\ntwo\n", false},
		{"deeper than the parser goes", strings.Repeat("<div>", 600) + "seen" + strings.Repeat("</div>", 600), "seen\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, hidden := htmlToText(tt.page, time.Now().Add(time.Minute))
			if got != tt.want || hidden != tt.hidden {
				t.Errorf("got %q hidden=%t, want %q %t", got, hidden, tt.want, tt.hidden)
			}
		})
	}
}
