package web

import (
	"fmt"
	"strings"
	"time"
)

// Each struct of this file feeds the template part of the same name in
// templates/pages/parts.

// Field is what every control of a form has.
type Field struct {
	Name  string // also the id of its first control
	Label string
	Hint  string
	Error string
	// Read says where a value was read from: "Read from the form". With Marked
	// its words stand in the Source of the same page, lit up together.
	Read   string
	Marked bool
	Tag    *Tag // "Check this", beside Read
	Large  bool // the label stands as a small heading
}

// Describes lists the ids of what explains a control, for aria-describedby.
func (f Field) Describes() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.Name+"-hint")
	}
	if f.Read != "" {
		ids = append(ids, f.Name+"-read")
	}
	if f.Error != "" {
		ids = append(ids, f.Name+"-error")
	}
	return strings.Join(ids, " ")
}

// Input is one line of text.
type Input struct {
	Field
	Value        string
	Type         string // "" is text
	Width        string // "2", "4", "10", "20", "one-half", …; "" is the whole width
	InputMode    string
	Autocomplete string
	Spell        bool
}

// WidthClass names the width to the stylesheet.
func (i Input) WidthClass() string {
	switch {
	case i.Width == "":
		return ""
	case strings.Contains(i.Width, "-"):
		return " govuk-!-width-" + i.Width
	}
	return " govuk-input--width-" + i.Width
}

// Textarea is some lines of text; with a Limit the characters left are counted.
type Textarea struct {
	Field
	Value string
	Rows  int
	Limit int
}

// Describes adds the line that counts.
func (t Textarea) Describes() string {
	if t.Limit == 0 {
		return t.Field.Describes()
	}
	return strings.TrimSpace(t.Field.Describes() + " " + t.Name + "-info")
}

// Height is the number of rows shown.
func (t Textarea) Height() int {
	if t.Rows == 0 {
		return 5
	}
	return t.Rows
}

// Choices are radios, checkboxes or the options of a select.
type Choices struct {
	Field
	Options []Option
	Small   bool
	Inline  bool
}

// Option is one of them. What it reveals is shown by a script when it is
// chosen, and always without one.
type Option struct {
	Value, Text, Hint string
	Checked           bool
	Or                bool // the word "or" stands before it
	Input             *Input
	Textarea          *Textarea
}

// ID is the id of the option at place i.
func (c Choices) ID(i int) string {
	if i == 0 {
		return c.Name
	}
	return fmt.Sprintf("%s-%d", c.Name, i+1)
}

// DateInput is a date in three fields named name-day, name-month, name-year.
type DateInput struct {
	Field
	Day, Month, Year string
}

// Button is a button of a form or, with an Href, a link that looks like one.
type Button struct {
	Text        string
	Kind        string // "", "secondary" or "warning"
	Name, Value string
	Confirm     bool // pressed by Ctrl+Enter
	Href        string
}

// Tag is a word on a colour.
type Tag struct {
	Text, Colour string // "" is grey
	Strong       bool   // white on the full colour, for crisis
}

// Band is the red band of crisis.
type Band struct {
	Text, Detail string
	Link         *Link
}

// Alert tells what happened. It is never taken away by itself.
type Alert struct {
	Kind  string // information, success, warning or error
	Title string // with Text it stands as a heading
	Text  string
	Link  *Link
}

// Line is one row of a summary list.
type Line struct {
	Key, Value string
	Href       string // the value is a link
	Tags       []Tag
	Note       string // small, below the value: where it was read
	Missing    bool   // nothing is known yet
	Changed    bool   // differs from what it stands beside
	Action     *Link  // "Change"; the key is read out after it
}

// Card is a summary list under its own title.
type Card struct {
	ID, Title string
	Lines     []Line
	Actions   []Link
}

// Table is a table that scrolls by itself when it is too wide, or with Stacked
// becomes one card a row on a phone.
type Table struct {
	Caption   string
	ShowTitle bool // the caption is seen, not only read out
	Columns   []Column
	Rows      []Row
	Stacked   bool
	Dense     bool
	Empty     string // the sentence when there are no rows
}

// Column heads a column. Sorting is a link that the server answers.
type Column struct {
	Text    string
	Numeric bool
	Sort    string // address that sorts by this column
	Sorted  string // "ascending", "descending" or ""
}

// Row is one row; its crisis is seen as a red edge and said by a tag.
type Row struct {
	Crisis bool
	Cells  []Cell
}

// Cell is one cell. The first cell with Head names the row.
type Cell struct {
	Text    string
	Href    string
	Sub     string // small, below
	Tags    []Tag
	Head    bool
	Numeric bool
	Late    bool // overdue: red, and the words say so
	Percent int  // above 0 the cell draws a bar of this width beside its number
}

// Step is one line of a task list.
type Step struct {
	Text, Hint string
	Href       string
	Tag        *Tag
	Done       string // "Completed", without a tag
}

// Happening is one entry of a timeline.
type Happening struct {
	Title   string
	By      string
	At      time.Time
	Text    string
	Changes []Changed
	Links   []Link
	Tag     *Tag
}

// Changed is a field's old and new value.
type Changed struct{ Field, Old, New string }

// Tabs are links that look like tabs; each is a page of its own.
type Tabs struct {
	Label string
	Items []Tab
}

// Tab is one of them.
type Tab struct {
	Text, Href string
	Count      int
	Counted    bool // show the count, also 0
	Alarm      bool // the count is of things that cannot wait
	Current    bool
}

// Filter narrows a list. It is a form of GET: names and numbers of people never
// stand in an address, so a search for them is a form of its own by POST.
type Filter struct {
	Action string
	Groups []Choices
	Chosen []Link // each removes one filter
	Clear  string
	Hidden []Pair // kept in the address: sort, tab
}

// Pair is a hidden field.
type Pair struct{ Name, Value string }

// Live is the line that says politely that a list changed.
type Live struct {
	Address string // answered by Server.live
	Version string // what this page was made from
	Action  string // "Refresh the list"
	Every   int    // seconds, 0 is 30
}

// Identity heads the pages of one case.
type Identity struct {
	Ref   string
	Name  string
	Tags  []Tag
	Facts []Line
}

// Copy copies the reference.
func (i Identity) Copy() Copy { return Copy{ID: "ref", Text: i.Ref, Label: "reference"} }

// Fold is a text that opens by a click.
type Fold struct{ Summary, Text string }

// Copy is a button that copies a text.
type Copy struct{ ID, Text, Label string }
