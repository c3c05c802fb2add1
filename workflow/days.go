package workflow

import (
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/gb"
)

// Calendar counts the team's working days: Monday to Friday, less the bank
// holidays of England and the closure days of the settings.
type Calendar struct {
	cal    *cal.BusinessCalendar
	closed map[Date]bool
	cutOff int // hour of the day in London at and after which mail counts as the next working day's
}

// NewCalendar is the calendar of England with further closure days.
func NewCalendar(closures []Date, cutOffHour int) Calendar {
	c := cal.NewBusinessCalendar()
	c.AddHoliday(gb.Holidays...)
	closed := map[Date]bool{}
	for _, d := range closures {
		closed[d] = true
	}
	return Calendar{c, closed, cutOffHour}
}

// IsWorking reports whether the team works on a day.
func (c Calendar) IsWorking(d Date) bool {
	return c.cal.IsWorkday(time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC)) && !c.closed[d]
}

// IsHoliday reports whether a day is a bank holiday or a closure, not a plain weekend.
func (c Calendar) IsHoliday(d Date) bool {
	actual, observed, _ := c.cal.IsHoliday(time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC))
	return actual || observed || c.closed[d]
}

// DayZero is the working day on which a clock starts for something received at
// t: the same day before the cut-off, else the next working day.
func (c Calendar) DayZero(t time.Time) Date {
	d := DateOf(t)
	if t.In(London).Hour() >= c.cutOff {
		d = d.Add(1)
	}
	for !c.IsWorking(d) {
		d = d.Add(1)
	}
	return d
}

// Add moves a day by working days, forward or back.
func (c Calendar) Add(d Date, n int) Date {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 {
		d = d.Add(step)
		if c.IsWorking(d) {
			n--
		}
	}
	return d
}

// Due is the end, at the cut-off, of the working day that lies n working days
// after day zero of t.
func (c Calendar) Due(t time.Time, n int) time.Time {
	return c.Add(c.DayZero(t), n).At(c.cutOff, 0)
}

// Between counts the working days from a day to another, 0 when the same.
func (c Calendar) Between(from, to Date) int {
	n := 0
	for from.Before(to) {
		from = from.Add(1)
		if c.IsWorking(from) {
			n++
		}
	}
	return n
}

// WorkingHours moves t forward by hours counted only between open and close of
// working days.
func (c Calendar) WorkingHours(t time.Time, hours, opens, closes int) time.Time {
	left := time.Duration(hours) * time.Hour
	for {
		d := DateOf(t)
		start, end := d.At(opens, 0), d.At(closes, 0)
		if t.Before(start) {
			t = start
		}
		if c.IsWorking(d) && t.Before(end) {
			if rest := end.Sub(t); left <= rest {
				return t.Add(left)
			} else {
				left -= rest
			}
		}
		t = d.Add(1).At(opens, 0)
	}
}

// IsOpen reports whether the team is at work at t.
func (c Calendar) IsOpen(t time.Time, opens, closes int) bool {
	h := t.In(London).Hour()
	return c.IsWorking(DateOf(t)) && h >= opens && h < closes
}

// NextOpening is when the team is next at work after t.
func (c Calendar) NextOpening(t time.Time, opens int) time.Time {
	d := DateOf(t)
	for at := d.At(opens, 0); ; at = d.At(opens, 0) {
		if c.IsWorking(d) && t.Before(at) {
			return at
		}
		d = d.Add(1)
	}
}
