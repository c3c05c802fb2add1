package message

import "time"

// DefaultLimits are wide enough for every mail a family or a ward sends and
// narrow enough that no mail can hold up the others.
func DefaultLimits() Limits {
	return Limits{
		Bytes:   60 << 20,
		Parts:   1000,
		Depth:   20,
		Mails:   5,
		Header:  1 << 20,
		Decoded: 120 << 20,
		Time:    10 * time.Second,
	}
}

// maxHTML bounds what is parsed as a tree, which costs many times its source;
// of longer pages the words are taken as they come.
const maxHTML = 2 << 20

// maxWarnings keeps a mail with a thousand broken parts readable.
const maxWarnings = 50

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	l.Bytes = or(l.Bytes, d.Bytes)
	l.Parts = or(l.Parts, d.Parts)
	l.Depth = or(l.Depth, d.Depth)
	l.Mails = or(l.Mails, d.Mails)
	l.Header = or(l.Header, d.Header)
	l.Decoded = or(l.Decoded, d.Decoded)
	l.Time = or(l.Time, d.Time)
	return l
}

func or[T int | int64 | time.Duration](v, byDefault T) T {
	if v <= 0 {
		return byDefault
	}
	return v
}
