package message

import (
	"regexp"
	"slices"
	"strings"
)

// Made says who or what made the mail. own are the addresses of the register
// itself. It is sure before it calls anything a machine: a machine's mail opens
// no case, and a family's words that went that way would be lost.
// X-Auto-Response-Suppress is no sign: Exchange sets it on what people write.
func (m *Message) Made(own []string) Made {
	made := Made{Origin: Human}
	m.judgeOrigin(&made)
	m.judgeReply(&made, own)
	made.About = m.about()
	return made
}

// judgeOrigin takes the surest signs first.
func (m *Message) judgeOrigin(made *Made) {
	steps := []func() (Origin, string){
		m.isReport,
		m.isReceipt,
		func() (Origin, string) { return m.isTextBounce(made) },
		m.isAutoReply,
		m.isNotice,
		m.isList,
	}
	made.Bounces = m.statusReports()
	for _, step := range steps {
		if origin, why := step(); why != "" {
			made.Origin = origin
			made.Why = append(made.Why, why)
			break
		}
	}
	if made.Origin != Bounce && made.Origin != Receipt {
		made.Bounces = nil
	}
	if made.Origin == Bounce {
		made.Bounces = m.fillBounces(made.Bounces)
	}
}

// judgeReply finds the senders that must never get an automatic letter
// (RFC 3834 section 2). Precedence (RFC 2076) is the weakest sign: alone it
// stops an acknowledgement, not a letter in a crisis.
func (m *Message) judgeReply(made *Made, own []string) {
	signs := 0
	never := func(why string) {
		signs++
		if !slices.Contains(made.Why, why) {
			made.Why = append(made.Why, why)
		}
	}
	if made.Origin == AutoReply || made.Origin == Bounce || made.Origin == Receipt {
		signs++
	}
	if m.ReturnPath != nil && m.ReturnPath.Addr == "" {
		never("empty Return-Path")
	}
	if v := firstWord(m.Get("Auto-Submitted")); v != "" && v != "no" {
		never("Auto-Submitted: " + v)
	}
	if name := m.listField(); name != "" {
		never(name)
	}
	if m.Get("X-Loop") != "" {
		never("X-Loop")
	}
	for _, a := range slices.Concat(m.From, m.Sender) {
		switch {
		case machineMailbox.MatchString(a.Addr):
			never("written by " + local(a.Addr))
		case slices.ContainsFunc(own, func(o string) bool { return strings.EqualFold(o, a.Addr) }):
			never("written by an address of ours")
		}
	}
	if len(m.From) == 0 && daemonAlone.MatchString(m.Get("From")) {
		never("written by a mail system")
	}
	stronger := signs
	if v := firstWord(m.Get("Precedence")); v == "bulk" || v == "junk" || v == "list" || v == "auto_reply" {
		never("Precedence: " + v)
	}
	made.NeverReply = signs > 0
	made.OnlyAck = signs > 0 && stronger == 0
}

var machineMailbox = regexp.MustCompile(`^(mailer-?daemon|mail-?daemon|postmaster|no-?_?reply|do-?_?not-?_?reply|donotreply|noreply[-+._].*|no-reply[-+._].*|nobody|bounces?)(@|$)`)

// daemonAlone is a mail system that names itself without a domain.
var daemonAlone = regexp.MustCompile(`(?i)(^|[\s<"])(mailer-daemon|postmaster)\b|^\s*<>\s*$`)

func local(addr string) string {
	l, _, _ := strings.Cut(addr, "@")
	return l
}

func firstWord(v string) string {
	v, _, _ = strings.Cut(v, ";")
	if words := strings.Fields(v); len(words) > 0 {
		return strings.ToLower(words[0])
	}
	return ""
}

// listField names a field that only mailing lists and bulk senders set (RFC 2369, RFC 2919).
func (m *Message) listField() string {
	for _, name := range []string{"List-Id", "List-Unsubscribe", "List-Post", "List-Help", "List-Subscribe", "List-Owner", "List-Archive"} {
		if m.Get(name) != "" {
			return name
		}
	}
	return ""
}

