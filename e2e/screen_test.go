package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// screen is somebody at their screen. The same story is told through a browser
// and through plain HTTP, which is how the pages work without JavaScript.
// Whatever cannot be done ends the test, with what the page says instead.
type screen interface {
	open(path string)
	follow(link string)
	fill(value string, label ...string) // of a text field
	choose(label ...string)             // of a radio or a checkbox
	pick(option string, label ...string)
	press(button string)
	text() string
	path() string
	links(prefix string) []string // addresses of links that begin so
}

// fillDate types a date into its three fields.
func fillDate(s screen, legend string, d time.Time) {
	s.fill(fmt.Sprint(d.Day()), legend, "Day")
	s.fill(fmt.Sprint(int(d.Month())), legend, "Month")
	s.fill(fmt.Sprint(d.Year()), legend, "Year")
}

// says fails the test unless all of this stands on the page.
func says(t testing.TB, s screen, want ...string) {
	t.Helper()
	text := s.text()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Fatalf("%s does not say %q, but:\n%s", s.path(), w, text)
		}
	}
}

// awaitPage opens a page again and again until it says something.
func awaitPage(t testing.TB, s screen, path, want string) {
	t.Helper()
	var last string
	start := time.Now()
	for time.Since(start) < patience {
		s.open(path)
		if last = s.text(); strings.Contains(last, want) {
			return
		}
		time.Sleep(200 * time.Millisecond) // as somebody presses reload
	}
	t.Fatalf("%s still does not say %q, but:\n%s", path, want, last)
}

// signIn opens the start page and signs in.
func signIn(s screen, email, password string) {
	s.open("/")
	s.fill(email, "Email address")
	s.fill(password, "Password")
	s.press("Sign in")
}

// look checks a page as whoever cannot see it well meets it. Only a browser can.
func look(s screen, name string) {
	if w, ok := s.(*window); ok {
		w.look(name)
	}
}
