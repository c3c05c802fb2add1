package message

import (
	"regexp"
	"slices"
	"strings"
)

// portals are the words with which a secure mail service says that the mail
// itself waits elsewhere.
var portals = regexp.MustCompile(`(?i)(you('ve| have) received (an?|a new) (e-?mail message secured|encrypted (message|e-?mail)|secure(d)? (message|e-?mail)|protected message)` +
	`|email message secured by (private post|egress)` +
	`|has sent you an? (protected|encrypted|secure(d)?) (message|e-?mail)` +
	`|(read|view|open) (the|your|this) (secure|encrypted|protected) (message|e-?mail)` +
	`|click (here|below|the (link|button)( below)?) to (read|view|open|access) (the|your|this) (secure |encrypted |protected )?(message|e-?mail)` +
	`|to (read|view) (the|your|this) (secure|encrypted|protected) (message|e-?mail)` +
	`|secured by (egress|mimecast|proofpoint|zivver|galaxkey|trend micro|cisco)` +
	`|(this|the) message (is|was) (encrypted|protected) (with|by|using) (egress|microsoft|proofpoint|zivver|galaxkey|mimecast|trend micro|office 365)` +
	`|encrypted by microsoft (365|office 365|purview)` +
	`|(message|email) is waiting for you (on|in|at) (a|the) (secure )?portal` +
	`|switch\.egress\.com|securemail\.|zivver\.com|message\.rpmsg)`)

// portalFiles are attached by services that send the encrypted mail along.
var portalFiles = regexp.MustCompile(`(?i)^(message(_v\d+)?\.rpmsg|message(_v\d+)?\.html?|encrypted_message\.html?|secure(d)?[-_ ]?(message|doc|mail|email).*\.html?|.*\.switch|secure-email\.html?)$`)

// isNotice says that the mail holds nothing itself: its content is encrypted or
// waits behind a portal. A mail with other attachments or many words of its own
// is read as what it is.
func (m *Message) isNotice() (Origin, string) {
	file := false
	for _, p := range m.Parts {
		switch {
		case p.Type == "application/pkcs7-mime" || p.Type == "application/x-pkcs7-mime":
			if !m.opened(p) {
				return Notice, "encrypted (S/MIME)"
			}
		case p.Type == "application/pgp-encrypted":
			return Notice, "encrypted (PGP)"
		case p.Type == "application/x-microsoft-rpmsg-message" || portalFiles.MatchString(p.Name):
			file = true
		case p.Role == Attached || p.Role == AttachedMail:
			return "", ""
		}
	}
	text := m.firstWords(4000)
	if portals.MatchString(text) || file && portals.MatchString(m.Subject+" "+text) {
		return Notice, "secure mail waiting"
	}
	if file && len(strings.Fields(text)) < 120 {
		return Notice, "secure mail attached"
	}
	if pgpText.MatchString(text) {
		return Notice, "encrypted (PGP)"
	}
	return "", ""
}

// opened says that what p wraps was read.
func (m *Message) opened(p Part) bool {
	return slices.ContainsFunc(m.Parts, func(o Part) bool { return strings.HasPrefix(o.Number, p.Number+"/") })
}

var pgpText = regexp.MustCompile(`^\s*-----BEGIN PGP MESSAGE-----`)
