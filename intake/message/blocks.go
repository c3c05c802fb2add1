package message

import (
	"regexp"
	"strings"
)

// block is the beginning of a mail inside a text: its header lines, or the
// line "On … wrote:".
type block struct {
	kind  SegmentKind
	from  Address
	end   int // the first line after the block
	depth int // of the content below
}

// maxBlock is how many lines a block of header lines may have: recipients of
// long lists are folded over several.
const maxBlock = 30

// verbs end an attribution.
const verbs = `wrote|writes|said|a écrit|schrieb|escribió|ha scritto|escreveu|schreef|het volgende geschreven|skrev|napisał(?:\(a\)|a|o)?|pisze|a scris|napsal\(?a?\)?|napísal\(?a?\)?|kirjoitti|írta|yazdı|napisao|написала?|пише|писал\(?а?\)?|写道`

var (
	marker = regexp.MustCompile(`(?i)^[\s_-]*(begin forwarded message|(start of )?forwarded (message|mail|e-?mail)|original (message|mail|appointment)|forwarded by .{1,80}|` +
		`weitergeleitete nachricht|anfang der weitergeleiteten (nachricht|e-?mail)|ursprüngliche nachricht|message (transféré|transmis|réexpédié|d'origine)|début du message (transféré|réexpédié)|` +
		`mensaje reenviado|mensaje original|inicio del mensaje reenviado|messaggio (inoltrato|originale)|inizio messaggio inoltrato|mensagem (encaminhada|original)|` +
		`doorgestuurd bericht|oorspronkelijk bericht|wiadomość (przekazana|oryginalna)|(treść|początek) przekazanej wiadomości|przekazana wiadomość|mesaj (redirecționat|original)|` +
		`vidarebefordrat (meddelande|brev)|videresend(t|te) (melding|meddelelse|besked)|välitetty viesti|přeposlaná zpráva|začátek přeposílané zprávy|původní zpráva|preposlaná správa|` +
		`továbbított (levél|üzenet)|(započni )?proslijeđen[au] poruk[au]|izvorna poruka|oprindelig (besked|meddelelse)|opprinnelig melding|ursprungligt meddelande|alkuperäinen viesti|начало переадресованного сообщения|iletilmiş ileti|пересланное сообщение|переслане повідомлення|转发的邮件)[\s:]*[_-]*$`)
	rule = regexp.MustCompile(`^[_=-]{5,}$`)

	wroteLine = regexp.MustCompile(`(?i)(^|[\s>)\]"'])(` + verbs + `)( följande| følgende)?\s*[:：]?$`)
	wroteAddr = regexp.MustCompile(`(?i)@[^\s@<>]+[>\])]?( följande| følgende)?\s*[:：]$`)
	wroteSign = regexp.MustCompile(`@|\d{1,2}[:.h]\d{2}|\b(19|20)\d\d\b`)
	wroteDate = regexp.MustCompile(`\d{1,2}[:.h]\d{2}|\b(19|20)\d\d\b`)
	wroteHead = regexp.MustCompile(`(?i)^(on|le|am|el|il|op|em|den|w dniu|dnia|în|pe|dne|ma|a|u|[^:]{2,100}<[^>]+>|(mon|tues|wednes|thurs|fri|satur|sun)day)([\s,]|$)|^\d|^\p{Cyrillic}|^\S+.{0,80}<[^<>]+@[^<>]+>`)
	dashed    = regexp.MustCompile(`^[-_]{2,}\s*[^-_]{3,60}\s*[-_]{2,}$`)
	inOneLine = regexp.MustCompile(`^-{3,}\s*[^-:]{3,60}\s*-{3,}\s*([\p{L}\s]{1,14}?)\s*[:：]\s*(\S.*)$`)
)

