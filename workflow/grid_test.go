package workflow

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// grid reads the hand-written grid: action → state → roles that may.
func grid(t *testing.T) map[Action]map[State][]Role {
	t.Helper()
	text, err := os.ReadFile("testdata/grid.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[Action]map[State][]Role{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "|")
		if len(cells) != 3 {
			t.Fatalf("grid line %q has not three cells", line)
		}
		a := Action(strings.TrimSpace(cells[0]))
		if out[a] != nil {
			t.Fatalf("grid names %q twice", a)
		}
		out[a] = map[State][]Role{}
		for _, s := range strings.Split(cells[1], ",") {
			for _, state := range statesNamed(t, strings.TrimSpace(s)) {
				for _, r := range strings.Fields(cells[2]) {
					out[a][state] = append(out[a][state], Role(r))
				}
			}
		}
	}
	return out
}

func statesNamed(t *testing.T, name string) []State {
	t.Helper()
	all := []State{"new", "triage", "awaiting information", "awaiting consent", "ready for panel", "panel scheduled", "in panel",
		"deferred", "accepted", "not accepted", "on register", "removal proposed", "transferring", "closed"}
	switch name {
	case "none":
		return []State{None}
	case "open":
		return all[:13]
	case "before a decision":
		return all[:8]
	}
	if !slices.Contains(all, State(name)) {
		t.Fatalf("grid names the unknown state %q", name)
	}
	return []State{State(name)}
}

// TestGrid holds every State x Action x Role against the hand-written grid.
func TestGrid(t *testing.T) {
	t.Parallel()
	want := grid(t)
	states := append([]State{None}, States()...)
	roles := append([]Role{System}, Roles()...)
	seen, cells := map[Action]bool{}, 0
	for _, tr := range Transitions() {
		if seen[tr.Action] {
			t.Errorf("the table has two rows for %q", tr.Action)
		}
		seen[tr.Action] = true
		if want[tr.Action] == nil {
			t.Errorf("the grid says nothing of %q", tr.Action)
		}
	}
	for a, byState := range want {
		if !seen[a] {
			t.Errorf("the table has no row for %q", a)
		}
		for _, s := range states {
			for _, r := range roles {
				cells++
				err := File{Case: Case{State: s}}.May(Actor{ID: 1, Roles: []Role{r}}, a)
				if may := slices.Contains(byState[s], r); may != (err == nil) {
					t.Errorf("%s from %q by %s: got %v, want allowed=%v", a, s, r, err, may)
				}
				if err != nil && !errors.Is(err, ErrNotAllowed) && !errors.Is(err, ErrConflict) {
					t.Errorf("%s from %q by %s: refusal %v is of no kind", a, s, r, err)
				}
			}
		}
	}
	if cells < 7000 {
		t.Errorf("only %d cells were compared", cells)
	}
}

// TestEveryStateLeadsToAnEnd: no state is a dead end, and every state is reached.
func TestEveryStateLeadsToAnEnd(t *testing.T) {
	t.Parallel()
	via := map[State][]State{Accepted: {OnRegister}, NotAccepted: {Closed}, RemovalProposed: {Closed}, OnRegister: {Closed}} // by an approved letter
	next := func(s State) []State {
		out := slices.Clone(via[s])
		for _, tr := range Transitions() {
			if slices.Contains(tr.From, s) && tr.To != None && tr.Via == "" {
				out = append(out, tr.To)
			}
		}
		return out
	}
	reach := func(from State) map[State]bool {
		seen := map[State]bool{}
		for todo := []State{from}; len(todo) > 0; todo = todo[1:] {
			for _, n := range next(todo[0]) {
				if !seen[n] {
					seen[n] = true
					todo = append(todo, n)
				}
			}
		}
		return seen
	}
	fromStart := reach(None)
	for _, s := range States() {
		if !fromStart[s] {
			t.Errorf("%q is never reached", s)
		}
		if s != Closed && !reach(s)[Closed] {
			t.Errorf("%q never ends", s)
		}
	}
}
