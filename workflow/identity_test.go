package workflow

import (
	"slices"
	"testing"
)

func TestWhoMayBeOnePerson(t *testing.T) {
	t.Parallel()
	tom := Identity{Name: "Thomas Poole", Born: Date{2013, 5, 3}, NHS: "9990272832", Postcode: "CM1 1LX", Phone: "07700 900123"}
	with := func(change func(*Identity)) Identity {
		x := tom
		change(&x)
		return x
	}
	for _, c := range []struct {
		name   string
		other  Identity
		likely bool
		twins  bool
		why    string
	}{
		{"himself", tom, true, false, "the same NHS number"},
		{"the NHS number alone", Identity{NHS: tom.NHS}, true, false, "the same NHS number"},
		{"a nickname and no number", Identity{Name: "Tommy Poole", Born: tom.Born}, true, false, "a first name that may be the same"},
		{"day and month swapped", Identity{Name: "Thomas Poole", Born: Date{2013, 3, 5}}, true, false, "the same date of birth, day and month swapped"},
		{"parts of the name swapped", Identity{Name: "Poole Thomas", Born: tom.Born}, true, false, "the same name, the parts swapped"},
		{"a slip in the surname, moved house", Identity{Name: "Thomas Pole", Born: tom.Born, Postcode: "CO1 2AB"}, true, false, "nearly the same surname"},
		{"a slip in the year, same house", Identity{Name: "Tom Poole", Born: Date{2012, 5, 3}, Postcode: "cm11lx"}, true, false, "nearly the same date of birth"},
		{"his twin", Identity{Name: "Ella Poole", Born: tom.Born, Postcode: tom.Postcode}, true, true, "but another first name: brothers or sisters are possible"},
		{"his twin with her own number", with(func(x *Identity) { x.Name, x.NHS = "Ella Poole", "9990544662" }), false, true, ""},
		{"his older sister", Identity{Name: "Ella Poole", Born: Date{2010, 9, 21}, Postcode: tom.Postcode, Phone: "+44 7700 900123"}, false, false, ""},
		{"a namesake", Identity{Name: "Thomas Poole", Born: Date{1981, 11, 30}, Postcode: "SS9 1AA"}, false, false, ""},
		{"the same name alone", Identity{Name: "Thomas Poole"}, false, false, ""},
		{"a birthday alone", Identity{Name: "Aisha Khan", Born: tom.Born}, false, true, ""},
		{"a neighbour", Identity{Name: "Aisha Khan", Born: Date{1999, 1, 1}, Postcode: tom.Postcode}, false, false, ""},
		{"nobody", Identity{}, false, false, ""},
	} {
		l := tom.Compare(c.other)
		if back := c.other.Compare(tom); back.Likely() != l.Likely() || back.Twins != l.Twins {
			t.Errorf("%s: %+v one way, %+v the other", c.name, l, back)
		}
		if l.Likely() != c.likely || l.Twins != c.twins || c.why != "" && !slices.Contains(l.Why, c.why) {
			t.Errorf("%s: %.1f bits, %q, twins %v; want likely %v, twins %v, %q", c.name, l.Bits, l.Why, l.Twins, c.likely, c.twins, c.why)
		}
	}
}
