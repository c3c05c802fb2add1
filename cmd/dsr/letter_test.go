package main

import (
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/workflow"
)

func TestEveryLetterHasAPreview(t *testing.T) {
	t.Parallel()
	for _, kind := range workflow.LetterKinds() {
		reader := "person"
		if kind == workflow.L11 {
			reader = "professional"
		}
		args := []string{"letter", "preview", string(kind), "--reader", reader}
		if kind == workflow.L11 {
			args = append(args, "--variant", "professional")
		}
		code, out, problems := runWith(t, map[string]string{}, args...)
		if code != exitDone && kind != workflow.L0 || code == exitDone && !strings.HasPrefix(out, "Subject: ") {
			t.Errorf("%s: exit %d, %q %s", kind, code, out, problems)
		}
	}
	if code, out, _ := runWith(t, map[string]string{}, "letter", "preview", "l1", "--format", "html"); code != exitDone || !strings.Contains(out, "<") {
		t.Errorf("html: exit %d, %q", code, out)
	}
	if code, out, problems := runWith(t, map[string]string{}, "letter", "preview", "L1", "--format", "pdf"); code != exitDone || !strings.HasPrefix(out, "%PDF-") {
		t.Errorf("pdf: exit %d, %.20q, %s", code, out, problems)
	}
}

func TestPreviewRefusals(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"L99"}, {"L1", "L2"}, {"L1", "--variant", "loud"}, {"L1", "--reader", "cat"}, {"L1", "--format", "odt"}} {
		if code, _, problems := runWith(t, map[string]string{}, append([]string{"letter", "preview"}, args...)...); code != exitUsage || problems == "" {
			t.Errorf("%v: exit %d, %q", args, code, problems)
		}
	}
	if code, _, problems := runWith(t, map[string]string{}, "letter", "preview", "L1", "--variant", "young person"); code != exitFailed || !strings.Contains(problems, "no template") {
		t.Errorf("a variant without template: exit %d, %q", code, problems)
	}
}
