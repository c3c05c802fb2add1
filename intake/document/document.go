// Package document turns the files people attach (Word, PDF, OpenDocument, RTF,
// spreadsheets, Outlook items, archives, pictures) into text in which every
// value has a place. It never refuses and never runs anything of theirs: a file
// that cannot be read becomes a Document whose State and Why tell a person so.
//
// All readers share one model: a Document has one Text, and Blocks, Cells and
// Controls are spans of it. Offsets are bytes of that Text. Untrusted bytes are
// parsed in a sandboxed child process of the program itself (sandbox.go); the
// readers bound what they do all the same.
package document

// State of an attachment after reading.
type State string

const (
	Read        State = "read"
	Empty       State = "empty"       // nothing in it, or a form that nobody filled in is still Read
	Unreadable  State = "unreadable"  // broken, or a kind that no reader knows
	Encrypted   State = "encrypted"   // needs a password or a key
	TooLarge    State = "too_large"   // over a limit
	Quarantined State = "quarantined" // malware, bomb
	NeedsHands  State = "needs_hands" // a picture or scan, a link: a person must look
)

// File is what came in: the name and type are what the mail said, never believed.
type File struct {
	Part string // MIME part number; members of archives go on with "/"
	Name string
	Type string // media type as labelled
	Data []byte
}

// Document is one file as text with places.
type Document struct {
	Part     string
	Name     string
	Type     string // media type by sniffing
	Size     int
	State    State
	Why      string // for people, when State is not Read
	Text     string // as the case page shows it; \n between lines, \t between cells of a row
	Blocks   []Block
	Pages    int
	Members  []Document // of archives, Outlook items and TNEF, in order
	Mails    []Mail     // mails found inside: message.Read reads them
	Warnings []string   // macros, external links, tracked deletions left out, limits reached
}

// Mail is a mail found inside a file (.msg converted, .eml in an archive).
type Mail struct {
	Part string
	Raw  []byte
}

// BlockKind is what a stretch of a document is.
type BlockKind string

const (
	Paragraph BlockKind = "paragraph"
	Heading   BlockKind = "heading"
	Table     BlockKind = "table"
	Form      BlockKind = "form" // form fields that have no place in the text's flow (AcroForm, XFA)
)

// Block is a paragraph, heading, table or set of form fields, in reading order.
type Block struct {
	Kind       BlockKind
	Page       int // 1-based; 0 where the format has no pages
	Start, End int
	Rows       []Row     // of tables
	Controls   []Control // of paragraphs and forms
	Bold       bool      // of paragraphs: all of it is bold, as headings without a style are
	Origin     string    // where in the file: "word/document.xml", "header", "textbox", "acroform", "ocr"
}

// Row is a table row; a nested table stands in its own Block, its text also in the cell.
type Row struct{ Cells []Cell }

// Cell is one cell; Span counts the grid columns it covers (1 or more).
type Cell struct {
	Start, End int
	Span       int
	Header     bool
	Controls   []Control
}

// ControlKind is the kind of a form control or mark.
type ControlKind string

const (
	CheckBox ControlKind = "checkbox" // also ☐ ☒ ☑ ✓ glyphs, Wingdings boxes, legacy form boxes
	TextBox  ControlKind = "text"
	DropDown ControlKind = "dropdown"
	DateBox  ControlKind = "date"
	Struck   ControlKind = "struck" // struck through: the choice NOT meant ("Yes / ~~No~~")
	Marked   ControlKind = "marked" // highlighted, circled or bold among plain choices
)

// Control is a form control, or formatting that answers a question.
type Control struct {
	Kind        ControlKind
	Label       string // tag, alias, tooltip or field name; may be meaningless ("Text12")
	Name        string // the form maker's name for the field, when Label is a better one
	Value       string // chosen or typed; "" for a placeholder
	Checked     bool   // of check boxes
	Placeholder bool   // shows its prompt: no value
	Start, End  int    // span in Text; Start==End where it has none; around several paragraphs it ends after its block
	Options     []string
}
