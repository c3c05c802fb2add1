package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"

	"github.com/essex-dsr/dsr/store"
)

// drill lets the program die at a point of the store, as a power cut makes it:
// tests then ask what was lost and what happened twice. DSR_FAIL_AT names points
// in the order in which they must be passed, divided by ">"; at the last one the
// program dies.
type drill struct {
	mu     sync.Mutex
	points []string
}

// readDrill reads DSR_FAIL_AT. A point is "before" or "after" a commit, and how
// the words for what it commits begin.
func readDrill(s string) ([]string, error) {
	points := strings.Split(s, ">")
	for _, p := range points {
		if !strings.HasPrefix(p, "before ") && !strings.HasPrefix(p, "after ") {
			return nil, fmt.Errorf(`%q is no point like "before keep mail" or "after keep mail"`, p)
		}
	}
	return points, nil
}

// rehearse arms the store with the drill of the settings, if there is one.
func rehearse(c Config, s *store.Store) {
	if len(c.drill) > 0 {
		d := &drill{points: c.drill}
		s.FailAt(d.pass)
	}
}

func (d *drill) pass(point string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !strings.HasPrefix(point, d.points[0]) {
		return nil
	}
	if len(d.points) > 1 {
		d.points = d.points[1:]
		return nil
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		return fmt.Errorf("die %s: %w", point, err)
	}
	select {} // nothing more may happen before the signal does its work
}
