package workflow

import "time"

// ReplyCounts is what the limits of fixed replies look at.
type ReplyCounts struct {
	ToAddress int           // of this kind to this address within 24 hours
	L1Hour    int           // L1 and L14 to anybody within the hour
	L2Hour    int           // L2 to anybody within the hour
	Age       time.Duration // of the mail when it is read
}

// Caps of fixed replies to everybody within an hour. L2 has its own, so that a
// flood of acknowledgements never holds a crisis reply back.
const (
	capL1Hour = 100
	capL2Hour = 200
)

// MayReply says why a fixed reply is withheld, "" where it may go. A crisis
// reply is never held back by a cap of L1, a missing verdict or an earlier
// acknowledgement; one goes to an address in 24 hours, since every further
// crisis mail alerts people.
func (s Settings) MayReply(k LetterKind, c ReplyCounts) string {
	switch {
	case k == L2 && c.ToAddress >= 1:
		return "a crisis reply went to this address within 24 hours"
	case k == L2 && c.L2Hour >= capL2Hour:
		return "too many crisis replies within the hour"
	case k == L2:
		return ""
	case !s.AutomaticL1:
		return "automatic acknowledgements are switched off"
	case c.Age > 24*time.Hour:
		return "the mail was more than 24 hours old when it was read"
	case c.ToAddress >= s.AutomaticPerDay:
		return "this address had as many acknowledgements as a day allows"
	case c.L1Hour >= capL1Hour:
		return "too many acknowledgements within the hour"
	}
	return ""
}