func (m *Message) isList() (Origin, string) {
	if name := m.listField(); name != "" {
		return List, name
	}
	if v := firstWord(m.Get("Precedence")); v == "bulk" || v == "junk" || v == "list" {
		return List, "Precedence: " + v
	}
	return "", ""
}

// isReport reads what a multipart/report says it is (RFC 6522).
func (m *Message) isReport() (Origin, string) {
	for _, p := range m.Parts {
		switch p.Type {
		case "message/feedback-report":
			return Receipt, "feedback report"
		case "message/disposition-notification", "message/global-disposition-notification":
			if refused.MatchString(p.Text) && bounceText.MatchString(m.firstWords(4000)) {
				return Bounce, "refused by the recipient's filter" // RFC 5429 2.1.2
			}
			return Receipt, "disposition notification"
		case "message/delivery-status", "message/global-delivery-status":
			return m.statusOrigin(p)
		}
	}
	return "", ""
}

// statusOrigin tells a failure or a delay from the good news that a mail arrived.
func (m *Message) statusOrigin(p Part) (Origin, string) {
	reports := deliveries(p.Text)
	if len(reports) == 0 {
		return Bounce, "delivery status without recipients"
	}
	for _, d := range reports {
		if d.Action != "delivered" && d.Action != "relayed" && d.Action != "expanded" && d.Action != "deliverable" {
			return Bounce, "delivery status notification"
		}
	}
	return Receipt, "delivery status: arrived"
}

var refused = regexp.MustCompile(`(?i)Disposition:\s*automatic-action/MDN-sent-automatically;\s*deleted`)

var (
	readSubject    = regexp.MustCompile(`(?i)^\s*(read|not read|gelesen|lu|leído|read receipt|return receipt|disposition notification|delivered)( \(displayed\))?( -)?\s*:`)
	recallSubject  = regexp.MustCompile(`(?i)^\s*(recall|message recall (report|success|failure)|rückruf)\s*(:|$)`)
	meetingSubject = regexp.MustCompile(`(?i)^\s*(accepted|declined|tentative|tentatively accepted|canceled|cancelled|new time proposed|meeting forward notification)\s*:`)
	calendarAnswer = regexp.MustCompile(`(?im)^METHOD:(REPLY|COUNTER|CANCEL|DECLINECOUNTER)\s*$`)
	recallText     = regexp.MustCompile(`(?i)would like to recall the message|message recall (succeeded|failed)|attempted to recall`)
	readText       = regexp.MustCompile(`(?i)your message\s+(to:?|was sent|has been (read|displayed)|was (read|displayed|deleted))|was read on|return receipt|does not guarantee that the (message|recipient)`)
)

// isReceipt knows read receipts, recalls and answers to invitations that have
// no part of their own to show it. A subject alone is not enough where people
// write such subjects too.
func (m *Message) isReceipt() (Origin, string) {
	for _, p := range m.Parts {
		if p.Type == "text/calendar" && calendarAnswer.MatchString(p.Text) {
			return Receipt, "answer to an invitation"
		}
	}
	text := m.firstWords(1500)
	switch {
	case recallSubject.MatchString(m.Subject) && (recallText.MatchString(text) || strings.TrimSpace(text) == ""):
		return Receipt, "recall notice"
	case readSubject.MatchString(m.Subject) && readText.MatchString(text) && len(text) < 1500:
		return Receipt, "read receipt"
	case meetingSubject.MatchString(m.Subject) && (m.hasMeeting() || strings.TrimSpace(text) == ""):
		return Receipt, "answer to an invitation"
	}
	return "", ""
}

