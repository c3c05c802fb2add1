package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// refreshAhead is how long before its end a token is renewed, so that none
// expires between being fetched and being used.
const refreshAhead = 5 * time.Minute

// tokens is the one OAuth token source of the process: mailbox and letters
// share it. It is safe for concurrent use.
type tokens struct {
	fetch func(context.Context) (*oauth2.Token, error)
	now   func() time.Time

	mu  sync.Mutex
	cur *oauth2.Token
}

// newTokens returns nil when the settings have no OAuth. Tokens live by the
// real clock, whatever DSR_CLOCK says.
func newTokens(c Config) *tokens {
	if c.OAuthTokenURL == "" {
		return nil
	}
	flow := clientcredentials.Config{
		ClientID:     c.OAuthClientID,
		ClientSecret: c.OAuthClientSecret,
		TokenURL:     c.OAuthTokenURL,
		Scopes:       strings.Fields(c.OAuthScope),
	}
	client := &http.Client{Timeout: 30 * time.Second}
	return &tokens{
		now: time.Now,
		fetch: func(ctx context.Context) (*oauth2.Token, error) {
			return flow.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
		},
	}
}

// Token returns a token that is good for some minutes yet. When renewing fails
// while the old one still holds, the old one is returned: a short outage of the
// sign-in service must not stop the post.
func (t *tokens) Token(ctx context.Context) (string, error) { return t.Instead(ctx, "") }

// Instead is Token, but never the one that a server has refused, whatever its
// end was said to be.
func (t *tokens) Instead(ctx context.Context, refused string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cur != nil && refused != "" && t.cur.AccessToken == refused {
		t.cur = nil
	}
	if t.holds(refreshAhead) {
		return t.cur.AccessToken, nil
	}
	next, err := t.fetch(ctx)
	if err == nil {
		t.cur = next
		return next.AccessToken, nil
	}
	if t.holds(30 * time.Second) {
		return t.cur.AccessToken, nil
	}
	return "", fmt.Errorf("fetch the OAuth token: %w", err)
}

func (t *tokens) holds(margin time.Duration) bool {
	return t.cur != nil && (t.cur.Expiry.IsZero() || t.now().Add(margin).Before(t.cur.Expiry))
}
