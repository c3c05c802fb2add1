package reading

import (
	"testing"
	"time"
)

var testNow = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// level is the highest level that a text raises by itself: no classes, no forms.
func levelOf(text string) Urgency {
	level := Routine
	for _, c := range Scan(testNow, []string{"essex.dsr@essex.gov.uk"}, PartText{"1", text}) {
		switch {
		case len(c.Rule) > 6 && c.Rule[:6] == "crisis":
			return Crisis
		case len(c.Rule) > 6 && c.Rule[:6] == "urgent":
			level = Urgent
		}
	}
	return level
}

// A missed danger can cost a life: each of these words must be seen alone.
func TestDangerNowIsSeen(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"He says he is going to kill himself tonight.",
		"she wants to die and i dont know what to do",
		"I have taken 40 paracetamol about an hour ago.",
		"hes took an overdose the ambulance is here",
		"Ella has cut her wrists and it won't stop bleeding.",
		"I dont want to be here anymore.",
		"My son is on the roof of the school now.",
		"He has a knife and has locked us in the kitchen.",
		"She's just drunk bleach.",
		"My daughter has not come home since last night and her phone is off.",
		"He has tied a belt round his neck.",
		"I cannot keep him safe tonight.",
		"He is standing on the wrong side of the railings on the bridge.",
		"She has stopped taking her insulin and she won't wake up.",
		"He is smashing the house up right now and I am scared for my life, please help.",
		"Kai told his teacher that he will hang himself after school today.",
		"We have nowhere to sleep tonight.",
		"he's got petrol and says he will set fire to the house",
		"She has been hoarding tablets and says she will take them when we are asleep.",
		"Nobody has seen Marcus since Tuesday and he left a note.",
		"I think I'm going to jump in front of a train.",
		"He texted me goodbye mum and now he isn't answering.",
		"i want to end it all",
		"I would be better off dead.",
		"She keeps saying she wishes she was dead and she has got the scissors.",
	} {
		if got := levelOf(text); got != Crisis {
			t.Errorf("%q is %s, want crisis", text, got)
		}
	}
}

// Quiet words are an alarm when two kinds of them meet.
func TestQuietWordsTogetherAreAnAlarm(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"I have found a home for the cat and my papers are in order. Thank you for everything.",
		"She has given her laptop to her sister and she seems so calm since the weekend.",
		"I've written the letters. The keys are with my neighbour. Please don't be sad.",
		"He said goodbye to each of us and gave his bike to his cousin.",
		"My affairs are in order and I won't be needing the appointment on Friday.",
	} {
		if got := levelOf(text); got != Crisis {
			t.Errorf("%q is %s, want crisis", text, got)
		}
	}
	for _, text := range []string{
		"We rehomed the dog in the summer because of his allergy.",
		"She was very calm after the medication was changed.",
		"I am sorry for the trouble, here is the form again.",
		"We said goodbye to the old school in July.",
	} {
		if got := levelOf(text); got == Crisis {
			t.Errorf("%q is a crisis", text)
		}
	}
}

// What is denied, over, printed or somebody else's voice raises no alarm.
func TestNoAlarmFromWhatIsDeniedOrOver(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		most Urgency
	}{
		{"He overdosed in 2019.", Urgent},
		{"She took an overdose when she was fourteen, years ago.", Urgent},
		{"He is not suicidal.", Routine},
		{"She has no thoughts of self-harm or suicide.", Routine},
		{"There are no plans to hurt himself.", Routine},
		{"Suicidal ideation: No", Routine},
		{"Suicidal ideation: ☐ Yes ☒ No", Routine},
		{"Risk of suicide ☐ Yes ☐ No", Routine},
		{"Self-harm\tNone", Routine},
		{"If you are worried about somebody's safety call 999. Samaritans: 116 123.", Routine},
		{"In an emergency dial 999.", Routine},
		{"I could kill for a cup of tea and the kids are dying to see the lights.", Routine},
		{"Her brother killed the battery on the tablet.", Routine},
		{"The overdose policy has been updated.", Routine},
		{"He used to run away when he was little.", Urgent},
		{"Please send the missing pages of the form.", Routine},
		{"It kills me to see him so bored.", Routine},
		{"He shot up this year, he is taller than me.", Routine},
	} {
		got := levelOf(c.text)
		if got == Crisis || got == Urgent && c.most == Routine {
			t.Errorf("%q is %s, want %s at most", c.text, got, c.most)
		}
	}
}

// Our own letters name helplines and ask about suicide; quoted below an answer
// they are nobody's words.
func TestOurLetterBelowIsNoAlarm(t *testing.T) {
	t.Parallel()
	text := "His GP is Broomfield Park.\n\nOn Mon, 16 Nov 2026 at 10:00, Essex DSR team <Essex.DSR@essex.gov.uk> wrote:\n> Is there any talk of suicide? Has he taken an overdose?\n> This team does not give emergency help. If somebody is in danger now call 999.\n"
	if got := levelOf(text); got != Routine {
		t.Errorf("our own letter is %s", got)
	}
	text = "He has taken an overdose, the ambulance is coming.\n\n" + text
	if got := levelOf(text); got != Crisis {
		t.Errorf("the answer above our letter is %s", got)
	}
}

// What happens within days is urgent.
func TestWhatPressesIsUrgent(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"The provider has given 28 days' notice.",
		"He was arrested last night and is in custody.",
		"She was sectioned on Friday.",
		"I can't go on like this, I am at the end of my tether.",
		"The landlord says we must leave by Friday.",
		"He was found on the roof of the car park last week.",
		"She stopped taking her epilepsy tablets a week ago.",
		"He was held under section 136 at the weekend.",
		"The bailiffs are coming on Tuesday.",
		"Mum goes into hospital on Monday and there is nobody to have him.",
	} {
		if got := levelOf(text); got == Routine {
			t.Errorf("%q is routine", text)
		}
	}
}

// Signs of abuse are seen whatever a form's box says.
func TestSignsOfAbuseAreSeen(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Safeguarding concerns: No\nHer stepdad hits her with a belt.",
		"Two men have moved into his flat and take his benefits.",
		"She told the nurse that her uncle touched her.",
		"Staff lock him in his room at night.",
		"He is frightened of his brother.",
		"His mum's boyfriend gave him a black eye.",
	} {
		found := false
		for _, c := range Scan(testNow, nil, PartText{"1", text}) {
			found = found || len(c.Rule) > 5 && c.Rule[:5] == "guard"
		}
		if !found {
			t.Errorf("%q: no sign of abuse", text)
		}
	}
}
