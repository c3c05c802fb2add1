// Package letters makes and sends the team's letters: their words, their
// checks, their bytes and their way to the mail host.
//
// Compose turns a kind, a variant and facts into Words, or names every fact
// that is missing; it never invents one and never leaves a gap. Check says
// where the words break a rule for letters. Render turns words and addresses
// into the complete mail, once: seven-bit, and the same bytes for the same
// input, so that what a person approved by its hash is what goes. Sender
// hands exactly these bytes to the mail host and says which of five things
// happened; where nobody can know, it says Unknown and does not guess.
//
// The package keeps no state, reads no clock and knows no case: who may be
// written to is decided in workflow, and when in jobs. It never logs; the
// mail host's own words are returned for staff to read.
package letters
