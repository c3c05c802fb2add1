package workflow

import (
	"slices"
	"time"
)

// Transition is one row of the lifecycle: who may do what from where, where it
// leads, which checks it must pass and which letters it makes due.
type Transition struct {
	Action  Action
	From    []State
	To      State  // None: the state stays
	Via     string // how To is reached when not at once
	May     []Role
	Guards  []Guard
	Letters []LetterKind
	Words   string // the action in a sentence for pages and the printed table
}

// Stays reports whether the action leaves the state as it is.
func (t Transition) Stays() bool { return t.To == None }

func on(s ...State) []State { return s }
func may(r ...Role) []Role  { return r }

// Transitions is the lifecycle as data. Every action of a case has exactly one
// row, so a page, a timer and the printed picture cannot know better.
func Transitions() []Transition {
	casework := may(Coordinator, Practitioner)
	return []Transition{
		{Action: Open, From: on(None), To: New, May: may(System, Coordinator, Practitioner), Letters: kinds(L1, L2), Words: "a referral becomes a case"},
		{Action: Take, From: on(New), To: Triage, May: casework, Words: "somebody takes it into triage"},
		{Action: AskForInformation, From: on(Triage), To: AwaitingInfo, May: casework, Guards: guards(somethingMissing, notCrisis, notHeld, referrerConfirmed), Letters: kinds(L3), Words: "ask the referrer for what is missing"},
		{Action: InformationCame, From: on(AwaitingInfo), To: Triage, May: may(System, Coordinator, Practitioner), Words: "what was asked for came"},
		{Action: AskForConsent, From: on(Triage, AwaitingInfo), To: AwaitingConsent, May: casework, Guards: guards(consentMissing, notHeld), Letters: kinds(L4, L4b), Words: "ask whoever decides whether they want this"},
		{Action: SettleConsent, From: on(AwaitingConsent), To: ReadyForPanel, May: may(Practitioner), Guards: guards(notHeld, complete, consentHeld, duplicateSettled, areaConfirmed), Words: "consent is settled and the referral is complete"},
		{Action: RefuseConsent, From: on(AwaitingConsent), To: Closed, May: may(Practitioner, Manager), Letters: kinds(L10), Words: "the person, or who decides for them, said no"},
		{Action: MakeReady, From: on(Triage), To: ReadyForPanel, May: may(Practitioner), Guards: guards(notHeld, complete, consentHeld, duplicateSettled, areaConfirmed), Words: "complete, with consent: ready for the panel"},
		{Action: CloseOutOfArea, From: on(Triage), To: Closed, May: may(Practitioner, Manager), Letters: kinds(L9), Words: "another area's register is the right one"},
		{Action: ProposeMerge, From: on(New, Triage, AwaitingInfo, AwaitingConsent), May: casework, Words: "say that it is about the same person as another open case"},
		{Action: CloseDuplicate, From: on(New, Triage, AwaitingInfo, AwaitingConsent), To: Closed, May: may(Coordinator, Practitioner, Manager), Letters: kinds(L1b), Words: "somebody else confirms that it is the same person; both referrals are kept"},
		{Action: TakeMerged, From: open(), May: may(Coordinator, Practitioner, Manager), Words: "a duplicate joins this case"},
		{Action: UndoMerge, From: on(Closed), To: Triage, May: may(Manager), Words: "they were two people: the cases come apart again"},
		{Action: GiveBack, From: append(open(), Closed), May: may(Manager), Words: "a case that had joined is taken out again"},
		{Action: FollowEpisode, From: on(New, Triage, AwaitingInfo, AwaitingConsent), May: may(Coordinator), Words: "the person was with us before: a new episode, linked to the earlier case"},
		{Action: CloseEnquiry, From: on(Triage), To: Closed, May: may(Coordinator), Letters: kinds(L0), Words: "it asks how this works and refers nobody"},
		{Action: PutOnPanel, From: on(ReadyForPanel), To: PanelScheduled, May: may(Coordinator), Guards: guards(notHeld, consentHeld), Letters: kinds(L5), Words: "put on the agenda of a dated panel"},
		{Action: TakeOffPanel, From: on(PanelScheduled), To: ReadyForPanel, May: may(Coordinator), Guards: guards(onAgenda), Letters: kinds(L5b), Words: "taken off the agenda, with a reason"},
		{Action: OpenPanel, From: on(PanelScheduled), To: InPanel, May: may(Chair), Guards: guards(chairsIt, notHeld, consentHeld, quorate, interestsDeclared), Words: "the chair opens it in the panel"},
		{Action: Accept, From: on(InPanel), To: Accepted, May: may(Chair), Guards: guards(chairsIt, notHeld, consentHeld, quorate, interestsDeclared, freshEyes), Letters: kinds(L6), Words: "the panel accepts the person to the register"},
		{Action: NotAccept, From: on(InPanel), To: NotAccepted, May: may(Chair), Guards: guards(chairsIt, notHeld, quorate, interestsDeclared, freshEyes), Letters: kinds(L7), Words: "the panel does not accept, with recommendations and signposting"},
		{Action: Defer, From: on(InPanel), To: Deferred, May: may(Chair), Guards: guards(chairsIt), Letters: kinds(L3), Words: "the panel needs more before it decides"},
		{Action: DeclareInterest, From: on(PanelScheduled, InPanel), May: may(Chair, PanelMember, Expert), Guards: guards(sitsOnIt), Words: "a member says whether there is an interest"},
		{Action: GiveView, From: on(PanelScheduled, InPanel), May: may(Chair, PanelMember, Expert), Guards: guards(sitsOnIt, notHeld), Words: "a member gives a view"},
		{Action: ItemsIn, From: on(Deferred), To: ReadyForPanel, May: may(Coordinator), Guards: guards(notHeld, consentHeld), Words: "what the panel asked for is in, or its date has passed"},
		{Action: IncludeInterim, From: on(ReadyForPanel), To: OnRegister, May: may(Chair), Guards: guards(notHeld, consentHeld), Letters: kinds(L6), Words: "included for now because somebody may be detained within days"},
		{Action: Ratify, From: on(OnRegister), May: may(Chair), Guards: guards(isInterim), Words: "a full panel ratifies an interim inclusion"},
		{Action: CorrectDecision, From: on(Accepted, NotAccepted, OnRegister, Closed), May: may(Manager), Guards: guards(hasDecision), Words: "correct a decision; the old one is kept"},
		{Action: Rate, From: on(OnRegister, RemovalProposed, Transferring), May: may(Practitioner, Chair), Guards: guards(notHeld), Words: "change the rating, with a reason"},
		{Action: Review, From: on(OnRegister, Transferring), May: may(Practitioner), Guards: guards(notHeld), Letters: kinds(L12), Words: "record a review"},
		{Action: ChangePlan, From: on(Accepted, OnRegister, RemovalProposed, Transferring), May: may(Coordinator, Practitioner), Words: "add to the support plan, or record what came of it"},
		{Action: SetLead, From: on(Accepted, OnRegister, RemovalProposed, Transferring), May: may(Practitioner, Manager), Words: "name the lead professional"},
		{Action: SetResponsible, From: open(), May: may(Coordinator, Practitioner), Words: "say which council or board answers for the person"},
		{Action: RecordShare, From: open(), May: may(Practitioner, Manager), Words: "record what was told to a professional, and on what basis"},
		{Action: RecordShareStop, From: append(open(), Closed), May: may(Coordinator, Practitioner, Manager), Words: "record that somebody was told to stop sharing"},
		{Action: RecordCETR, From: on(OnRegister, RemovalProposed, Transferring), May: may(Practitioner), Guards: guards(notHeld), Words: "record how far a care, education and treatment review has come"},
		{Action: RecordKeyworker, From: on(OnRegister, RemovalProposed, Transferring), May: may(Practitioner), Guards: guards(notHeld), Words: "record how far a keyworker has come"},
		{Action: ProposeRemoval, From: on(OnRegister), To: RemovalProposed, May: may(Practitioner), Guards: guards(notHeld, notRedNorBlue), Words: "somebody says the risk is now safely managed"},
		{Action: RecordAgreement, From: on(RemovalProposed), May: casework, Words: "record what one of those involved says to the removal"},
		{Action: Remove, From: on(RemovalProposed), To: Closed, Via: "when the letter is approved", May: may(Chair, Manager), Guards: guards(notHeld, allAgree), Letters: kinds(L8), Words: "all those involved agree that support is safe in the community"},
		{Action: KeepOnRegister, From: on(RemovalProposed), To: OnRegister, May: may(Practitioner), Letters: kinds(L12), Words: "somebody disagrees: stays on the register"},
		{Action: CloseNotEligible, From: on(OnRegister), To: Closed, Via: "when the letter is approved", May: may(Chair), Letters: kinds(L8), Words: "assessed as having no learning disability and not being autistic"},
		{Action: Withdraw, From: open(), To: Closed, May: may(Practitioner), Letters: kinds(L10), Words: "the person, or who decides for them, takes consent back; nobody else has to agree"},
		{Action: WithdrawReferral, From: undecided(), To: Closed, May: may(Practitioner), Guards: guards(safeguardingSettled), Letters: kinds(L10), Words: "the referrer takes it back and nobody entitled wants it"},
		{Action: BeginTransfer, From: on(OnRegister), To: Transferring, May: may(Practitioner, Manager), Guards: guards(notHeld), Words: "the person moves to another area"},
		{Action: StopTransfer, From: on(Transferring), To: OnRegister, May: may(Practitioner, Manager), Words: "the move does not happen: stays with us"},
		{Action: CompleteTransfer, From: on(Transferring), To: Closed, May: may(Practitioner, Manager), Guards: guards(notHeld), Letters: kinds(L9), Words: "the other area accepted in writing"},
		{Action: CloseNoContact, From: on(AwaitingInfo, AwaitingConsent), To: Closed, May: may(Practitioner), Guards: guards(notUrgent, triedToReach), Letters: kinds(L15), Words: "nobody could be reached after two reminders and a try"},
		{Action: CloseError, From: open(), To: Closed, May: may(Manager), Words: "made in error"},
		{Action: RecordDeath, From: append(open(), Closed), To: Closed, May: may(Practitioner, Manager), Words: "the person has died: every letter and timer stops"},
		{Action: Reopen, From: on(Closed), To: None, Via: "the state before", May: may(Manager), Words: "closed by mistake, within 28 days"},
		{Action: LookAgain, From: on(Closed), To: Triage, May: may(Manager), Guards: guards(wasNotAccepted), Letters: kinds(L1c), Words: "asked to look again at a case not accepted"},
		{Action: ConsentLapsed, From: on(ReadyForPanel, PanelScheduled, InPanel, Deferred), To: AwaitingConsent, May: may(System), Words: "consent lapsed: asked anew"},
		{Action: Hold, From: open(), May: may(System, Coordinator, Practitioner, Manager), Words: "somebody said no, or may have: everything stops until a practitioner has read it"},
		{Action: LiftHold, From: open(), May: may(Practitioner), Words: "a practitioner has read why"},
		{Action: ConfirmFields, From: open(), May: casework, Words: "confirm or correct what was read"},
		{Action: RecordConsent, From: open(), May: may(Practitioner), Words: "record an answer about consent"},
		{Action: SettleDisagreement, From: open(), May: may(Manager), Guards: guards(disagreement), Words: "settle with a practitioner what those with parental responsibility disagree about"},
		{Action: RecordCapacity, From: open(), May: may(Practitioner), Words: "record an assessment of capacity"},
		{Action: RecordBestInterest, From: open(), May: may(Practitioner), Words: "record a best-interests decision"},
		{Action: SetParty, From: open(), May: casework, Words: "name somebody around the person, or change how they may be reached"},
		{Action: SetUrgency, From: open(), May: may(System, Coordinator, Practitioner), Words: "raise the urgency, or lower it with a reason"},
		{Action: Assign, From: open(), May: may(Coordinator, Practitioner, Manager), Words: "give the case to somebody"},
		{Action: Note, From: append(open(), Closed), May: may(Coordinator, Practitioner, Manager), Words: "add a note to the timeline"},
		{Action: RecordContact, From: append(open(), Closed), May: casework, Words: "record a call, visit or meeting"},
		{Action: FileMessage, From: append(open(), Closed), May: may(System, Coordinator, Practitioner), Words: "a message joins the case"},
		{Action: DraftLetter, From: append(open(), Closed), May: casework, Guards: guards(notHeld), Words: "make a letter due by hand"},
		{Action: SubmitLetter, From: append(open(), Closed), May: casework, Guards: guards(notHeld), Words: "submit the exact bytes of a letter for approval"},
		{Action: ApproveLetter, From: append(open(), Closed), May: may(Coordinator, Practitioner, Manager), Guards: guards(notHeld), Letters: kinds(L11), Words: "approve the exact bytes of a letter"},
		{Action: SendBackLetter, From: append(open(), Closed), May: may(Coordinator, Practitioner, Manager), Words: "send a letter back to be written again"},
		{Action: StopALetter, From: append(open(), Closed), May: may(Coordinator, Practitioner, Manager), Words: "stop a letter before it leaves"},
		{Action: WriteLetter, From: append(open(), Closed), May: casework, Guards: guards(notHeld), Words: "write what only this letter says, or choose its way"},
		{Action: PostLetter, From: append(open(), Closed), May: casework, Guards: guards(notHeld), Words: "record that an approved letter was printed and posted"},
		{Action: MakeAgain, From: append(open(), Closed), May: casework, Guards: guards(notHeld), Words: "make a letter due again that did not arrive, or was wrong"},
	}
}