// label is a name of a header field in a quoted block, in the languages of the
// mail programs met here.
func label(name string) string {
	switch strings.ToLower(strings.Trim(name, " \t*_\u00A0")) {
	case "from", "von", "de", "de la", "od", "nadawca", "saatja", "šalje", "от кого", "från:", "dari", "da", "van", "från", "fra", "lähettäjä", "desde", "от", "від", "kimden", "feladó", "expeditor", "expéditeur", "mittente", "afzender", "发件人", "差出人":
		return "from"
	case "to", "an", "saaja", "adresat", "către:", "à", "a", "para", "do", "aan", "till", "til", "vastaanottaja", "komu", "pro", "către", "catre", "кому", "címzett", "kime", "prima", "za", "pour", "destinataire", "收件人", "宛先":
		return "to"
	case "cc", "copy", "kopie", "kopia", "kopi", "kopio", "dw", "másolat", "copie à", "копия", "копія", "bilgi", "抄送", "bcc":
		return "cc"
	case "sent", "date", "gesendet", "datum", "envoyé", "envoyé le", "enviado", "enviado el", "fecha", "inviato", "data", "verzonden", "skickat", "sendt", "dato", "lähetetty", "päivämäärä", "päiväys", "wysłano", "wysłane", "trimis", "odesláno", "odoslané", "dátum", "дата", "отправлено", "надіслано", "tarih", "gönderilen", "gönderildi", "elküldve", "küldve", "poslano", "发送时间", "日期", "日付", "date/time", "received", "datum/uhrzeit", "kuupäev":
		return "date"
	case "subject", "betreff", "objet", "asunto", "oggetto", "assunto", "onderwerp", "ämne", "emne", "aihe", "temat", "subiect", "předmět", "predmet", "тема", "konu", "tárgy", "主题", "件名", "naslov", "teema":
		return "subject"
	case "reply-to", "importance", "attachments", "priority", "organisation", "organization", "responder a", "antwort an", "répondre à", "svar til", "category", "sensitivity", "when", "where", "message-id", "resent-from", "attachment":
		return "other"
	}
	return ""
}

// findBlock looks for a block that begins at line i.
func findBlock(lines []textLine, i int) (block, bool) {
	l := lines[i]
	if l.blank() {
		return block{}, false
	}
	at, marked := i, len(l.text) < 120 && marker.MatchString(l.text)
	if marked || strings.ContainsRune("_=-", rune(l.text[0])) && (rule.MatchString(l.text) || dashed.MatchString(l.text)) {
		at = skipBlank(lines, i+1)
	}
	if b, ok := oneLineBlock(lines, i); ok {
		return b, true
	}
	if b, ok := headerBlock(lines, at, marked); ok {
		return b, true
	}
	if marked && at < len(lines) {
		return block{kind: Forwarded, end: i + 1, depth: lines[at].depth}, true
	}
	return attribution(lines, i)
}

// oneLineBlock reads the marker and fields that Yahoo puts on one line.
func oneLineBlock(lines []textLine, i int) (block, bool) {
	if !strings.HasPrefix(lines[i].text, "---") {
		return block{}, false
	}
	m := inOneLine.FindStringSubmatch(lines[i].text)
	if m == nil || label(m[1]) != "from" {
		return block{}, false
	}
	author := m[2]
	if end := strings.IndexByte(author, '>'); end >= 0 {
		author = author[:end+1]
	}
	return block{kind: Forwarded, from: authorOf(author), end: i + 1, depth: lines[i].depth}, true
}

func skipBlank(lines []textLine, i int) int {
	for i < len(lines) && lines[i].blank() {
		i++
	}
	return i
}

// headerBlock needs three different fields, From among them, or two below a
// marker: a form has lines with colons too.
func headerBlock(lines []textLine, start int, marked bool) (block, bool) {
	seen := map[string]bool{}
	b := block{kind: Forwarded}
	blanks, i := 0, start
	for ; i < len(lines) && i < start+maxBlock; i++ {
		l := lines[i]
		if l.blank() {
			if blanks++; blanks > 1 && !moreLabels(lines, i) || blanks == 1 && len(seen) > 0 && !moreLabels(lines, i) {
				break
			}
			continue
		}
		name, value, ok := strings.Cut(strings.ReplaceAll(l.text, "：", ":"), ":")
		kind := ""
		if ok {
			kind = label(name)
		}
		if kind == "" {
			if len(seen) == 0 || !foldedValue(l.text) {
				break
			}
			continue
		}
		if seen[kind] && kind == "from" {
			break
		}
		if i == start && kind != "from" && kind != "subject" && kind != "date" && kind != "to" {
			break
		}
		seen[kind] = true
		blanks = 0
		if kind == "from" {
			b.from = authorOf(value)
		}
		b.end = i + 1
	}
	enough := 3
	if marked {
		enough = 2
	}
	if !seen["from"] || len(seen) < enough {
		return block{}, false
	}
	b.depth = lines[min(skipBlank(lines, b.end), len(lines)-1)].depth
	b.depth = max(b.depth, lines[start].depth)
	return b, true
}

