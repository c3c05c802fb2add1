package workflow

import "time"

// Change is everything one action means. Nothing has happened yet: package
// store applies all of it in one transaction, or none of it.
type Change struct {
	Case     CaseID
	Action   Action
	From, To State // equal when the state stays
	By       Actor
	At       time.Time
	Closed   ClosedReason
	Note     string // words for the timeline; kept apart from the event, since they may be personal

	Urgency          Urgency // "" leaves it
	Owner            *ActorID
	Raise, Lower     []Flag
	Fields           []FieldChange
	Person           *Person // confirmed identity
	Parties          []Party // ID 0 adds, else replaces
	Consents         []Consent
	Capacities       []Capacity
	BestInterests    []BestInterests
	Contacts         []Contact
	Rating           *Assessment
	NextReview       Date
	OnRegister       Date // first day on the register
	Lead             *Lead
	Item             *ItemChange
	Interest         *Interest
	View             *View
	Decision         *Decision
	Removal          *Removal
	Agreement        *Agreement
	Frozen           *Frozen
	Approval         *Approval
	StopLetter       LetterID // withdrawn before it left
	SendBack         LetterID // submitted letter to be written again
	Typed            *Typed
	Posted           *Posted
	Letters          []LetterDue
	StopLetters      bool         // withdraw every letter that has not left
	StopKinds        []LetterKind // withdraw the letters of these kinds that have not left
	Tasks            []TaskDue
	Done             []TaskKind
	Alerts           []string // the duty list hears of it, without names
	CETR             *CETRStep
	Merge            *Merge
	Follows          CaseID // the earlier episode; the person is then that case's
	Plan             []PlanItem
	PlanEnds         []PlanEnd
	Responsible      *Responsibility
	Shares           []Share
	SharesStopped    []ShareID
	SharesStoppedWhy string
	SharesTold       []ShareID
	Keyworker        *KeyworkerStep
	Timers           []TimerDue
	StopTimers       []TimerKind
	StopAllTimers    bool
}

// Keeps reports whether the version stays: nothing that a person decided or typed.
func (c Change) Keeps() bool { return !c.By.IsPerson() }

// FieldChange confirms, corrects or types one field. The old value is kept.
type FieldChange struct {
	Field  Field
	Value  string
	Values []string
	Why    string // of a correction
}

// Lead names the lead professional, or who will name one.
type Lead struct {
	Party   PartyID
	NamedBy string
}

// ItemChange puts a case on an agenda, moves it, or takes it off.
type ItemChange struct {
	Panel PanelID
	State ItemState
	Why   string
}

// LetterDue says that a letter is due: its kind, to whom and why; its words are
// made later, once, by package letters.
type LetterDue struct {
	Kind      LetterKind
	Party     PartyID // 0 for a fixed reply to the From address of a message
	To        string  // only of fixed replies (L1, L2, L14): the From address
	Message   MessageID
	Way       Way // "" is by email
	Content   Content
	Asks      []string          // L3: what is missing, in words
	Typed     map[string]string // what is known for this letter alone
	Replaces  LetterID          // the letter that it corrects
	NotBefore time.Time
}

// Typed is what staff wrote for one letter alone, and the way it goes.
type Typed struct {
	Letter LetterID
	Way    Way
	Words  map[string]string
}

// Posted says that a letter was printed and posted.
type Posted struct {
	Letter LetterID
	On     Date
}

// TaskKind names what must be done.
type TaskKind string

const (
	TaskOpenCrisis    TaskKind = "open the crisis mail"
	TaskReadUnread    TaskKind = "look at what could not be read"
	TaskTriage        TaskKind = "look at a new referral"
	TaskSafeguarding  TaskKind = "act on a safeguarding concern"
	TaskReadHold      TaskKind = "read what put the case on hold"
	TaskAskPerson     TaskKind = "ask the person in a way they can use"
	TaskWriteByHand   TaskKind = "reach somebody whom no letter may go to"
	TaskChaseInfo     TaskKind = "ask again for information"
	TaskChaseConsent  TaskKind = "ask again about consent"
	TaskApprove       TaskKind = "approve a letter"
	TaskDraft         TaskKind = "draft a letter"
	TaskUndelivered   TaskKind = "reach somebody whose letter did not arrive"
	TaskUnknown       TaskKind = "find out whether a letter left"
	TaskFirstSupport  TaskKind = "first talk about support"
	TaskReview        TaskKind = "review"
	TaskCETR          TaskKind = "ask for a care, education and treatment review"
	TaskBirthday      TaskKind = "prepare for a birthday"
	TaskRecheck       TaskKind = "ask again whether the person still agrees"
	TaskDeath         TaskKind = "notify the learning from lives and deaths programme"
	TaskTellSharers   TaskKind = "tell those we shared with to stop"
	TaskAcknowledge   TaskKind = "acknowledge by hand"
	TaskRatify        TaskKind = "ratify an interim inclusion"
	TaskSecureMail    TaskKind = "open a secure message by hand"
	TaskConfirmMerge  TaskKind = "look whether two cases are about the same person"
	TaskPlan          TaskKind = "look at the support plan"
	TaskCETRReport    TaskKind = "ask for the report of a review"
	TaskKeyworker     TaskKind = "refer to a keyworker, or record why not"
	TaskPanel         TaskKind = "find a place on a panel"
	TaskNoContact     TaskKind = "decide whether to close: nobody could be reached"
	TaskAfterSixteen  TaskKind = "manager: record what happens after the sixteenth birthday"
	TaskSpeak         TaskKind = "speak with the person who referred themselves"
	TaskNextStep      TaskKind = "the next step after a contact"
	TaskNewFact       TaskKind = "read what was added"
	TaskBestInterests TaskKind = "look at the best-interests decision again, and offer an advocate"
)

// TaskDue makes a task, one open task of a kind per case.
type TaskDue struct {
	Kind  TaskKind
	Due   time.Time
	Owner ActorID
	Why   string // no personal data
}

// TimerKind names what a timer asks for when it fires.
type TimerKind string

const (
	TimerCrisis       TimerKind = "crisis not opened"
	TimerSafeguarding TimerKind = "safeguarding not opened"
	TimerReferred     TimerKind = "safeguarding not passed on"
	TimerUnread       TimerKind = "unreadable mail not opened"
	TimerTriage       TimerKind = "triage overdue"
	TimerHold         TimerKind = "hold not read"
	TimerInfo         TimerKind = "information reminder"
	TimerConsent      TimerKind = "consent reminder"
	TimerPanel        TimerKind = "panel overdue"
	TimerLetters      TimerKind = "letters overdue"
	TimerReview       TimerKind = "review due"
	TimerCETR         TimerKind = "no care, education and treatment review"
	TimerKeyworker    TimerKind = "no keyworker"
	TimerBirthday     TimerKind = "birthday"
	TimerConsentEnd   TimerKind = "consent runs out"
	TimerRatify       TimerKind = "interim inclusion not ratified"
)

// TimerKinds lists every kind.
func TimerKinds() []TimerKind {
	return []TimerKind{TimerCrisis, TimerSafeguarding, TimerReferred, TimerUnread, TimerTriage, TimerHold, TimerInfo, TimerConsent, TimerPanel,
		TimerLetters, TimerReview, TimerCETR, TimerKeyworker, TimerBirthday, TimerConsentEnd, TimerRatify}
}

// TimerDue sets a timer, one of a kind per case; setting it again moves it.
type TimerDue struct {
	Kind TimerKind
	At   time.Time
}
