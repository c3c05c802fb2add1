package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/workflow"
)

func TestWorkflowTextNamesEveryActionAndState(t *testing.T) {
	t.Parallel()
	code, text, _ := runWith(t, map[string]string{}, "workflow")
	if code != exitDone {
		t.Fatalf("exit %d", code)
	}
	for _, transition := range workflow.Transitions() {
		if !strings.Contains(text, " "+string(transition.Action)+": "+transition.Words+"\n") {
			t.Errorf("the action %q is missing", transition.Action)
		}
	}
	for _, want := range []string{"    from     any open state\n", "    to       stays\n", "    by       chair\n", "    only if  ", "    letters  L1, L2\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestWorkflowPicturesShowEveryState(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"mermaid", "svg"} {
		code, picture, _ := runWith(t, map[string]string{}, "workflow", "--format", format)
		if code != exitDone {
			t.Errorf("%s: exit %d", format, code)
		}
		for _, state := range workflow.States() {
			if !strings.Contains(picture, `"`+string(state)+`"`) && !strings.Contains(picture, ">"+string(state)+"<") {
				t.Errorf("%s: the state %q is missing", format, state)
			}
		}
	}
	if code, _, problems := runWith(t, map[string]string{}, "workflow", "--format", "png"); code != exitUsage || problems == "" {
		t.Errorf("png: exit %d, %q", code, problems)
	}
}

func TestWorkflowPictureIsWellFormed(t *testing.T) {
	t.Parallel()
	decoder := xml.NewDecoder(strings.NewReader(workflowSVG(workflow.Transitions())))
	paths := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "path" {
			paths++
		}
	}
	if want := len(edges(workflow.Transitions())) + 1; paths != want { // one is the arrow's tip
		t.Errorf("%d lines, want %d", paths, want)
	}
}

func TestArrowsDoNotHideEachOther(t *testing.T) {
	t.Parallel()
	list := edges(workflow.Transitions())
	d := &drawing{names: nodes(list), row: map[string]int{}}
	for i, name := range d.names {
		d.row[name] = i
	}
	for _, e := range list {
		d.routes = append(d.routes, route{edge: e, back: d.row[e.to] < d.row[e.from]})
	}
	d.placeEnds()
	d.placeLanes()
	for i, a := range d.routes {
		for _, b := range d.routes[i+1:] {
			if a.back == b.back && a.lane == b.lane && a.upper <= b.lower && b.upper <= a.lower {
				t.Errorf("%s to %s and %s to %s share a line", a.from, a.to, b.from, b.to)
			}
		}
	}
}

func TestLargeSetsOfStatesHaveNames(t *testing.T) {
	t.Parallel()
	row := workflow.Transition{From: append([]workflow.State{workflow.Closed}, workflow.States()[:13]...)}
	if got := strings.Join(sources(row), ", "); got != "any open state, closed" {
		t.Errorf("got %q", got)
	}
	row.From = []workflow.State{workflow.None, workflow.New}
	if got := strings.Join(sources(row), ", "); got != "no case yet, new" {
		t.Errorf("got %q", got)
	}
}
