package intake

import (
	"context"

	"github.com/essex-dsr/dsr/intake/reading"
)

// labels is the dictionary of forms with what the team taught. Without the
// team's settings a mail is still read.
func (s *Service) labels(ctx context.Context) reading.Dictionary {
	set, _, err := s.Store.Settings(ctx)
	if err != nil {
		s.Log.Warn("mail read without the team's labels", "error", err)
	}
	if len(set.Labels) == 0 {
		return s.Labels
	}
	more := map[string][]string{}
	for _, l := range set.Labels {
		more[string(l.Field)] = append(more[string(l.Field)], l.Label)
	}
	base := s.Labels
	if base.Labels == nil {
		base = reading.ShippedDictionary()
	}
	return base.With(more)
}