func (m *Message) hasMeeting() bool {
	if strings.Contains(strings.ToLower(m.Get("Content-Class")), "calendarmessage") {
		return true
	}
	return slices.ContainsFunc(m.Parts, func(p Part) bool {
		return p.Type == "text/calendar" || p.Type == "application/ms-tnef" || p.Type == "application/ics"
	})
}

// firstWords is the beginning of what a reader sees.
func (m *Message) firstWords(n int) string {
	var out strings.Builder
	for _, p := range m.Parts {
		if left := n - out.Len(); p.Role == Body && left > 0 {
			out.WriteString(p.Text[:min(len(p.Text), left)])
			out.WriteByte('\n')
		}
	}
	return out.String()
}

var autoSubject = regexp.MustCompile(`(?i)^\s*((re|aw|fwd?)\s*:\s*)?(automatic reply|auto(matic|mated)?[- ]?(reply|response|respons|responder|answer|reply from)|out[- ]of[- ](the[- ])?office|ooo\b|away from (the office|my mail|my desk)|on (annual |maternity )?leave\s*[:-]|vacation (reply|message|notice)|autosvar|automatisch(e antwort|es antwort)|abwesenheits?(notiz|benachrichtigung)?|réponse automatique|respuesta automática|risposta automatica|automatyczna odpowiedź|自動応答)`)

// isAutoReply trusts the header first (RFC 3834 section 5), then the subjects
// that vacation programs write. auto-generated alone is no reply: forms of
// other services come so, and may be referrals.
func (m *Message) isAutoReply() (Origin, string) {
	if v := firstWord(m.Get("Auto-Submitted")); v == "auto-replied" || v == "auto-notified" {
		return AutoReply, "Auto-Submitted: " + v
	}
	for _, name := range []string{"X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply", "X-Autoreply-From", "X-Mail-Autoreply", "X-Auto-Response", "X-Vacation"} {
		if v := firstWord(m.Get(name)); v != "" && v != "no" && v != "false" {
			return AutoReply, name
		}
	}
	if firstWord(m.Get("Precedence")) == "auto_reply" || firstWord(m.Get("X-Precedence")) == "auto_reply" {
		return AutoReply, "Precedence: auto_reply"
	}
	if autoSubject.MatchString(m.Subject) {
		return AutoReply, "subject"
	}
	if strings.EqualFold(strings.TrimSpace(m.Get("Delivered-By")), "vacation") {
		return AutoReply, "Delivered-By"
	}
	return "", ""
}

// about are the mails that this one answers, best first: what it names itself,
// then the mail it brings back.
func (m *Message) about() []string {
	var ids []string
	add := func(id string) {
		if id = strings.Trim(strings.TrimSpace(id), "<>"); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, p := range m.Parts {
		switch {
		case strings.HasSuffix(p.Type, "disposition-notification"):
			add(fieldOf(p.Text, "Original-Message-ID"))
		case p.Mail != nil:
			add(p.Mail.MessageID)
		case p.Type == "text/rfc822-headers" || p.Type == "message/rfc822-headers":
			add(fieldOf(p.Text, "Message-ID"))
		}
	}
	for _, id := range m.InReplyTo {
		add(id)
	}
	for _, id := range slices.Backward(m.References) {
		add(id)
	}
	add(m.Get("X-Original-Message-ID"))
	for _, found := range quotedID.FindAllStringSubmatch(m.firstWords(64<<10), 20) {
		add(found[1])
	}
	return ids
}

var quotedID = regexp.MustCompile(`(?im)^[>\s]*Message-ID:\s*<([^<>\s]+)>`)

// fieldOf finds a field in text that is laid out as a header.
func fieldOf(text, name string) string {
	s := &headerScan{rest: []byte(text)}
	for len(s.rest) > 0 {
		s.fields = nil
		before := len(s.rest)
		s.run(len(text) + 1)
		for _, f := range s.fields {
			if equalFold(f.name, name) {
				return clean(strings.TrimSpace(string(f.value)))
			}
		}
		if len(s.rest) == before {
			break
		}
	}
	return ""
}
