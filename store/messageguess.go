package store

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
)

// Guess is a case that a message may belong to, and why. It is for a person to
// confirm: nothing joins a case by a guess.
type Guess struct {
	Case  workflow.CaseID
	Ref   string
	Name  string
	State workflow.State
	Score int
	Why   []string
}

// guessSigns are what points from a message to a case, strongest first.
func guessSigns() map[string]struct {
	score int
	words string
} {
	return map[string]struct {
		score int
		words string
	}{
		"reference": {60, "the case's reference stands in the mail"},
		"nhs":       {55, "the person's NHS number stands in the mail"},
		"party":     {40, "the sender's address is recorded on the case"},
		"blocked":   {40, "the sender's address is that of somebody who is blocked on the case"},
		"earlier":   {30, "an earlier mail from this address belongs to the case"},
		"name":      {25, "the person's name stands in the mail"},
		"sender":    {10, "the sender has the same name as somebody on the case"},
	}
}

// tenDigits finds what may be an NHS number; the match is against people on the
// record, so a telephone number is found and meets nobody.
var tenDigits = regexp.MustCompile(`\b\d{3}[ .-]?\d{3}[ .-]?\d{4}\b`)

// Guesses lists the cases that a message may belong to, the likeliest first.
func (s *Store) Guesses(ctx context.Context, id workflow.MessageID) ([]Guess, error) {
	k, err := s.kept(ctx, s.db, id)
	if err != nil {
		return nil, err
	}
	var subject string
	if err := s.db.GetContext(ctx, &subject, `SELECT subject FROM messages WHERE id = $1`, id); err != nil {
		return nil, fmt.Errorf("guess the case of message %d: %w", id, err)
	}
	text := subject
	for _, t := range k.Texts {
		text += "\n" + t.Text
	}
	numbers := pq.StringArray{}
	for _, n := range tenDigits.FindAllString(text, 200) {
		numbers = append(numbers, strings.NewReplacer(" ", "", ".", "", "-", "").Replace(n))
	}
	found := map[workflow.CaseID]*Guess{}
	err = each(ctx, s.db, guessQuery, func(r *sqlx.Rows) error {
		var g Guess
		var sign string
		if err := r.Scan(&g.Case, &g.Ref, &g.Name, &g.State, &sign); err != nil {
			return err
		}
		if found[g.Case] == nil {
			found[g.Case] = &g
		}
		is := guessSigns()[sign]
		found[g.Case].Score += is.score
		found[g.Case].Why = append(found[g.Case].Why, is.words)
		return nil
	}, id, pq.StringArray(append([]string{}, workflow.FindRefs(text)...)), numbers)
	if err != nil {
		return nil, fmt.Errorf("guess the case of message %d: %w", id, err)
	}
	return likeliest(found), nil
}

func likeliest(found map[workflow.CaseID]*Guess) []Guess {
	out := []Guess{}
	for _, g := range found {
		if g.State == workflow.Closed {
			g.Score /= 2
		}
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b Guess) int { return cmp.Or(b.Score-a.Score, cmp.Compare(b.Case, a.Case)) })
	return out[:min(len(out), 8)]
}

// guessQuery gives one row for each sign: $1 the message, $2 references and $3
// ten-digit numbers that stand in it. A case that the message belongs to already
// is none to guess.
const guessQuery = `
		WITH named AS (
		    SELECT c.id, c.ref, c.state, p.nhs_number,
		           coalesce(nullif(p.name, ''), (
		               SELECT f.value
		               FROM facts f
		               WHERE f.case_id = c.id AND f.field = 'person.name' AND f.superseded_by IS NULL
		               ORDER BY (f.confirmed_by IS NOT NULL) DESC, f.confidence DESC, f.id DESC
		               LIMIT 1), '') AS name
		    FROM cases c
		    JOIN people p ON p.id = c.person_id
		    WHERE NOT EXISTS (SELECT FROM case_messages x WHERE x.case_id = c.id AND x.message_id = $1)
		), mail AS (
		    SELECT from_addr, from_name, search
		    FROM messages
		    WHERE id = $1
		), signs AS (
		    SELECT n.id, 'reference' AS sign
		    FROM named n
		    WHERE n.ref = any($2)
		    UNION
		    SELECT n.id, 'nhs'
		    FROM named n
		    WHERE n.nhs_number = any($3)
		          OR EXISTS (SELECT FROM facts f WHERE f.case_id = n.id AND f.field = 'person.nhs_number' AND f.value = any($3))
		    UNION
		    SELECT pa.case_id, CASE WHEN pa.blocked THEN 'blocked' ELSE 'party' END
		    FROM parties pa, mail
		    WHERE pa.email <> '' AND lower(pa.email) = lower(mail.from_addr)
		    UNION
		    SELECT x.case_id, 'earlier'
		    FROM case_messages x
		    JOIN messages o ON o.id = x.message_id
		    JOIN mail ON mail.from_addr <> '' AND lower(o.from_addr) = lower(mail.from_addr)
		    WHERE o.id <> $1
		    UNION
		    SELECT n.id, 'name'
		    FROM named n, mail
		    WHERE n.name LIKE '% %' AND mail.search @@ phraseto_tsquery('simple', n.name)
		    UNION
		    SELECT pa.case_id, 'sender'
		    FROM parties pa, mail
		    WHERE mail.from_name LIKE '% %' AND lower(pa.name) = lower(mail.from_name)
		)
		SELECT n.id, n.ref, n.name, n.state, x.sign
		FROM signs x
		JOIN named n ON n.id = x.id
		ORDER BY n.id, x.sign`
