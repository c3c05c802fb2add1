package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// mail keeps a mail and ends it as one that waits for a person.
func (w *world) mail(uid uint32, change func(*store.Settlement)) string {
	w.Helper()
	kept, err := w.store.Keep(w.Context(), []store.Incoming{{Folder: store.Folder{Account: "essex", Name: "INBOX", UIDValidity: 7}, UID: uid, InternalDate: monday,
		Raw: fmt.Appendf(nil, `<p>Mail %d</p><script src="https://elsewhere.example/x.js"></script><a href="https://elsewhere.example/">click</a>`, uid)}})
	if err != nil {
		w.Fatal(err)
	}
	x := store.Settlement{Message: kept[0].Message, End: store.EndHolding, Why: "look at this and say what it is", Class: "other", Urgency: workflow.Routine,
		FromName: "Jo Poole", FromAddr: "jo@example.org", Subject: "About <b>Tom</b>", At: monday, Due: monday.Add(30 * time.Hour), Verdict: "fail",
		Reading: map[string]any{"Auth": "fail: dmarc=fail header.from=example.org", "To": []string{"dsr@example.org"},
			"Texts": []store.PartText{{Part: "1", Text: "Tom <script>alert(1)</script> moved."}}, "Why": []store.Cue{{Rule: "other", Part: "1", Quote: "moved"}},
			"Facts": [][]store.FactRow{{{Field: workflow.FieldNHS, Value: "9990000018", Confidence: 0.9}}}},
		Documents: []store.DocumentRow{{Part: "2", Name: "plan.pdf", Type: "application/pdf", Size: 1200, State: "encrypted", Why: "it asks for a password"}}}
	if change != nil {
		change(&x)
	}
	done, err := w.store.Settle(w.Context(), []store.Settlement{x})
	if err != nil || done[0].Err != nil {
		w.Fatal(err, done)
	}
	return addr("/messages/%d", kept[0].Message)
}

func TestMailsThatWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mail(1, nil)
	crisis := w.mail(2, func(x *store.Settlement) {
		x.Subject, x.Urgency, x.Due = "He is on the bridge", workflow.Crisis, monday.Add(15*time.Minute)
	})
	w.mail(3, func(x *store.Settlement) { x.End, x.Why, x.Subject = store.EndProblem, "the reader stopped", "Scan 7" })
	w.mail(4, func(x *store.Settlement) {
		x.End, x.Why, x.Subject = store.EndIgnored, "a machine wrote this", "Out of office"
	})
	w.mail(5, func(x *store.Settlement) { x.End, x.Subject = store.EndQuarantined, "Invoice" })
	if _, err := w.store.Keep(t.Context(), []store.Incoming{{Folder: store.Folder{Account: "essex", Name: "INBOX", UIDValidity: 7}, UID: 9, InternalDate: monday, Raw: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	w.now = monday.Add(time.Hour)
	v := w.as(workflow.Coordinator)
	page := v.page("/messages")
	see(t, page, []string{"To sort 2", "Could not be read 1", "Quarantine 1", "Being read 1", "About <b>Tom</b>", "Jo Poole", "Look at this and say what it is", "overdue by 45 minutes", "Nobody", "Crisis"}, "Scan 7", "Out of office")
	if first := strings.Index(page, "He is on the bridge"); first < 0 || first > strings.Index(page, "About &lt;b&gt;Tom") {
		t.Error("the crisis does not stand first")
	}
	want(t, "the band", page, "1 crisis mail is waiting", `href="`+crisis+`"`)
	see(t, v.page("/messages?tab=problem"), []string{"Scan 7", "The reader stopped", "open each one and read it yourself"}, "About")
	see(t, v.page("/messages?tab=quarantined"), []string{"Invoice", "open no file"})
	see(t, v.page("/messages?tab=reading"), []string{"Mail 6", "It is waiting for its turn"})
	see(t, v.page("/messages?tab=ignored"), []string{"Out of office", "A machine wrote this"})
	see(t, v.page("/messages?tab=routed"), []string{"Nothing was taken elsewhere"})
	see(t, v.page("/messages?tab=case"), []string{"Became a case", "No mail became a case"})
	see(t, v.page("/messages?tab=all"), []string{"Scan 7", "Out of office", "Waits: it could not be read", "Showing 1 to 6 of 6"})
	v.send(crisis, crisis+"/own", url.Values{"owner": {fmt.Sprint(w.who[workflow.Coordinator].ID)}}).done(t, crisis)
	wantNot(t, "the band of a crisis that somebody took", v.page("/messages"), "crisis mail is waiting")
}

func TestAMailsOwnPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.as(workflow.Coordinator)
	at := w.mail(1, func(x *store.Settlement) {
		x.Urgency = workflow.Crisis
		x.Reading.(map[string]any)["UrgencyWhy"] = []store.Cue{{Rule: "bridge", Part: "1", Quote: "on the bridge"}}
	})
	page := v.page(at)
	see(t, page, []string{"Mail 1", "About <b>Tom</b>", "Waits: it may belong to a case", "Look at this and say what it is.", "Tom <script>alert(1)</script> moved.", "Our mail host says that this address was not proved",
		"dmarc=fail header.from=example.org", "dsr@example.org", "because of “moved”", "plan.pdf", "Encrypted", "it asks for a password", "999 000 0018", "essex, INBOX", "Crisis: ring now", "“on the bridge”", "No letter answers this mail",
		"Join it to a case", "Make a case of it", "Take it elsewhere", "Put it aside", "Give it to somebody"}, "Read it again", "Release it", "Take it back", "Send the acknowledgement")
	wantNot(t, "the page of a mail", page, "<script>alert", "<b>Tom</b>")
	got := v.get(at + "/html")
	if policy := got.header.Get("Content-Security-Policy"); policy != mailPolicy || got.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the layout of a mail goes out under %q", policy)
	}
	if !strings.Contains(got.body, "<p>Mail 1</p>") || strings.Contains(got.body, "elsewhere.example") || strings.Contains(got.body, "<script") {
		t.Errorf("the layout of a mail: %s", got.body)
	}
	raw := v.get(at + "/raw")
	if raw.status != 200 || raw.header.Get("Content-Disposition") != "attachment; filename*=UTF-8''mail-1.eml" || !strings.HasPrefix(raw.body, "<p>Mail 1") {
		t.Errorf("the raw mail: %d %v", raw.status, raw.header)
	}
	if file := v.get(at + "/files/2"); file.status != 200 || !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file: %d %v", file.status, file.header)
	}
	if got := v.get("/messages/999"); got.status != 404 {
		t.Errorf("no such mail: %d", got.status)
	}
	manager := w.as(workflow.Manager)
	see(t, manager.page(at), []string{"Take it elsewhere"}, "Join it to a case", "Make a case of it")
	if got := w.as(workflow.Governance).get(at); got.status != 403 {
		t.Errorf("governance reads a mail: %d, want 403", got.status)
	}
}

func TestAMailInQuarantineIsOpenedByNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.mail(1, func(x *store.Settlement) { x.End, x.Why = store.EndQuarantined, "it holds malware" })
	v := w.as(workflow.Practitioner)
	page := v.page(at)
	see(t, page, []string{"In quarantine", "It holds malware.", "Tom <script>alert(1)</script> moved.", "plan.pdf"}, "Download it", "See it as it was laid out", "Join it")
	for _, below := range []string{"/raw", "/html", "/files/2"} {
		if strings.Contains(page, at+below) {
			t.Errorf("the page of a mail in quarantine leads to %s", below)
		}
		if got := v.get(at + below); got.status != 403 || !strings.Contains(got.body, "in quarantine") {
			t.Errorf("GET %s of a mail in quarantine: %d, want 403", below, got.status)
		}
	}
	v.send(at, at+"/release", url.Values{"release-why": {"safe"}}).refused(t, 422, "Write how you know that it is safe")
	v.send(at, at+"/release", url.Values{"release-why": {"rang the sender, who sent it"}}).done(t, at)
	see(t, v.page(at), []string{"Released from quarantine. By Test practitioner", "Released from quarantine by Test practitioner", "rang the sender, who sent it", "Join it to a case", "Download it"})
}

func TestJoiningAMailToACase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.receive(workflow.Routine, 1)
	at := w.mail(2, func(x *store.Settlement) {
		x.FromAddr, x.Subject = "karen@example.org", "Re: "+made.Ref
	})
	v := w.as(workflow.Coordinator)
	page := v.page(at)
	see(t, page, []string{"Which case?", made.Ref, "Very likely, score", "the sender's address is recorded on the case; the case's reference stands in the mail", "Another case"})
	join := at + "/join"
	if got := v.form(page, join, nil).Get("case"); got != "" {
		t.Errorf("the case %q is chosen beforehand", got)
	}
	v.send(at, join, nil).refused(t, 422, "Choose a case, or enter its reference")
	got := v.send(at, join, url.Values{"case": {"other"}, "ref": {"DSR-2026-99999-X"}})
	got.refused(t, 422, "There is no case with this reference")
	want(t, "the form that came back", got.body, `value="DSR-2026-99999-X"`)
	stale := v.form(page, join, url.Values{"case": {"other"}, "ref": {strings.ToLower(made.Ref)}})
	v.post(join, stale).done(t, "/cases/"+made.Ref)
	see(t, v.page("/cases/"+made.Ref), []string{"The mail belongs to this case now", "Mail 2 of 2", "About this mail"})
	v.post(join, stale).refused(t, 409, "Somebody moved this mail after you opened it")
	see(t, v.page(at), []string{"Joined a case", "By Test coordinator", made.Ref, "Join it to another case too"}, "Put it aside")
	v.send(at, join, url.Values{"case": {made.Ref}}).refused(t, 422, "The mail belongs to this case already")
}

func TestMakingACaseOfAMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.mail(1, func(x *store.Settlement) { x.End, x.Class, x.Verdict = store.EndProblem, "referral_family", "pass" })
	v := w.as(workflow.Practitioner)
	see(t, v.page(at), []string{"Read it again", "Nothing in the mail points to a case", "Send the acknowledgement to jo@example.org"})
	if got := v.form(v.page(at), at+"/case", nil); got.Get("type") != "family" || got.Get("acknowledge") != "yes" {
		t.Errorf("the form offers %v", got)
	}
	v.send(at, at+"/case", url.Values{"type": nil}).refused(t, 422, "Choose who refers")
	got := v.send(at, at+"/case", nil)
	got.done(t, "/cases/DSR-")
	see(t, v.page(got.header.Get("Location")), []string{"The mail is a case now", "Jo Poole"})
	see(t, v.page(at), []string{"Became a case", "Acknowledgement"}, "Make a case of it")
	w.mail(2, func(x *store.Settlement) { x.Verdict = "pass" })
	if got := w.as(workflow.Manager).post("/messages/2/case", url.Values{"seen": {"holding"}, "type": {"family"}}); got.status != 403 {
		t.Errorf("the manager makes a case: %d, want 403", got.status)
	}
}

func TestTakingAMailElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.mail(1, func(x *store.Settlement) { x.Class, x.Kind = "other_route", "sar" })
	v := w.as(workflow.Coordinator)
	page := v.page(at)
	see(t, page, []string{"A request for somebody's own records (subject access)", "Due 23 December 2026 at 5pm"})
	route, owner := at+"/route", fmt.Sprint(w.who[workflow.Manager].ID)
	if got := v.form(page, route, nil).Get("route"); got != "sar" {
		t.Errorf("the form offers %q, want what the reader proposes", got)
	}
	got := v.send(at, route, url.Values{"route-words": {"to the records team"}})
	got.refused(t, 422, "Choose who sees to it")
	want(t, "the form that came back", got.body, "to the records team</textarea>")
	v.send(at, route, url.Values{"route-owner": {fmt.Sprint(w.who[workflow.Expert].ID)}}).refused(t, 422, "Choose somebody of the team")
	v.send(at, route, url.Values{"route": {"other"}, "route-owner": {owner}}).refused(t, 422, "Write where it goes")
	v.send(at, route, url.Values{"route-owner": {owner}, "route-words": {"to the records team"}}).done(t, "/messages?tab=holding")
	see(t, v.page("/messages?tab=routed"), []string{"Taken elsewhere 1", "Test manager", "A request for somebody's own records", "due in 22 working days"})
	manager := w.as(workflow.Manager)
	see(t, manager.page("/tasks"), []string{"Take a mail to the right place"})
	manager.send(at, at+"/finish", nil).refused(t, 422, "Write what was done")
	manager.send(at, at+"/finish", url.Values{"finish-words": {"sent to the records team, reference 7"}}).done(t, at)
	see(t, manager.page(at), []string{"Dealt with", "sent to the records team, reference 7"}, "Say what was done")
	see(t, manager.page("/messages?tab=routed"), []string{"Taken elsewhere 0", "Dealt with"})
	see(t, manager.page("/tasks"), []string{"You have no tasks"})
}

func TestPuttingAMailAsideAndReadingItAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.as(workflow.Manager)
	at := w.mail(1, func(x *store.Settlement) { x.End = store.EndProblem })
	v.send(at, at+"/ignore", url.Values{"ignore-why": {"spam"}}).refused(t, 422, "Write why nobody needs to act on this mail")
	v.send(at, at+"/ignore", url.Values{"ignore-why": {"an advertisement for chairs"}}).done(t, "/messages?tab=problem")
	see(t, v.page(at), []string{"Put aside", "an advertisement for chairs", "Take it back"}, "Join it", "Give it to somebody")
	v.send(at, at+"/restore", nil).done(t, at)
	see(t, v.page(at), []string{"Taken back after it was put aside", "due in 2 working days"}, "Read it again")
	again := w.mail(2, func(x *store.Settlement) { x.End = store.EndProblem })
	v.send(again, again+"/reread", nil).done(t, "/messages?tab=reading")
	see(t, v.page(again), []string{"This mail is being read"}, "What next")
	see(t, v.page("/messages?tab=reading"), []string{"About <b>Tom</b>"})
	if got := v.post(again+"/own", url.Values{"owner": {"0"}}); got.status != 422 {
		t.Errorf("a deed that does not say what its page showed: %d, want 422", got.status)
	}
}

func TestTheMailboxLeadsToItsMails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := store.Folder{Account: "essex", Name: "INBOX", UIDValidity: 7}
	if _, err := w.store.KnowFolder(t.Context(), f, store.FolderStart{At: monday}); err != nil {
		t.Fatal(err)
	}
	if err := w.store.Polled(t.Context(), f, 1, monday, ""); err != nil {
		t.Fatal(err)
	}
	w.mail(1, nil)
	page := w.as(workflow.Coordinator).page("/mailbox")
	want(t, "the mailbox", page, `href="/messages?tab=holding"`)
}
