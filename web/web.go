// Package web is the team's pages: it shows cases, takes what people type and
// click, and hands each deed to the door that does it.
//
// It promises that nothing is served to somebody the route table does not
// name; that a page arrives whole or not at all; that what was typed comes back
// with the error beside its field; that no page, download or mail can run a
// script or fetch a thing from elsewhere; that everything works without a
// script, at 320 pixels and by keyboard. It keeps no state of its own but what
// was embedded in the program, so any number may run.
//
// It does not decide anything about a case (package workflow does) and writes
// nothing itself (package store does). When something breaks the reader sees a
// number; the log holds the same number, ids, and never a name.
package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/essex-dsr/dsr/templates"
	"github.com/essex-dsr/dsr/workflow"
)

const (
	serviceName = "Dynamic Support Register"
	teamName    = "Essex DSR team"
	signInPath  = "/sign-in"
	signOutPath = "/sign-out"
	keepPath    = "/session/keep" // POST: the session lives on
)

// Config is what the pages need of the program.
type Config struct {
	Base *url.URL // where readers find the service; https turns on HSTS
	Log  *slog.Logger
	Now  func() time.Time
	// Who tells who has signed in; false is nobody.
	Who func(*http.Request) (workflow.Actor, bool)
	// Frame tells what stands round the page of somebody who has signed in.
	Frame func(*http.Request, workflow.Actor) Frame
}

// Server makes pages.
type Server struct {
	base   *url.URL
	log    *slog.Logger
	now    func() time.Time
	who    func(*http.Request) (workflow.Actor, bool)
	frame  func(*http.Request, workflow.Actor) Frame
	pages  *pages
	assets *assets
}

// New parses every template and reads every asset, and refuses to start with a
// broken one.
func New(c Config) (*Server, error) {
	if c.Base == nil || c.Log == nil || c.Now == nil || c.Who == nil || c.Frame == nil {
		return nil, errors.New("web: every field of Config is needed")
	}
	assets, err := newAssets(static)
	if err != nil {
		return nil, fmt.Errorf("read the static files: %w", err)
	}
	pages, err := parsePages(functions(assets), templates.Pages)
	if err != nil {
		return nil, fmt.Errorf("parse the pages: %w", err)
	}
	return &Server{base: c.Base, log: c.Log, now: c.Now, who: c.Who, frame: c.Frame, pages: pages, assets: assets}, nil
}

// HTTPServer is an http.Server with limits for a public port: headers in ten
// seconds and at most 32 KiB of them. Bodies and answers are bounded by the
// route.
func HTTPServer(addr string, h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
