package reading

import "testing"

// BenchmarkMailWithoutDocuments reads mails that hold no files; 1 ms a mail is
// the most that a thousand a second allow.
func BenchmarkMailWithoutDocuments(b *testing.B) {
	var plain []mailOf
	for _, m := range append(loadMails(b, "referrals"), loadMails(b, "voices")...) {
		if len(filesOf(m.msg)) == 0 {
			plain = append(plain, m)
		}
	}
	b.ResetTimer()
	for i := range b.N {
		Read(Input{Message: plain[i%len(plain)].msg, Own: []string{"essex.dsr@essex.gov.uk"}})
	}
}
