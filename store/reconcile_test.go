package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

func TestReconcileAccountsForEveryUID(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	inbox := Folder{"essex", "INBOX", 7}
	if _, err := s.KnowFolder(t.Context(), inbox, FolderStart{At: monday}); err != nil {
		t.Fatal(err)
	}
	receive(t, s, 1, workflow.Routine)
	wait(t, s, 2, nil)
	if _, err := s.Keep(t.Context(), []Incoming{{Folder: inbox, UID: 3, InternalDate: monday, Raw: []byte("x: y\r\n\r\n")}}); err != nil {
		t.Fatal(err)
	}
	if err := s.BeforeStart(t.Context(), inbox, map[uint32]time.Time{4: monday}); err != nil {
		t.Fatal(err)
	}
	if err := s.Unfetchable(t.Context(), inbox, 5, "the server did not send it", time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Listed(t.Context(), inbox, []uint32{2, 3, 4, 5}, 6, true); err != nil {
		t.Fatal(err)
	}
	if err := s.Polled(t.Context(), inbox, 4, monday, ""); err != nil {
		t.Fatal(err)
	}
	got, err := s.Reconcile(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if !got.OK || len(got.Folders) != 1 {
		t.Fatalf("account %+v, want one folder, all well", got)
	}
	f := got.Folders[0]
	if f.OnServer != 4 || f.InLedger != 5 || f.Gone != 1 || f.ByEnd[EndCase] != 1 || f.ByEnd[EndHolding] != 1 || f.ByEnd[EndBeforeStart] != 1 {
		t.Errorf("folder %+v, want 5 in the ledger, 1 of them gone, one case, one holding, one before the start", f)
	}
	if len(f.WithoutEnd) != 2 || f.WithoutEnd[0].UID != 3 || f.WithoutEnd[0].Why != "it is being read" || f.WithoutEnd[1].Why != "the server did not send it" {
		t.Errorf("without an end: %+v, want UIDs 3 and 5 with why", f.WithoutEnd)
	}
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var shape map[string]any
	if err := json.Unmarshal(b, &shape); err != nil {
		t.Fatal(err)
	}
	one := shape["folders"].([]any)[0].(map[string]any)
	for _, key := range []string{"mailbox", "folder", "uidvalidity", "on_server", "in_ledger", "gone", "by_end", "without_end"} {
		if _, ok := one[key]; !ok {
			t.Errorf("the JSON lacks %q: %s", key, b)
		}
	}
	if len(one) != 8 {
		t.Errorf("the JSON has %d keys in a folder, want 8: %s", len(one), b)
	}
}

func TestReconcileIsNotOKWhenAMailWaitsTooLong(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	inbox := Folder{"essex", "INBOX", 7}
	if _, err := s.KnowFolder(t.Context(), inbox, FolderStart{At: monday}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Keep(t.Context(), []Incoming{{Folder: inbox, UID: 3, InternalDate: monday, Raw: []byte("x: y\r\n\r\n")}}); err != nil {
		t.Fatal(err)
	}
	err := s.write(t.Context(), "wait", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE sightings SET seen_at = now() - interval '6 minutes'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for patience, want := range map[time.Duration]bool{5 * time.Minute: false, 7 * time.Minute: true} {
		if got, err := s.Reconcile(t.Context(), patience); err != nil || got.OK != want {
			t.Errorf("with patience of %s: %+v, %v: want ok %t", patience, got, err, want)
		}
	}
	if err := s.Polled(t.Context(), inbox, 2, monday, ""); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Reconcile(t.Context(), time.Hour); err != nil || got.OK {
		t.Errorf("with 2 on the server and 1 in the ledger: %+v, %v: want it not ok", got, err)
	}
}
