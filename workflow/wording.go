package workflow

import (
	"strings"
	"time"
)

// Wording is one version of what a letter, or a part that several share, says.
// Versions are only added; the latest that somebody approved is in force.
type Wording struct {
	File       string // of the shipped template that it stands in for
	Version    int
	Source     string
	Note       string // why it was changed
	MadeBy     ActorID
	MadeAt     time.Time
	ReadBy     string // Easy Read: the people with a learning disability who read it
	ReadOn     Date
	ApprovedBy ActorID // 0: a draft
	ApprovedAt time.Time
	AsShipped  bool // nobody of the team wrote it: it is what came with the program
	EasyRead   bool
}

// longestWording bounds what is read as a template.
const longestWording = 20_000

// WriteWording is a new draft of a wording.
func WriteWording(by Actor, at time.Time, w Wording) (Wording, error) {
	switch {
	case !by.Has(Coordinator, Practitioner, Manager):
		return w, notAllowed("Only the team words its letters.")
	case strings.TrimSpace(w.Source) == "":
		return w, invalid("words", "Write the words.")
	case len(w.Source) > longestWording:
		return w, invalid("words", "This is longer than a letter can be.")
	case strings.TrimSpace(w.Note) == "":
		return w, invalid("note", "Say what was changed, and why.")
	}
	w.MadeBy, w.MadeAt, w.ApprovedBy, w.ApprovedAt = by.ID, at, 0, time.Time{}
	return w, nil
}

// ApproveWording puts a wording in force: another person than the one who wrote
// it says so, and Easy Read was first read by people with a learning disability.
func ApproveWording(by Actor, at time.Time, w Wording, readBy string, readOn Date) (Wording, error) {
	switch {
	case !by.Has(Practitioner, Manager):
		return w, notAllowed("Only a practitioner or the manager approves how letters are worded.")
	case w.ApprovedBy != 0:
		return w, conflict("This wording was approved before.")
	case !w.AsShipped && w.MadeBy == by.ID:
		return w, notAllowed("Somebody else must approve the wording that you wrote.")
	}
	if w.EasyRead {
		switch {
		case strings.TrimSpace(readBy) == "":
			return w, invalid("read_by", "Write who read it: people with a learning disability, or their group.")
		case readOn.IsZero() || DateOf(at).Before(readOn):
			return w, invalid("read_on", "Enter the day on which they read it, today or before.")
		}
		w.ReadBy, w.ReadOn = strings.TrimSpace(readBy), readOn
	}
	if w.AsShipped {
		w.MadeBy, w.MadeAt = by.ID, at
	}
	w.ApprovedBy, w.ApprovedAt = by.ID, at
	return w, nil
}

// RestoreWording puts a version that was in force before in force again, as a
// version of its own.
func RestoreWording(by Actor, at time.Time, old Wording, why string) (Wording, error) {
	switch {
	case !by.Has(Practitioner, Manager):
		return old, notAllowed("Only a practitioner or the manager approves how letters are worded.")
	case old.ApprovedBy == 0:
		return old, conflict("This version was never approved.")
	case strings.TrimSpace(why) == "":
		return old, invalid("why", "Say why the older words are better.")
	}
	old.Note, old.MadeBy, old.MadeAt, old.ApprovedBy, old.ApprovedAt = why, by.ID, at, by.ID, at
	return old, nil
}
