package workflow

import (
	"testing"
	"time"
)

// TestMayReply is every limit of the fixed replies, just below and at it.
func TestMayReply(t *testing.T) {
	t.Parallel()
	on := DefaultSettings()
	off := on
	off.AutomaticL1 = false
	flood := ReplyCounts{ToAddress: 0, L1Hour: 10_000, Age: 100 * time.Hour}
	for name, x := range map[string]struct {
		set  Settings
		kind LetterKind
		c    ReplyCounts
		may  bool
	}{
		"the first":                        {on, L1, ReplyCounts{}, true},
		"the fifth of a day":               {on, L1, ReplyCounts{ToAddress: 4}, true},
		"the sixth of a day":               {on, L1, ReplyCounts{ToAddress: 5}, false},
		"below everybody's limit":          {on, L1, ReplyCounts{L1Hour: 99}, true},
		"at everybody's limit":             {on, L1, ReplyCounts{L1Hour: 100}, false},
		"a day old":                        {on, L1, ReplyCounts{Age: 24 * time.Hour}, true},
		"older than a day":                 {on, L1, ReplyCounts{Age: 24*time.Hour + time.Second}, false},
		"switched off":                     {off, L1, ReplyCounts{}, false},
		"portal, at everybody's limit":     {on, L14, ReplyCounts{L1Hour: 100}, false},
		"portal, the sixth of a day":       {on, L14, ReplyCounts{ToAddress: 5}, false},
		"crisis":                           {on, L2, ReplyCounts{}, true},
		"crisis in a flood, days old":      {on, L2, flood, true},
		"crisis, thanks switched off":      {off, L2, flood, true},
		"crisis, the second of a day":      {on, L2, ReplyCounts{ToAddress: 1}, false},
		"crisis, below its own limit":      {on, L2, ReplyCounts{L2Hour: 199}, true},
		"crisis, at its own limit":         {on, L2, ReplyCounts{L2Hour: 200}, false},
		"crisis replies hold no thanks up": {on, L1, ReplyCounts{L2Hour: 10_000}, true},
	} {
		if why := x.set.MayReply(x.kind, x.c); (why == "") != x.may {
			t.Errorf("%s: %q, want it to go: %v", name, why, x.may)
		}
	}
}
