package main

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

// Sizes of the picture, in pixels.
const (
	portGap   = 18  // between two arrows at one box
	boxGap    = 16  // between two boxes
	boxWidth  = 210 //
	labelRoom = 330 // for the words beside a box
	laneGap   = 12  // between two upright lines
	margin    = 20
)

// drawing lays the boxes one below the other in the order of a case's life.
// Ways onward run at the right, ways back at the left; each arrow has a height
// and an upright line of its own, so that none hides another.
type drawing struct {
	names  []string
	row    map[string]int
	routes []route
	top    []int // of each box
	height []int
	lanes  [2]int
}

// route is an edge with its place.
type route struct {
	edge
	back         bool
	fromY, toY   int
	lane         int
	upper, lower int
}

func workflowSVG(all []workflow.Transition) string {
	list := edges(all)
	d := &drawing{names: nodes(list), row: map[string]int{}}
	for i, name := range d.names {
		d.row[name] = i
	}
	for _, e := range list {
		d.routes = append(d.routes, route{edge: e, back: d.row[e.to] < d.row[e.from]})
	}
	d.placeEnds()
	d.placeLanes()
	return d.svg()
}

// placeEnds gives each end of an arrow its height at its box.
func (d *drawing) placeEnds() {
	y := margin
	for i, name := range d.names {
		var at [2]int
		d.top = append(d.top, y)
		for r := range d.routes {
			route := &d.routes[r]
			side := d.side(*route)
			if route.from == name {
				at[side]++
				route.fromY = y + at[side]*portGap
			}
			if route.to == name {
				at[side]++
				route.toY = y + at[side]*portGap
			}
		}
		d.height = append(d.height, (max(at[0], at[1], 1)+1)*portGap)
		y += d.height[i] + boxGap
	}
}

func (d *drawing) side(r route) int {
	if r.back {
		return 0
	}
	return 1
}

// placeLanes gives each arrow the nearest upright line that is free, the short
// ones first.
func (d *drawing) placeLanes() {
	for i := range d.routes {
		r := &d.routes[i]
		r.upper, r.lower = min(r.fromY, r.toY), max(r.fromY, r.toY)
	}
	order := slices.SortedFunc(seqOf(d.routes), func(a, b *route) int { return cmp.Compare(a.lower-a.upper, b.lower-b.upper) })
	var taken [2][][]*route
	for _, r := range order {
		side := d.side(*r)
		lane := slices.IndexFunc(taken[side], func(others []*route) bool {
			return !slices.ContainsFunc(others, func(o *route) bool { return r.upper <= o.lower && o.upper <= r.lower })
		})
		if lane < 0 {
			taken[side] = append(taken[side], nil)
			lane = len(taken[side]) - 1
		}
		r.lane = lane
		taken[side][lane] = append(taken[side][lane], r)
	}
	d.lanes = [2]int{len(taken[0]), len(taken[1])}
}

func seqOf(routes []route) func(func(*route) bool) {
	return func(yield func(*route) bool) {
		for i := range routes {
			if !yield(&routes[i]) {
				return
			}
		}
	}
}

func (d *drawing) svg() string {
	left := margin + d.lanes[0]*laneGap + labelRoom
	width := left + boxWidth + labelRoom + d.lanes[1]*laneGap + margin
	last := len(d.top) - 1
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" role="img">`+"\n", width, d.top[last]+d.height[last]+margin)
	b.WriteString("<title>The life of a case</title>\n<desc>Every action that changes the state of a case. `dsr workflow` prints the same as text, with who may do it.</desc>\n")
	b.WriteString(`<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#0b0c0c"/></marker></defs>` + "\n")
	for i, name := range d.names {
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" fill="#fff" stroke="#0b0c0c"/>`, left, d.top[i], boxWidth, d.height[i])
		fmt.Fprintf(&b, `<text x="%d" y="%d" font-size="15" text-anchor="middle" dominant-baseline="middle">%s</text>`+"\n", left+boxWidth/2, d.top[i]+d.height[i]/2, html.EscapeString(name))
	}
	for _, r := range d.routes {
		edgeX, lane, anchor, words := left+boxWidth, left+boxWidth+labelRoom+r.lane*laneGap, "start", left+boxWidth+6
		if r.back {
			edgeX, lane, anchor, words = left, left-labelRoom-r.lane*laneGap, "end", left-6
		}
		fmt.Fprintf(&b, `<path d="M%d %dH%dV%dH%d" fill="none" stroke="#0b0c0c" marker-end="url(#tip)"/>`, edgeX, r.fromY, lane, r.toY, edgeX)
		fmt.Fprintf(&b, `<text x="%d" y="%d" font-size="12" text-anchor="%s" stroke="#fff" stroke-width="3" paint-order="stroke">%s</text>`+"\n", words, r.fromY-3, anchor, html.EscapeString(strings.Join(r.actions, ", ")))
	}
	b.WriteString("</svg>\n")
	return b.String()
}
