package message

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strings"
)

// Fingerprint is the same for two copies of one mail that came by other ways
// or were stored again: it goes by what the author wrote, and not by what
// hosts add. Message-ID alone would let a second mail hide behind a first.
func Fingerprint(m *Message) [32]byte {
	h := sha256.New()
	write(h, m.MessageID)
	write(h, strings.TrimSpace(m.Get("Date")))
	for _, a := range m.From {
		write(h, a.Addr)
	}
	for i := range m.Parts {
		p := &m.Parts[i]
		switch p.Role {
		case Body, Alternative:
			write(h, "text")
			write(h, strings.Join(strings.Fields(p.Text), " "))
		default:
			sum := sha256.Sum256(p.Data)
			write(h, "file")
			h.Write(sum[:])
		}
	}
	var sum [32]byte
	h.Sum(sum[:0])
	return sum
}

// write puts the length first, so that two values cannot pass for one.
func write(h hash.Hash, s string) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(s)))
	h.Write(n[:])
	h.Write([]byte(s))
}
