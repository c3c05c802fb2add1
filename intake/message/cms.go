package message

import "bytes"

// signedContent takes the mail out of an opaque S/MIME signature (RFC 8551
// 3.5.2): a signed mail is readable, though its bytes are wrapped. It checks no
// signature. nil means that data is no signed content, encrypted for one.
func signedContent(data []byte) []byte {
	info, ok := inside(data, 0x30) // ContentInfo
	if !ok {
		return nil
	}
	kind, rest, ok := element(info, 0)
	if !ok || !bytes.Equal(kind.content, oidSignedData()) {
		return nil
	}
	explicit, ok := inside(rest, 0xA0)
	if !ok {
		return nil
	}
	signed, ok := inside(explicit, 0x30) // SignedData: version, digests, content
	if !ok {
		return nil
	}
	for range 2 {
		if _, signed, ok = element(signed, 0); !ok {
			return nil
		}
	}
	encapsulated, ok := inside(signed, 0x30)
	if !ok {
		return nil
	}
	if _, encapsulated, ok = element(encapsulated, 0); !ok {
		return nil
	}
	if explicit, ok = inside(encapsulated, 0xA0); !ok {
		return nil
	}
	octets, _, ok := element(explicit, 0)
	if !ok {
		return nil
	}
	return octets.octets(nil, 0)
}

func oidSignedData() []byte {
	return []byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02} // 1.2.840.113549.1.7.2
}

// maxBER bounds the nesting of what is walked into.
const maxBER = 16

// ber is one element of BER, whose lengths may be left open (X.690 8.1.3.6).
type ber struct {
	tag     byte
	content []byte
}

// inside is the content of the first element, if it has the tag.
func inside(b []byte, tag byte) ([]byte, bool) {
	e, _, ok := element(b, 0)
	return e.content, ok && e.tag == tag
}

// element reads the first element of b and gives what follows it.
func element(b []byte, depth int) (e ber, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x1F == 0x1F || depth > maxBER {
		return ber{}, nil, false
	}
	e.tag = b[0]
	size, b := int(b[1]), b[2:]
	switch {
	case size == 0x80:
		return openElement(e.tag, b, depth)
	case size > 0x80:
		n := size & 0x7F
		if n > 4 || n > len(b) {
			return ber{}, nil, false
		}
		size = 0
		for _, c := range b[:n] {
			size = size<<8 | int(c)
		}
		b = b[n:]
	}
	if size > len(b) {
		size = len(b) // cut off: what is there counts
	}
	e.content = b[:size]
	return e, b[size:], true
}

// openElement reads up to the mark that ends an element of open length.
func openElement(tag byte, b []byte, depth int) (e ber, rest []byte, ok bool) {
	rest = b
	for len(rest) > 0 {
		if len(rest) >= 2 && rest[0] == 0 && rest[1] == 0 {
			return ber{tag, b[:len(b)-len(rest)]}, rest[2:], true
		}
		if _, rest, ok = element(rest, depth+1); !ok {
			return ber{}, nil, false
		}
	}
	return ber{tag, b}, nil, true
}

// octets joins an octet string that comes in pieces.
func (e ber) octets(out []byte, depth int) []byte {
	if e.tag&0x20 == 0 || depth > maxBER {
		return append(out, e.content...)
	}
	rest := e.content
	for len(rest) > 0 {
		piece, after, ok := element(rest, 0)
		if !ok || piece.tag&0x1F != 4 {
			return out
		}
		out = piece.octets(out, depth+1)
		rest = after
	}
	return out
}