// transition is the row of an action; the table has one for every action.
func transition(a Action) (Transition, bool) {
	for _, t := range Transitions() {
		if t.Action == a {
			return t, true
		}
	}
	return Transition{}, false
}

// May reports whether the actor may take the action in the case's state, before
// any guard: nil, or a refusal in words. The page asks it for its buttons, and
// every action asks it again.
func (f File) May(by Actor, a Action) error {
	t, ok := transition(a)
	if !ok {
		return invalid("", "There is no action %q.", a)
	}
	if !by.Has(t.May...) {
		return notAllowed("Only %s can do this: %s.", roleWords(t.May), t.Words)
	}
	if !slices.Contains(t.From, f.Case.State) {
		return conflict("This case is %q. That cannot be done from here: %s.", f.Case.State, t.Words)
	}
	return nil
}

// Can is May and the guards of the table: what stands in the way, or nil.
func (f File) Can(by Actor, a Action, at time.Time) error {
	if err := f.May(by, a); err != nil {
		return err
	}
	t, _ := transition(a)
	for _, g := range t.Guards {
		if err := g.Check(f, by, at); err != nil {
			return err
		}
	}
	return nil
}

// begin is the start of every action: rights, state and guards, then a Change
// to the row's next state.
func (f File) begin(by Actor, at time.Time, a Action) (Change, error) {
	if err := f.Can(by, a, at); err != nil {
		return Change{}, err
	}
	t, _ := transition(a)
	c := Change{Case: f.Case.ID, Action: a, From: f.Case.State, To: f.Case.State, By: by, At: at}
	if !t.Stays() && t.Via == "" {
		c.To = t.To
	}
	return c, nil
}

func roleWords(roles []Role) string {
	s := ""
	for i, r := range roles {
		switch {
		case i > 0 && i == len(roles)-1:
			s += " or "
		case i > 0:
			s += ", "
		}
		s += "a " + r.Words()
	}
	return s
}
