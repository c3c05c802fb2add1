package message

import (
	"regexp"
	"slices"
	"strings"
)

// statusReports reads all message/delivery-status parts (RFC 3464).
func (m *Message) statusReports() []Delivery {
	var all []Delivery
	for _, p := range m.Parts {
		if p.Type == "message/delivery-status" || p.Type == "message/global-delivery-status" {
			all = append(all, deliveries(p.Text)...)
		}
	}
	return all
}

// deliveries reads the groups of fields of a delivery status: the first speaks
// of the message, each other of one recipient.
func deliveries(text string) []Delivery {
	var all []Delivery
	for _, group := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if d, ok := delivery(reportFields(group)); ok {
			all = append(all, d)
		}
	}
	return all
}

// reportFields takes every line that is no field for a part of the one above:
// hosts put the words of others into these reports without folding them.
func reportFields(group string) []rawField {
	var fields []rawField
	for line := range strings.Lines(group) {
		name, value, ok := splitField([]byte(line))
		switch n := len(fields); {
		case ok && !('0' <= name[0] && name[0] <= '9'):
			fields = append(fields, rawField{name, value})
		case n > 0:
			fields[n-1].value = append(slices.Clip(fields[n-1].value), " "+strings.TrimSpace(line)...)
		}
	}
	return fields
}

// fillBounces adds what the words say to what the fields leave open.
func (m *Message) fillBounces(reports []Delivery) []Delivery {
	if len(reports) == 0 {
		return m.textBounces()
	}
	var words []Delivery
	for i := range reports {
		d := &reports[i]
		if d.Recipient != "" && d.Status != "" && !vague(d.Status) {
			continue
		}
		if words == nil {
			words = m.textBounces()
		}
		for _, w := range words {
			if d.Recipient == "" {
				d.Recipient = w.Recipient
			}
			if w.Recipient == d.Recipient && w.Status != "" && (d.Status == "" || !vague(w.Status)) {
				d.Status = w.Status
			}
			if w.Recipient == d.Recipient && d.Text == "" {
				d.Text = w.Text
			}
		}
	}
	return reports
}

// delivery prefers the recipient that we wrote to over the one it was handed
// on to: the letter knows the first.
func delivery(fields []rawField) (Delivery, bool) {
	get := func(name string) string {
		for _, f := range fields {
			if equalFold(f.name, name) {
				return decodeWords(strings.TrimSpace(string(f.value)))
			}
		}
		return ""
	}
	d := Delivery{
		Action: firstWord(get("Action")),
		Status: firstStatus(get("Status")),
		Text:   shorten(typed(get("Diagnostic-Code"))),
	}
	for _, name := range []string{"Original-Recipient", "Final-Recipient", "X-Actual-Recipient"} {
		if addr := addressIn(typed(get(name))); addr != "" {
			d.Recipient = addr
			break
		}
	}
	if said := firstStatus(d.Text); said != "" && (d.Status == "" || !vague(said)) {
		d.Status = said // the host that refused it knows better than the one that reports
	}
	return d, d.Recipient != "" || d.Action != ""
}

// vague statuses say only that it failed.
func vague(status string) bool { return strings.HasSuffix(status, ".0.0") }

// typed is a value after its type: "rfc822; a@b" (RFC 3464 2.1.2).
func typed(v string) string {
	if _, after, ok := strings.Cut(v, ";"); ok {
		return strings.TrimSpace(after)
	}
	return v
}

var statusCode = regexp.MustCompile(`(?:^|[^\d.])([245]\.\d{1,2}\.\d{1,3})(?:$|[^\d.]|\.(?:\D|$))`)

// afterReply is a status in the words of a host, behind its reply code.
var afterReply = regexp.MustCompile(`\b[245]\d\d[-\s#('"]+([245]\.\d{1,2}\.\d{1,3})\b`)

func firstStatus(s string) string {
	if found := afterReply.FindStringSubmatch(s); found != nil {
		return found[1]
	}
	if found := statusCode.FindStringSubmatch(s); found != nil {
		return found[1]
	}
	return ""
}

func addressIn(s string) string {
	return strings.ToLower(strings.Trim(addrSpec.FindString(s), "'`="))
}

const maxReason = 500

func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= maxReason {
		return s
	}
	return strings.ToValidUTF8(s[:maxReason], "") + "…"
}

