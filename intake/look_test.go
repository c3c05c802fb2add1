package intake

import (
	"strings"
	"testing"
)

func TestTheLookOfAMail(t *testing.T) {
	t.Parallel()
	const laidOut = "Content-Type: multipart/related; boundary=a\r\n\r\n" +
		"--a\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n" +
		"--b\r\nContent-Type: text/html; charset=windows-1252\r\n\r\n<p>caf\xe9 <img src=\"cid:p1@x\">\r\n--b--\r\n" +
		"--a\r\nContent-Type: image/png\r\nContent-Id: <p1@x>\r\n\r\nPNG\r\n--a--\r\n"
	got := LookOf([]byte(laidOut))
	if !strings.Contains(got.HTML, "<p>café <img") || strings.Contains(got.HTML, "plain") {
		t.Errorf("the layout is %q, want the HTML in its own letters", got.HTML)
	}
	if p := got.Pictures["p1@x"]; p.Type != "image/png" || !strings.HasPrefix(string(p.Data), "PNG") {
		t.Errorf("pictures %v, want the one that it carries", got.Pictures)
	}
	if got := LookOf([]byte("Subject: x\r\n\r\n1 < 2 & <script>alert(1)</script>\r\n")); got.HTML != "<pre>1 &lt; 2 &amp; &lt;script&gt;alert(1)&lt;/script&gt;\n\n</pre>" {
		t.Errorf("a mail without a layout looks like %q, want its text", got.HTML)
	}
}
