package main

import (
	"context"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

func demoAccount(u demoUser, hash string) store.User {
	return store.User{Email: u.email, Name: u.name, Roles: u.roles, Password: hash}
}

// furnishTeam gives the demo's team a telephone and its out-of-hours answer.
func (s *service) furnishTeam(ctx context.Context) error {
	set, version, err := s.db.Settings(ctx)
	if err != nil {
		return err
	}
	set.Phone, set.PhoneHours, set.HoldMinutes = "01632 960123", "9am to 5pm, Monday to Friday", 1
	set.Postal, set.Privacy = "Essex DSR team, 1 Example Street, Chelmsford CM1 1XX", "https://dsr.example.org/privacy"
	set.OutOfHours = "nobody, accepted by Maya Cole, manager, for the demonstration"
	set.LiveChecked = "nobody: these are demonstration numbers"
	return s.db.SaveSettings(ctx, workflow.Service(), s.config.Now(), version, set)
}

// furnishDirectory verifies three invented services, so that a decision with
// signposting can be tried; the shipped entries stay unverified.
func (s *service) furnishDirectory(ctx context.Context) error {
	manager := workflow.Actor{ID: 0, Name: "Maya Cole", Roles: []workflow.Role{workflow.Manager}}
	for _, x := range []workflow.Signpost{
		{Name: "Example Family Support Line", For: "talking to somebody about caring for a child or adult at home", Phone: "01632 960201", Hours: "9am to 9pm, every day", How: "Ring them", Source: "invented for the demonstration"},
		{Name: "Example Autism Advice", For: "advice for autistic people and their families", Phone: "01632 960202", Hours: "10am to 4pm, Monday to Friday", How: "Ring or write to them", Web: "https://autism-advice.example", Source: "invented for the demonstration"},
		{Name: "Example Carers Centre", For: "a carer’s assessment and breaks from caring", Phone: "01632 960203", Hours: "9am to 5pm, Monday to Friday", How: "Ring them", Source: "invented for the demonstration"},
	} {
		set, _, err := s.db.Settings(ctx)
		if err != nil {
			return err
		}
		if x, err = workflow.VerifySignpost(manager, s.config.Now(), x, set); err != nil {
			return err
		}
		if _, err := s.db.SaveSignpost(ctx, workflow.Service(), s.config.Now(), x); err != nil {
			return err
		}
	}
	return nil
}

// furnishPanel sets a panel three working days ahead, everybody present.
func (s *service) furnishPanel(ctx context.Context, ids map[string]workflow.ActorID) error {
	set, _, err := s.db.Settings(ctx)
	if err != nil {
		return err
	}
	now := s.config.Now()
	day := set.Calendar().Add(workflow.DateOf(now.Add(24*time.Hour)), 2)
	coordinator := workflow.Actor{Name: "the demonstration", Roles: []workflow.Role{workflow.Coordinator}}
	chair := ids["chair@demo.example"]
	_, err = s.db.SavePanel(ctx, coordinator, now, workflow.Panel{Kind: workflow.ReferralPanel, At: day.At(10, 0), Place: "County Hall, room 3", Capacity: 8, Chair: chair,
		Members: []workflow.Member{
			{Actor: chair, Name: "Chidi Hall", Role: workflow.Chair, Sector: workflow.SocialCare, Present: true},
			{Actor: ids["practitioner@demo.example"], Name: "Pat Rowe", Role: workflow.PanelMember, Sector: workflow.Education, Present: true},
			{Actor: ids["member@demo.example"], Name: "Mo Singh", Role: workflow.PanelMember, Sector: workflow.Health, Present: true},
			{Actor: ids["expert@demo.example"], Name: "Esme Ward", Role: workflow.Expert, Present: true},
		}})
	return err
}
