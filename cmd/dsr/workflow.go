package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

// printWorkflow prints the lifecycle from the transition table itself, so that
// the picture on the wall cannot differ from what the program does.
func printWorkflow(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, _ func(string) string) int {
	fs := newFlags("workflow", "[--format text|mermaid|svg]", "Prints the life of a case: who may do what from which state, and what follows.")
	format := fs.String("format", "text", "`how`: text, mermaid or svg")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	if code, done := noArguments(fs, stderr); done {
		return code
	}
	all := workflow.Transitions()
	switch *format {
	case "text":
		fmt.Fprint(stdout, workflowText(all))
	case "mermaid":
		fmt.Fprint(stdout, workflowMermaid(all))
	case "svg":
		fmt.Fprint(stdout, workflowSVG(all))
	default:
		return usage(stderr, "workflow", "--format knows text, mermaid and svg, not %q", *format)
	}
	return exitDone
}

func workflowText(all []workflow.Transition) string {
	var b strings.Builder
	b.WriteString("The life of a case. A line that begins with a star changes the state.\n")
	for _, t := range all {
		mark, to := " ", string(t.To)
		switch {
		case !t.Stays():
			mark = "*"
		case t.Via != "":
			mark, to = "*", t.Via
		default:
			to = "stays"
		}
		if t.Via != "" && !t.Stays() {
			to += " (" + t.Via + ")"
		}
		fmt.Fprintf(&b, "\n%s %s: %s\n    from     %s\n    to       %s\n    by       %s\n", mark, t.Action, t.Words, strings.Join(sources(t), ", "), to, roles(t))
		if len(t.Guards) > 0 {
			fmt.Fprintf(&b, "    only if  %s\n", joined(t.Guards, func(g workflow.Guard) string { return g.Name }))
		}
		if len(t.Letters) > 0 {
			fmt.Fprintf(&b, "    letters  %s\n", joined(t.Letters, func(k workflow.LetterKind) string { return string(k) }))
		}
	}
	return b.String()
}

func joined[T any](list []T, word func(T) string) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = word(v)
	}
	return strings.Join(words, ", ")
}

func roles(t workflow.Transition) string { return joined(t.May, workflow.Role.Words) }

const (
	noCase         = "no case yet"
	anyUndecided   = "any state before a decision"
	anyOpen        = "any open state"
	shortEnoughFor = 4 // so many states are named one by one
)

// sources names the states that an action starts from; the two large sets have
// names of their own.
func sources(t workflow.Transition) []string {
	from := slices.Clone(t.From)
	var names []string
	for _, set := range []struct {
		name string
		has  func(workflow.State) bool
	}{{anyOpen, workflow.State.IsOpen}, {anyUndecided, workflow.State.IsUndecided}} {
		whole := slices.DeleteFunc(slices.Clone(workflow.States()), func(s workflow.State) bool { return !set.has(s) })
		if len(from) > shortEnoughFor && subset(whole, from) {
			names = append(names, set.name)
			from = slices.DeleteFunc(from, set.has)
		}
	}
	for _, s := range from {
		if s == workflow.None {
			names = append(names, noCase)
		} else {
			names = append(names, string(s))
		}
	}
	return names
}

func subset(part, of []workflow.State) bool {
	return !slices.ContainsFunc(part, func(s workflow.State) bool { return !slices.Contains(of, s) })
}

// edge is one arrow of the picture: all actions that lead from one state to
// another.
type edge struct {
	from, to string
	actions  []string
}

// edges gathers what changes the state, in the order of the table.
func edges(all []workflow.Transition) []edge {
	var list []edge
	for _, t := range all {
		to := string(t.To)
		if t.Stays() {
			if t.Via == "" {
				continue
			}
			to = t.Via
		}
		for _, from := range sources(t) {
			i := slices.IndexFunc(list, func(e edge) bool { return e.from == from && e.to == to })
			if i < 0 {
				list = append(list, edge{from: from, to: to})
				i = len(list) - 1
			}
			list[i].actions = append(list[i].actions, string(t.Action))
		}
	}
	return list
}

// nodes lists every box of the picture from top to bottom.
func nodes(list []edge) []string {
	order := []string{noCase}
	for _, s := range workflow.States() {
		if s == workflow.Closed {
			order = append(order, anyUndecided, anyOpen)
		}
		order = append(order, string(s))
	}
	used := func(name string) bool {
		return slices.ContainsFunc(list, func(e edge) bool { return e.from == name || e.to == name })
	}
	order = slices.DeleteFunc(order, func(name string) bool { return !used(name) })
	for _, e := range list {
		if !slices.Contains(order, e.to) {
			order = append(order, e.to)
		}
	}
	return order
}

func workflowMermaid(all []workflow.Transition) string {
	list := edges(all)
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	id := map[string]string{}
	for i, name := range nodes(list) {
		id[name] = fmt.Sprintf("s%d", i)
		if name == noCase {
			id[name] = "[*]"
			continue
		}
		fmt.Fprintf(&b, "  state %q as %s\n", name, id[name])
	}
	for _, e := range list {
		label := strings.ReplaceAll(strings.Join(e.actions, ", "), ":", " -") // a second colon ends a label there
		fmt.Fprintf(&b, "  %s --> %s : %s\n", id[e.from], id[e.to], label)
	}
	return b.String()
}
