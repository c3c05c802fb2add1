package web

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// live answers a page that asks whether its list has changed: the version now
// and a sentence about the difference. The same version is a 304, which costs
// nothing.
func (s *Server) live(w http.ResponseWriter, r *http.Request, version, text string) error {
	tag := `"` + version + `"`
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return sendJSON(w, struct {
		Version string `json:"version"`
		Text    string `json:"text"`
	}{version, text})
}

// keepSession answers a script that asked for more time. The request itself
// made the session longer, like any other; the answer says how long it is now,
// which near the longest a session may last is not much.
func (s *Server) keepSession(w http.ResponseWriter, r *http.Request) error {
	actor, ok := actorOf(r)
	if !ok {
		return errNotSignedIn
	}
	return sendJSON(w, struct {
		Seconds int `json:"seconds"`
	}{secondsLeft(s.frame(r, actor), s.now())})
}

func sendJSON(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("make JSON: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := w.Write(body); err != nil {
		return fmt.Errorf("send JSON: %w", errGone)
	}
	return nil
}