var (
	bounceSubject = regexp.MustCompile(`(?i)(undeliver(ed|able)|delivery (status notification|failure|failed|has failed|problem|error|report|delayed|notification)|(mail|message) (delivery|could not be delivered|not delivered|status|system error|undeliverable|delayed)|returned (mail|message|to sender)|return(ing)? (mail|message) to sender|failure (notice|notification)|non[- ]?(deliver(y|able)|remise)|could not (be delivered|send)|nondeliverable|mail (failure|failed|error|returned)|unable to deliver|delivery to .* (failed|delayed)|warning: (could not send|message)|message you sent (was )?blocked|unzustellbar|nicht zustellbar|non recapitabile|rejected (mail|message|posting)|invalid (address|recipient)|user unknown|ndn:|dsn:|mailer-daemon|bounced?\b|postmaster notify|配信)`)
	bounceText    = regexp.MustCompile(`(?i)(could ?n[o']t be delivered|(was|were) (not delivered|undeliverable|unable to (be )?deliver)|unable to deliver|wasn't able to deliver|delivery (to the following recipients?|of (your|the) (message|mail|email)|has) (has |have )?(failed|been delayed|not)|delivery (attempt )?failed|failed (permanently|recipients?)|permanent (fatal )?error|returned to (you|sender)|address(es)?\s*(\(es\))? (failed|had|was not found)|recipient address rejected|user (unknown|not (found|known)|does ?n[o']t exist)|unknown (user|address|recipient|local part)|no such (user|mailbox|address)|mailbox (is )?(full|unavailable|disabled|not found)|over quota|did not reach the following|could not be reached|undeliverable|not deliverable|cannot be delivered|can't be delivered|problem delivering|delivery problems|automatically rejected|error (occurred )?(while )?(sending|delivering)|host (unknown|not found)|delivery is delayed|has not (yet )?been delivered|message (was )?(rejected|blocked|refused|bounced)|\b5\d\d[ -]5\.\d\.\d|\b55\d\b.{0,80}(@|user|mailbox|relay))`)
	daemon        = regexp.MustCompile(`(?i)(mailer-?daemon|mail ?daemon|postmaster|mail delivery (sub)?system|mail ?delivery|mail administrator|^daemon|maildaemon|mail-?system|system administrator|delivery subsystem|autoresponder|exchange|mdaemon|smtp-?server|majordomo|listserv|mta@)`)
)

// isTextBounce finds the reports in plain words. One sign is never enough: a
// mother may write "my mail was returned", and postmasters write letters.
func (m *Message) isTextBounce(made *Made) (Origin, string) {
	if m.Get("X-Failed-Recipients") != "" {
		return Bounce, "X-Failed-Recipients"
	}
	signs := 0
	var why []string
	sign := func(found bool, name string, weight int) {
		if found {
			signs += weight
			why = append(why, name)
		}
	}
	nobody := m.ReturnPath != nil && m.ReturnPath.Addr == ""
	sender := m.Get("From")
	sign(nobody, "empty Return-Path", 1)
	sign(daemon.MatchString(sender) || strings.TrimSpace(sender) == "<>", "written by a mail system", 1)
	sign(bounceSubject.MatchString(m.Subject), "subject", 1)
	sign(strings.Contains(strings.ToLower(m.Get("Content-Type")), "delivery-status"), "report type", 2)
	if signs == 0 {
		return "", ""
	}
	text := m.reportText()
	sign(bounceText.MatchString(text), "words of a delivery report", 1)
	sign(m.bringsBack(text), "brings a mail back", 1)
	sign(startsWithFailure.MatchString(strings.TrimSpace(text)), "begins as a delivery report", 1)
	if signs < 3 || len(m.InReplyTo) > 0 && signs < 4 {
		return "", ""
	}
	return Bounce, strings.Join(why, ", ")
}

// startsWithFailure is how a machine begins; people begin with a greeting.
var startsWithFailure = regexp.MustCompile(`(?i)^(your|the|a) (message|mail|e-?mail)[^.?!]{0,200}(could not be delivered to the following|was not delivered to|has encountered delivery problems)`)

// bringsBack says that the mail carries another mail or its header.
func (m *Message) bringsBack(text string) bool {
	for _, p := range m.Parts {
		if p.Mail != nil || p.Type == "text/rfc822-headers" {
			return true
		}
	}
	return originalStart.MatchString(text)
}

// reportText is what the mail system itself says: every text that is no file
// and not the mail brought back.
func (m *Message) reportText() string {
	var out strings.Builder
	for _, p := range m.Parts {
		if p.Role == Body || p.Role == Alternative && out.Len() == 0 || p.Role == Attached && p.Type == "text/plain" {
			out.WriteString(p.Text)
			out.WriteByte('\n')
		}
	}
	return out.String()
}

var originalStart = regexp.MustCompile(`(?im)^[ \t>|-]*(` +
	`-+ ?(below this line|this is a copy|original message|returned message|unsent message|message (header|text|copy)|the (header|body)|undelivered message|copy of|start of|forwarded|message body|begin).*` +
	`|(your )?original (message|mail|header).*(follow|below|:|is attached).*` +
	`|message headers? follow.*|(the )?(first|original) .{0,40}(lines|bytes) of (the|your) .*` +
	`|return-path: ?<.*|received: (from|by|\().*|-{3,} ?(original|unsent|header).*` +
	`)$`)

// textBounces finds recipients in free text: first where such reports name
// them, then anywhere, then in the mail brought back.
func (m *Message) textBounces() []Delivery {
	text := m.reportText()
	report := text
	if cut := originalStart.FindStringIndex(text); cut != nil && cut[0] > 0 {
		report = text[:cut[0]]
	}
	if inner := m.innerBounces(); inner != nil {
		return inner
	}
	found := m.pickRecipients(m.failedRecipients(), ledByAddress(report), besideReason(report), m.originalRecipients(text))
	all := make([]Delivery, 0, len(found))
	for _, addr := range found {
		d := Delivery{Recipient: addr, Action: m.textAction(report)}
		d.Status, d.Text = reasonFor(report, addr)
		all = append(all, d)
	}
	if len(all) == 0 {
		if status := firstStatus(report); status != "" {
			all = append(all, Delivery{Action: m.textAction(report), Status: status, Text: shorten(report)})
		}
	}
	return all
}

