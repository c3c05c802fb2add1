package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestVendoredFiles: the files are those that vendor.sh wrote, and nothing of
// GOV.UK's identity is served.
func TestVendoredFiles(t *testing.T) {
	t.Parallel()
	record, err := os.ReadFile("static/VENDORED.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\S+\.(?:css|js|svg)) \| ([0-9a-f]{64}) \|$`).FindAllStringSubmatch(string(record), -1)
	if len(rows) < 10 {
		t.Fatalf("VENDORED.md names %d files", len(rows))
	}
	for _, row := range rows {
		body, err := os.ReadFile("static/" + row[1])
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != row[2] {
			t.Errorf("%s: sha256 is not the recorded one; vendor.sh writes these files", row[1])
		}
	}
}

func TestServedStyleIsOurs(t *testing.T) {
	t.Parallel()
	a, err := newAssets(static)
	if err != nil {
		t.Fatal(err)
	}
	identity := regexp.MustCompile(`(?i)GDS Transport|@font-face|crest|crown|sourceMappingURL`)
	url := regexp.MustCompile(`url\(([^)]*)\)`)
	for name, f := range a.files {
		if path.Ext(name) == ".css" || path.Ext(name) == ".js" {
			if found := identity.Find(f.plain); found != nil {
				t.Errorf("%s holds %q", name, found)
			}
		}
		if path.Ext(name) != ".css" {
			continue
		}
		for _, m := range url.FindAllSubmatch(f.plain, -1) {
			if _, ok := a.files[string(m[1])]; !ok {
				t.Errorf("%s asks for %s, which is not served", name, m[1])
			}
		}
	}
	for _, licence := range []string{"LICENCE-govuk-frontend.txt", "LICENCE-moj-frontend.txt"} {
		if _, ok := a.files[licence]; !ok {
			t.Errorf("%s is not beside the files", licence)
		}
	}
}

// TestStyleSize keeps what is ours small: the libraries do the work.
func TestStyleSize(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int{"app.css": 400, "app.js": 600} {
		body, err := os.ReadFile("static/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(body, []byte("\n")); n >= limit {
			t.Errorf("%s has %d lines, want under %d", name, n, limit)
		}
		if strings.Contains(string(body), "innerHTML") {
			t.Errorf("%s makes markup from text", name)
		}
	}
}

func TestStaticAnswers(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, "http://127.0.0.1")
	h, err := s.Handler(galleryTable(s))
	if err != nil {
		t.Fatal(err)
	}
	now, err := s.assets.address("app.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path, accept string
		status             int
		cache, encoding    string
	}{
		{"compressed and kept for ever", now, "br, gzip", 200, "public, max-age=31536000, immutable", "gzip"},
		{"plain", now, "", 200, "public, max-age=31536000, immutable", ""},
		{"gzip refused", now, "gzip;q=0", 200, "public, max-age=31536000, immutable", ""},
		{"another version's page", "/static/0123456789abcdef/app.css", "gzip", 200, "no-cache", "gzip"},
		{"unknown file", "/static/0123456789abcdef/app.map", "gzip", 404, "no-store", ""},
		{"outside the folder", "/static/0123456789abcdef/%2e%2e/web.go", "gzip", 404, "no-store", ""},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		r.Header.Set("Accept-Encoding", c.accept)
		got := ask(t, h, r)
		if got.StatusCode != c.status || got.Header.Get("Cache-Control") != c.cache || got.Header.Get("Content-Encoding") != c.encoding {
			t.Errorf("%s: %d, %q, %q, want %d, %q, %q", c.name, got.StatusCode, got.Header.Get("Cache-Control"), got.Header.Get("Content-Encoding"), c.status, c.cache, c.encoding)
		}
		if c.encoding == "gzip" {
			z, err := gzip.NewReader(got.Body)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(z); err != nil || !bytes.Equal(body, s.assets.files["app.css"].plain) {
				t.Errorf("%s: the body does not unpack to the file (%v)", c.name, err)
			}
		}
	}
	if _, err := s.assets.address("app.csss"); err == nil {
		t.Error("an unknown asset in a template is not refused")
	}
}
