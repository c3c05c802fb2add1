package message

import "testing"

// TestVerdict puts true and forged results in all positions.
func TestVerdict(t *testing.T) {
	t.Parallel()
	const us = "mx.register.example"
	from := "From: Jane <jane@trust.example>"
	own := "Received: from mail.trust.example by mx.register.example; Mon, 23 Nov 2026 10:00:00 +0000"
	other := "Received: from laptop by mail.trust.example; Mon, 23 Nov 2026 09:59:00 +0000"
	pass := "Authentication-Results: mx.register.example; dmarc=pass header.from=trust.example; spf=pass smtp.mailfrom=trust.example"
	tests := []struct {
		name   string
		host   string
		header []string
		want   AuthVerdict
	}{
		{"above our Received", us, []string{pass, own, other, from}, AuthPass},
		{"below our Received, where filters put it", us, []string{own, pass, other, from}, AuthPass},
		{"our inner hop above", us, []string{"Received: from mx.register.example by store.register.example; x", pass, own, other, from}, AuthPass},
		{"no Received at all", us, []string{pass, from}, AuthPass},
		{"host in capitals", us, []string{"Authentication-Results: MX.Register.Example 1; dmarc=pass", own, from}, AuthPass},
		{"brought along below another host", us, []string{own, other, pass, from}, AuthNone},
		{"another host's", us, []string{"Authentication-Results: mail.trust.example; dmarc=pass", own, from}, AuthNone},
		{"a host that begins like ours", us, []string{"Authentication-Results: mx.register.example.evil.example; dmarc=pass", own, from}, AuthNone},
		{"our fail above a forged pass", us, []string{"Authentication-Results: mx.register.example; dmarc=fail", pass, own, from}, AuthFail},
		{"no host set", "", []string{pass, own, from}, AuthNone},
		{"dmarc fails", us, []string{"Authentication-Results: mx.register.example; spf=pass smtp.mailfrom=evil.example; dmarc=fail header.from=trust.example", own, from}, AuthFail},
		{"spf passes for another domain", us, []string{"Authentication-Results: mx.register.example; spf=pass smtp.mailfrom=evil.example", own, from}, AuthNone},
		{"spf passes for this domain", us, []string{"Authentication-Results: mx.register.example; spf=pass smtp.mailfrom=bounce@trust.example", own, from}, AuthPass},
		{"spf fails, nothing signed", us, []string{"Authentication-Results: mx.register.example; spf=fail smtp.mailfrom=trust.example; dkim=none", own, from}, AuthFail},
		{"soft fail", us, []string{"Authentication-Results: mx.register.example; spf=softfail smtp.mailfrom=trust.example", own, from}, AuthNone},
		{"dkim of this domain beside a broken one", us, []string{"Authentication-Results: mx.register.example; dkim=fail header.d=list.example; dkim=pass (2048-bit; unprotected) header.d=trust.example", own, from}, AuthPass},
		{"dkim of a public suffix's worth", us, []string{"Authentication-Results: mx.register.example; dkim=pass header.d=example", own, from}, AuthNone},
		{"two authors", us, []string{"Authentication-Results: mx.register.example; dkim=pass header.d=trust.example", own, "From: jane@trust.example, bob@evil.example"}, AuthNone},
		{"words in a comment", us, []string{"Authentication-Results: mx.register.example; spf=none (dmarc=pass; dkim=pass header.d=trust.example)", own, from}, AuthNone},
		{"nothing checked", us, []string{"Authentication-Results: mx.register.example; none", own, from}, AuthNone},
		{"Exchange Online", "protection.outlook.com", []string{"Received: from A.prod.outlook.com by B.prod.outlook.com; x", "Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=trust.example; dkim=pass header.d=trust.example;dmarc=pass action=none header.from=trust.example;compauth=pass reason=100", "Received: from mail.trust.example by C.mail.protection.outlook.com; x", from}, AuthPass},
		{"Exchange Online, forged below", "protection.outlook.com", []string{"Received: from mail.trust.example by C.mail.protection.outlook.com; x", other, "Authentication-Results: spf=pass smtp.mailfrom=trust.example;dmarc=pass", from}, AuthNone},
		{"Exchange's form is not ours", us, []string{"Authentication-Results: spf=pass smtp.mailfrom=trust.example;dmarc=pass", own, from}, AuthNone},
		{"composite failed", "outlook.com", []string{"Authentication-Results: spf=none smtp.mailfrom=trust.example;dkim=none;dmarc=none;compauth=fail reason=001", from}, AuthFail},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := Read(wire(append(tt.header, "", "words")...), Limits{})
			got, detail := Verdict(m, tt.host)
			if got != tt.want {
				t.Errorf("got %s (%s), want %s", got, detail, tt.want)
			}
			if detail == "" {
				t.Error("got no detail")
			}
		})
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	base := []string{"Message-ID: <1@x.example>", "Date: Mon, 23 Nov 2026 10:00:00 +0000", "From: mum@example.org", "", "my boy"}
	of := func(lines ...string) [32]byte { return Fingerprint(Read(wire(lines...), Limits{})) }
	first := of(base...)
	if of(append([]string{"Received: by another.host", "X-Spam: no"}, base...)...) != first {
		t.Error("what hosts add changed the fingerprint")
	}
	same := append(base[:3:3], "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", "bXkgYm95DQo=")
	if of(same...) != first {
		t.Error("another transfer encoding changed the fingerprint")
	}
	for i, line := range []string{"Message-ID: <2@x.example>", "Date: Mon, 23 Nov 2026 10:00:01 +0000", "From: other@example.org", "", "my girl"} {
		if line == "" {
			continue
		}
		changed := append([]string(nil), base...)
		changed[i] = line
		if of(changed...) == first {
			t.Errorf("%q did not change the fingerprint", line)
		}
	}
}

func TestHeaderText(t *testing.T) {
	t.Parallel()
	m := Read(wire("Subject: =?utf-8?q?caf=C3=A9?=\r\n two", "From: Mum <mum@example.org>", "Date: Mon, 23 Nov 2026 10:00:00 +0000", "", "x"), Limits{})
	if got, want := HeaderText(m), "From: Mum <mum@example.org>\nSubject: café two\nDate: Mon, 23 Nov 2026 10:00:00 +0000\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
