package document

import (
	"slices"
	"sort"
)

// line is a ruling line: at is its place across its own direction.
type line struct{ at, from, to float64 }

// rules are the straight lines drawn on a page.
type rules struct{ across, down []line }

func (r *rules) add(b rect) {
	if len(r.across)+len(r.down) > 20_000 {
		return
	}
	switch {
	case b.h() < 3 && b.w() >= b.h():
		r.across = append(r.across, line{b.cy(), b.x0, b.x1})
	case b.w() < 3:
		r.down = append(r.down, line{b.cx(), b.y0, b.y1})
	}
}

func (r *rules) frame(b rect) {
	r.add(rect{b.x0, b.y0, b.x1, b.y0})
	r.add(rect{b.x0, b.y1, b.x1, b.y1})
	r.add(rect{b.x0, b.y0, b.x0, b.y1})
	r.add(rect{b.x1, b.y0, b.x1, b.y1})
}

// lattice cuts the page along its ruling lines. Each field of it belongs to a
// cell: the fields around it that no line parts from it.
type lattice struct {
	xs, ys []float64
	cell   []int // of each field; -1 outside every closed cell
	cells  []rect
}

// lattice finds the closed cells; nil when there are none.
func (r *rules) lattice() *lattice {
	l := &lattice{xs: cuts(r.down), ys: cuts(r.across)}
	nx, ny := len(l.xs)-1, len(l.ys)-1
	if nx < 1 || ny < 1 || nx*ny > 200_000 {
		return nil
	}
	left := make([]bool, (nx+1)*ny) // a wall left of field x (the last one right of the row)
	for _, d := range r.down {
		k := nearest(l.xs, d.at)
		for y := range ny {
			if mid := (l.ys[y] + l.ys[y+1]) / 2; mid >= d.from-1 && mid <= d.to+1 {
				left[y*(nx+1)+k] = true
			}
		}
	}
	above := make([]bool, nx*(ny+1))
	for _, a := range r.across {
		k := nearest(l.ys, a.at)
		for x := range nx {
			if mid := (l.xs[x] + l.xs[x+1]) / 2; mid >= a.from-1 && mid <= a.to+1 {
				above[k*nx+x] = true
			}
		}
	}
	l.fill(nx, ny, left, above)
	if len(l.cells) == 0 {
		return nil
	}
	return l
}

// cuts gathers line positions, taking lines closer than two points as one.
func cuts(lines []line) []float64 {
	at := make([]float64, 0, len(lines))
	for _, l := range lines {
		at = append(at, l.at)
	}
	sort.Float64s(at)
	var out []float64
	for _, v := range at {
		if n := len(out); n == 0 || v-out[n-1] > 2 {
			out = append(out, v)
		}
	}
	return out
}

func nearest(at []float64, v float64) int {
	i := sort.SearchFloat64s(at, v)
	if i == len(at) || i > 0 && v-at[i-1] < at[i]-v {
		return i - 1
	}
	return i
}

func (l *lattice) fill(nx, ny int, left, above []bool) {
	l.cell = make([]int, nx*ny)
	for i := range l.cell {
		l.cell[i] = -2
	}
	for start := range l.cell {
		if l.cell[start] != -2 {
			continue
		}
		id, open := len(l.cells), false
		b := rect{1e9, 1e9, -1e9, -1e9}
		stack, members := []int{start}, []int(nil)
		l.cell[start] = id
		for len(stack) > 0 {
			f := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			members = append(members, f)
			x, y := f%nx, f/nx
			b = rect{min(b.x0, l.xs[x]), min(b.y0, l.ys[y]), max(b.x1, l.xs[x+1]), max(b.y1, l.ys[y+1])}
			step := func(wall bool, inside bool, to int) {
				switch {
				case wall:
				case !inside:
					open = true
				case l.cell[to] == -2:
					l.cell[to] = id
					stack = append(stack, to)
				}
			}
			step(left[y*(nx+1)+x], x > 0, f-1)
			step(left[y*(nx+1)+x+1], x < nx-1, f+1)
			step(above[y*nx+x], y > 0, f-nx)
			step(above[(y+1)*nx+x], y < ny-1, f+nx)
		}
		if open || b.w() < 8 || b.h() < 6 {
			for _, m := range members {
				l.cell[m] = -1
			}
			continue
		}
		l.cells = append(l.cells, b)
	}
}

// at returns the cell at a place, -1 for none.
func (l *lattice) at(x, y float64) int {
	i, j := sort.SearchFloat64s(l.xs, x)-1, sort.SearchFloat64s(l.ys, y)-1
	if i < 0 || j < 0 || i >= len(l.xs)-1 || j >= len(l.ys)-1 {
		return -1
	}
	return l.cell[j*(len(l.xs)-1)+i]
}

// tables groups cells that touch. Frames as large as the page are no cells.
func (l *lattice) tables(width, height float64) [][]int {
	nx, ny := len(l.xs)-1, len(l.ys)-1
	group := make([]int, len(l.cells))
	for i := range group {
		group[i] = i
	}
	root := func(i int) int {
		for group[i] != i {
			group[i] = group[group[i]]
			i = group[i]
		}
		return i
	}
	large := func(c int) bool { return l.cells[c].w() > 0.8*width && l.cells[c].h() > 0.6*height }
	join := func(a, b int) {
		if a >= 0 && b >= 0 && a != b && !large(a) && !large(b) {
			group[root(a)] = root(b)
		}
	}
	for y := range ny {
		for x := range nx {
			if x+1 < nx {
				join(l.cell[y*nx+x], l.cell[y*nx+x+1])
			}
			if y+1 < ny {
				join(l.cell[y*nx+x], l.cell[(y+1)*nx+x])
			}
		}
	}
	members := map[int][]int{}
	for c := range l.cells {
		if !large(c) {
			members[root(c)] = append(members[root(c)], c)
		}
	}
	var out [][]int
	for _, m := range members {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b []int) int { return a[0] - b[0] })
	return out
}

// rows puts a table's cells into rows by their upper edge.
func (l *lattice) rows(cells []int) [][]int {
	slices.SortStableFunc(cells, func(a, b int) int { return compare(l.cells[a].y0, l.cells[b].y0) })
	var out [][]int
	for _, c := range cells {
		n := len(out)
		if n == 0 || l.cells[c].y0-l.cells[out[n-1][0]].y0 > 4 {
			out = append(out, nil)
			n++
		}
		out[n-1] = append(out[n-1], c)
	}
	for _, row := range out {
		slices.SortFunc(row, func(a, b int) int { return compare(l.cells[a].x0, l.cells[b].x0) })
	}
	return out
}

// span counts the columns of the table that a cell covers.
func (l *lattice) span(c int, table []int) int {
	var starts []float64
	for _, o := range table {
		x := l.cells[o].x0
		if x >= l.cells[c].x0-2 && x < l.cells[c].x1-4 && !slices.ContainsFunc(starts, func(s float64) bool { return s-x < 3 && x-s < 3 }) {
			starts = append(starts, x)
		}
	}
	return max(1, len(starts))
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
