package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/intake"
	"github.com/essex-dsr/dsr/intake/mailbox"
	"github.com/essex-dsr/dsr/intake/mailbox/mailboxtest"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/store/storetest"
)

// TestAMailboxIsReadWithTokens reads a real mail server by XOAUTH2, with tokens
// of a sign-in service that numbers them: the mail server believes the newest.
func TestAMailboxIsReadWithTokens(t *testing.T) {
	t.Parallel()
	var given, believed atomic.Int64
	var down atomic.Bool
	signIn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if id == "" {
			id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
		}
		w.Header().Set("Content-Type", "application/json")
		if down.Load() || id != "dsr" || secret != "hush" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "mail/.default" {
			w.WriteHeader(http.StatusUnauthorized)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_client"})
			return
		}
		n := given.Add(1)
		believed.Store(n)
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": fmt.Sprint("token-", n), "token_type": "Bearer", "expires_in": 3600})
	}))
	t.Cleanup(signIn.Close)
	d := mailboxtest.NewDovecot(t)
	who := func(token string) string {
		if token == fmt.Sprint("token-", believed.Load()) {
			return "dsr"
		}
		return ""
	}
	d.Token.Store(&who)
	source := newTokens(Config{OAuthTokenURL: signIn.URL, OAuthClientID: "dsr", OAuthClientSecret: "hush", OAuthScope: "mail/.default"})
	keys, err := store.ParseKeys([]string{store.NewKey()})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Connect(t.Context(), storetest.DB(t), keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p := &intake.Poller{Store: db, Start: intake.Start{All: true}, Every: time.Minute, Clock: time.Now, Log: slog.New(slog.DiscardHandler), Name: "test",
		Account: mailbox.Account{Name: "essex", User: "dsr", Token: source.Instead, Host: d.Host, Port: d.TLSPort, RootCAs: d.CAs, Folders: []string{"INBOX"}}}
	look := func(what string, mails int, tokens int64) {
		t.Helper()
		d.Deliver(t, "dsr", "INBOX", fmt.Appendf(nil, "From: karen@example.org\r\nSubject: %s\r\n\r\nhelp\r\n", what))
		if err := p.Once(t.Context()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		_, n, err := db.Messages(t.Context(), store.MessageList{Limit: 1})
		if err != nil || n != mails || given.Load() != tokens {
			t.Errorf("%s: %d mails, %d tokens, %v; want %d and %d", what, n, given.Load(), err, mails, tokens)
		}
	}
	look("a first token", 1, 1)
	look("the same token", 2, 1)
	believed.Store(0)
	look("withdrawn, and one retry with another", 3, 2)
	source.now = func() time.Time { return time.Now().Add(56 * time.Minute) }
	look("renewed ahead of its end", 4, 3)
	down.Store(true)
	believed.Store(0)
	err = p.Once(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no access token") || strings.Contains(err.Error(), "hush") {
		t.Errorf("no sign-in service: %v; want that said, and no secret", err)
	}
	down.Store(false)
	look("once it is back", 5, 4)
}
