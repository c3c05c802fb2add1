package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/intake/message"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// mostPages is how many pages of one file are drawn; the rest is read as text.
const mostPages = 12

// RunPictures draws the pages of files until ctx ends, apart from the reading of
// mails: a page that takes long or breaks its drawer holds nothing else up.
func (s *Service) RunPictures(ctx context.Context) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		for ctx.Err() == nil {
			more, err := s.DrawOne(ctx)
			if err != nil && ctx.Err() == nil {
				s.Log.Error("pages not drawn", "error", err)
			}
			if !more || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// DrawOne draws the next file that waits, and reports whether there was one.
func (s *Service) DrawOne(ctx context.Context) (bool, error) {
	if s.Pictures == nil {
		return false, nil
	}
	next, err := s.Store.ClaimUndrawn(ctx)
	if errors.Is(err, workflow.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	raw, err := s.Store.Raw(ctx, next.Message)
	if err != nil {
		return true, err
	}
	var pages []store.Drawing
	if f, ok := fileAt(raw, next.Part); ok {
		drawn, err := s.Pictures(ctx, f, mostPages)
		if err != nil {
			// What was drawn before it broke is still worth showing.
			s.Log.Warn("a file was not drawn whole", "message", next.Message, "part", next.Part, "pages", len(drawn))
		}
		for _, p := range drawn {
			pages = append(pages, store.Drawing{Page: p.Page, Type: p.Type, Width: p.Width, Height: p.Height, Data: p.Data})
		}
	}
	if err := s.Store.KeepDrawings(ctx, next.Document, pages); err != nil {
		return true, fmt.Errorf("message %d: %w", next.Message, err)
	}
	return true, nil
}

// fileAt is a file of a mail by its part number; one that lies inside another
// file has no bytes of its own here.
func fileAt(raw []byte, part string) (document.File, bool) {
	for _, f := range Files(message.Read(raw, message.DefaultLimits())) {
		if f.Part == part {
			return f, true
		}
	}
	return document.File{}, false
}

// FileOf takes one file out of a mail's bytes, as a page hands it to a reader.
func FileOf(raw []byte, part string) ([]byte, error) {
	f, ok := fileAt(raw, part)
	if !ok {
		return nil, &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "This file lies inside another file of the mail: download that one."}
	}
	return f.Data, nil
}
