package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/essex-dsr/dsr/intake"
	"github.com/essex-dsr/dsr/jobs"
)

// metrics are the counters at /metrics. Their labels are words of a fixed list,
// never anything of a person.
type metrics struct {
	registry *prometheus.Registry
	kept     *prometheus.CounterVec
	settled  *prometheus.CounterVec
	letters  *prometheus.CounterVec
	alerts   *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "dsr", Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	m.kept = counter("mails_kept_total", "Mails whose raw bytes were committed.", "folder")
	m.settled = counter("mails_settled_total", "Mails that got their end.", "class", "end")
	m.letters = counter("letters_total", "Attempts to hand a letter over, by outcome.", "outcome")
	m.alerts = counter("alerts_total", "Alerts given to the duty list.", "kind")
	return m
}

func (m *metrics) intake() intake.Counts {
	return intake.Counts{
		Kept:    func(folder string) { m.kept.WithLabelValues(folder).Inc() },
		Settled: func(class, end string) { m.settled.WithLabelValues(class, end).Inc() },
	}
}

func (m *metrics) jobs() jobs.Counts {
	return jobs.Counts{
		Letter: func(outcome string) { m.letters.WithLabelValues(outcome).Inc() },
		Alert:  func(kind string) { m.alerts.WithLabelValues(kind).Inc() },
	}
}