// innerBounces are those of a report that a filter wrapped in another.
func (m *Message) innerBounces() []Delivery {
	for _, p := range m.Parts {
		if p.Mail != nil {
			if made := p.Mail.Made(nil); made.Origin == Bounce && len(made.Bounces) > 0 {
				return made.Bounces
			}
		}
	}
	return nil
}

var delayed = regexp.MustCompile(`(?i)(delivery (is|has been) delayed|delayed (mail|delivery|message)|not (yet )?been delivered|you do not need to resend|will (continue|keep) (trying|to)|warning message only|transient)`)

func (m *Message) textAction(report string) string {
	if delayed.MatchString(m.Subject) || delayed.MatchString(report) {
		return "delayed"
	}
	return "failed"
}

func (m *Message) failedRecipients() []string {
	var found []string
	for _, f := range m.Header {
		if equalFold(f.Name, "X-Failed-Recipients") {
			for _, a := range addrSpec.FindAllString(f.Value, -1) {
				found = appendNew(found, strings.ToLower(a))
			}
		}
	}
	return found
}

func appendNew(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

var addressLine = regexp.MustCompile(`^[\s>*•·-]*(?:(?i:to|recipient|failed recipient|address|e-?mail|final-recipient|original-recipient)\s*:\s*)?(?:(?i:rfc822)\s*;\s*)?(?:[^<>@]{0,60}<)?["'<(]*([^\s<>"'(),;:]+@[^\s<>"'(),;:]+?)[>"')]*[.,:;]*(?:\s.*)?$`)

// bracketAddress is an address that stands in brackets behind its name, which may look like one too.
var bracketAddress = regexp.MustCompile(`^\s*[^<>\s]+@[^<>\s]+\s+<([^<>\s]+@[^<>\s]+)>`)

// ledByAddress takes the lines that begin with an address.
func ledByAddress(report string) []string {
	var found []string
	for line := range strings.Lines(report) {
		if m := bracketAddress.FindStringSubmatch(line); m != nil {
			found = appendNew(found, addressIn(m[1]))
		} else if m := addressLine.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
			found = appendNew(found, addressIn(m[1]))
		}
	}
	return found
}

var reasonLine = regexp.MustCompile(`(?i)(\b[45]\d\d\b|\b[45]\.\d{1,2}\.\d{1,3}\b|rcpt to|deliver|unknown|reject|fail|not found|no such|full|unable|could ?n[o']t|recipient|user)`)

// besideReason takes addresses from the lines that also say why.
func besideReason(report string) []string {
	var found []string
	for line := range strings.Lines(report) {
		if reasonLine.MatchString(line) {
			for _, a := range addrSpec.FindAllString(line, 20) {
				found = appendNew(found, strings.ToLower(a))
			}
		}
	}
	return found
}

// pickRecipients takes the first list that names somebody besides those to and
// by whom the report was sent, else the first that names anybody.
func (m *Message) pickRecipients(lists ...[]string) []string {
	for _, list := range lists {
		others := slices.DeleteFunc(slices.Clone(list), func(a string) bool {
			is := func(o Address) bool { return o.Addr == a }
			return machineMailbox.MatchString(a) || slices.ContainsFunc(m.To, is) || slices.ContainsFunc(m.From, is)
		})
		if len(others) > 0 {
			return others
		}
	}
	for _, list := range lists {
		if list = slices.DeleteFunc(list, machineMailbox.MatchString); len(list) > 0 {
			return list
		}
	}
	return nil
}

var originalTo = regexp.MustCompile(`(?im)^[>\s]*to:\s*(.*)$`)

// originalRecipients looks at whom the returned mail was for.
func (m *Message) originalRecipients(text string) []string {
	var found []string
	add := func(list []Address) {
		for _, a := range list {
			found = appendNew(found, a.Addr)
		}
	}
	for _, p := range m.Parts {
		if p.Mail != nil {
			add(p.Mail.To)
		} else if p.Type == "text/rfc822-headers" {
			add(parseAddresses(fieldOf(p.Text, "To")))
		}
	}
	if len(found) == 0 {
		if to := originalTo.FindStringSubmatch(text); to != nil {
			add(parseAddresses(to[1]))
		}
	}
	return found
}

// reasonFor is the status and the words that stand from a recipient to the
// next blank line but one, or, failing that, anywhere in the report.
func reasonFor(report, addr string) (status, text string) {
	if i := strings.Index(strings.ToLower(report), addr); i >= 0 {
		start := strings.LastIndexByte(report[:i], '\n') + 1
		near := report[start:min(len(report), i+1500)]
		text = shorten(near)
		if status = firstStatus(near); status != "" {
			return status, text
		}
	}
	return firstStatus(report), text
}