// moreLabels looks past blank lines, which HTML puts between the fields.
func moreLabels(lines []textLine, i int) bool {
	i = skipBlank(lines, i)
	if i >= len(lines) {
		return false
	}
	name, _, ok := strings.Cut(lines[i].text, ":")
	return ok && label(name) != "" && label(name) != "from"
}

// foldedValue says that a line goes on with a list of addresses.
func foldedValue(s string) bool {
	return strings.Contains(s, "@") && (strings.Contains(s, ";") || strings.Contains(s, ",") || strings.HasSuffix(s, ">")) && len(s) < 300
}

// attribution reads "On Monday Jane <j@…> wrote:", also when it is wrapped.
func attribution(lines []textLine, i int) (block, bool) {
	joined := ""
	for k := i; k < len(lines) && k < i+4; k++ {
		if lines[k].blank() || lines[k].depth != lines[i].depth {
			break
		}
		joined = strings.TrimSpace(joined + " " + lines[k].text)
		if len(joined) > 400 {
			break
		}
		if !strings.HasSuffix(joined, ":") && !strings.HasSuffix(joined, "：") && !strings.HasSuffix(joined, "--") {
			continue
		}
		joined := strings.Trim(joined, "- ")
		if !isAttribution(joined) {
			continue
		}
		next := skipBlank(lines, k+1)
		if next >= len(lines) {
			return block{}, false
		}
		return block{kind: Quoted, from: writerOf(joined), end: k + 1, depth: max(lines[next].depth, lines[i].depth)}, true
	}
	return block{}, false
}

// isAttribution wants a verb of writing, or the address, at the end, and a date
// or an address besides, so that "my mother wrote:" is none.
func isAttribution(s string) bool {
	if !wroteHead.MatchString(s) {
		return false
	}
	return wroteLine.MatchString(s) && wroteSign.MatchString(s) || wroteAddr.MatchString(s) && wroteDate.MatchString(s)
}

var mailto = regexp.MustCompile(`(?i)\[?<?mailto:([^\]>\s]+)[\]>]?`)

// authorOf reads the value of a From line as mail programs print it.
func authorOf(v string) Address {
	v = strings.TrimSpace(strings.Trim(strings.TrimSpace(v), "*_"))
	if m := mailto.FindStringSubmatch(v); m != nil {
		name, _, _ := strings.Cut(mailto.ReplaceAllString(v, "\x00"), "\x00")
		name, _, _ = strings.Cut(name, "<")
		return newAddress(strings.Trim(name, ` "'<[`), m[1])
	}
	if list := parseAddresses(v); len(list) > 0 {
		return list[0]
	}
	return Address{Name: strings.Trim(v, ` "'<>`)}
}

var writerBefore = regexp.MustCompile(`^(.*?)\s*[<(\[]?(?:mailto:)?([^\s<>()\[\]"]+@[^\s<>()\[\]",:;]+)`)

// writerOf finds the author in an attribution: the words between the last
// comma or time of day and the address, or the verb.
func writerOf(s string) Address {
	s = strings.TrimSpace(wroteLine.ReplaceAllString(s, ""))
	var a Address
	if m := writerBefore.FindStringSubmatch(s); m != nil {
		a.Addr = addressIn(m[2])
		s = m[1]
	}
	s = attributionHead.ReplaceAllString(s, "")
	s = leadingVerb.ReplaceAllString(s, "")
	if i := strings.LastIndex(s, ", "); i >= 0 && !strings.Contains(s[i:], `"`) && strings.ContainsAny(s[:i], "0123456789") {
		s = s[i+2:]
	}
	a.Name = strings.TrimSpace(strings.Trim(strings.TrimSpace(s), `"'<,`))
	if len(a.Name) > 100 || strings.ContainsAny(a.Name, "0123456789") {
		a.Name = ""
	}
	return a
}

// leadingVerb stands before the author in some languages, with a word for "user" or "from".
var leadingVerb = regexp.MustCompile(`(?i)^(.*(^|\s)(` + verbs + `)\s+)?((používateľ|uživatel|użytkownik|пользователь|user|from|von|de)\s+)?`)

// attributionHead is everything up to the time of day.
var attributionHead = regexp.MustCompile(`(?i)^.*\b\d{1,2}[:.h]\d{2}(:\d{2})?(\s*[ap]\.?m\.?)?(\s*(utc|gmt|bst|cet|cest)?\s*\(?([+-]\d{1,4}(:\d{2})?)?\)?)?\s*,?\s*`)
