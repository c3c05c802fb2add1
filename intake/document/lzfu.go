package document

// inflateRTF unpacks the compressed RTF of Outlook ([MS-OXRTFCP]); what is
// damaged ends early.
func inflateRTF(b little) []byte {
	const lzfu, plain = 0x75465A4C, 0x414C454D
	size := min(b.u32(4), 8<<20)
	if len(b) < 16 {
		return nil
	}
	if b.u32(8) == plain {
		return b[16:min(len(b), 16+size)]
	}
	if b.u32(8) != lzfu {
		return nil
	}
	dict := make([]byte, 4096)
	at := copy(dict, rtfDictionary)
	out := make([]byte, 0, min(size, 64<<10))
	put := func(c byte) {
		out = append(out, c)
		dict[at] = c
		at = (at + 1) % len(dict)
	}
	for i := 16; i < len(b) && len(out) < size; {
		flags := b.u8(i)
		i++
		for bit := 0; bit < 8 && i < len(b) && len(out) < size; bit++ {
			if flags>>bit&1 == 0 {
				put(b[i])
				i++
				continue
			}
			ref := b.u8(i)<<8 | b.u8(i+1)
			i += 2
			from, n := ref>>4, ref&15+2
			if from == at {
				return out
			}
			for range n {
				put(dict[from])
				from = (from + 1) % len(dict)
			}
		}
	}
	return out
}

// rtfDictionary is what the window holds at the start, by the specification.
const rtfDictionary = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
