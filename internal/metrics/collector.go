package metrics

import (
	"runtime"

	"exiwatch/window"

	"github.com/prometheus/client_golang/prometheus"
)

// A collector makes metrics of the snapshot that it reads at each scrape. No label has a value that comes from a log.
type collector struct {
	version string
	read    func() Snapshot
}

// Describe sends nothing: which metrics there are depends on the configuration.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect is called by several goroutines at a time.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := c.read()
	e := exposition{out}
	e.gauge("build_info", "Always 1. What was built, and with which Go.", 1, "version", c.version, "goversion",
		runtime.Version())
	e.reading(&s)
	e.rules(&s)
	e.bounds(&s.Lost)
	e.telling(&s)
	if s.Socket != nil {
		e.socket(s.Socket)
	}
	if s.Fleet != nil {
		e.fleet(s.Fleet)
	}
}

// reading has what was read of the logs.
func (e exposition) reading(s *Snapshot) {
	e.counter("lines_total", "Lines of the logs that were counted.", s.Lines)
	e.counter("read_bytes_total", "Bytes of the logs that were counted.", s.Bytes)
	e.counter("arrivals_total", "Arrivals in the logs.", s.Arrivals)
	e.counter("arrivals_malformed_total", "Lines that begin like arrivals and could not be read.", s.Malformed)
	e.counter("entries_overflowed_total", "Entries that overflowed Exim's log buffer.", s.Overflowed)
	e.counter("arrivals_suspicious_total", "Arrivals that can be read in another way, too.", s.Suspicious)
	e.counter("lines_injected_total", "Forged lines: inside another entry.", s.Injected)
	for _, l := range s.Logs {
		e.gauge("log_behind_bytes", "What is written to the log, or to what it was cycled to, and not counted yet.",
			float64(l.Behind), "log", l.Path)
		e.gauge("log_idle_seconds", "Time since a line of the log was counted last, or since the daemon began.",
			l.Idle.Seconds(), "log", l.Path)
		e.counter("lines_not_understood_total", "Lines that could not be read as entries of Exim's.", l.NotUnderstood,
			"log", l.Path)
		e.counter("lines_foreign_total", "Lines of other programs, as syslog names them.", l.Foreign, "log", l.Path)
	}
	e.counter("files_skipped_total", "Files of the logs that were left out, as they could not be read.", s.Skipped)
	e.gauge("rebuild_seconds", "How long it took to rebuild the counters when the daemon began, or has taken so far.",
		s.Rebuild.Seconds())
	e.counter("scrapes_stale_total", "Scrapes that showed counts of the one before, because the counters were busy.",
		s.Stale)
}

func (e exposition) rules(s *Snapshot) {
	e.gauge("incidents_open", "Incidents that are open.", float64(s.Incidents))
	for _, r := range s.Rules {
		e.gauge("alerts_open", "Alerts that are open.", float64(r.Open), "rule", r.Name)
		e.counter("alerts_opened_total", "Alerts that were opened.", r.Opened, "rule", r.Name)
		e.gauge("keys_held",
			"Values of the rule's key that are counted now. Rules on one key in one scope have theirs together.",
			float64(r.Keys), "rule", r.Name)
	}
}

// bounds has what the bounds on memory have cost.
func (e exposition) bounds(lost *window.Stats) {
	counter := func(name, help string, n int) { e.counter(name, help, int64(n)) }
	counter("keys_dropped_total", "Values that were dropped before their time for want of room,"+
		" and arrivals of a value for which there was none.", lost.DroppedKeys)
	counter("arrivals_merged_total", "Arrivals counted with the second before for want of room.", lost.MergedArrivals)
	counter("arrivals_forgotten_total",
		"Arrivals let go before their time for want of room: alerts that open later lack their subjects.",
		lost.ForgottenRows)
	counter("distinct_omitted_total", "Values that a rule which counts different ones left out for want of room.",
		lost.OmittedDistinct)
	counter("alerts_refused_total", "Arrivals over a limit that opened no alert, as too many were open.",
		lost.RefusedAlerts)
	counter("incidents_forgotten_total",
		"Incidents forgotten for want of room: an alert that follows one begins another.", lost.ForgottenIncidents)
	counter("queue_forgotten_total",
		"Messages in the queue forgotten for want of room: what becomes of them doesn't count.", lost.ForgottenMessages)
}

// telling has what became of mails and notices.
func (e exposition) telling(s *Snapshot) {
	for _, c := range s.Channels {
		for _, r := range []struct {
			result string
			n      int64
		}{{"sent", c.Sent}, {"partly", c.Partly}, {"deferred", c.Deferred}, {"refused", c.Refused}} {
			e.counter("deliveries_total",
				"Attempts to send mails, and to call hooks, by what came of them: partly is done, though not everybody"+
					" has it; deferred is tried again; refused is given up.",
				r.n, "channel", c.Name, "result", r.result)
		}
		e.gauge("spool_waiting", "Mails and notices that wait to be sent.", float64(c.Waiting), "channel", c.Name)
		e.gauge("spool_oldest_seconds", "How long the oldest of them has waited; 0 if none waits.",
			c.Oldest.Seconds(), "channel", c.Name)
	}
	e.gauge("silences", "For how many accounts updates are held by exiwatch silence.", float64(s.Silences))
	e.gauge("events_unspooled", "Events in the life of alerts whose mail can't be put on the disk yet.",
		float64(s.Unspooled))
}

func (e exposition) socket(s *SocketStats) {
	all := uint64(0)
	for answer, n := range s.Answers {
		all += uint64(n)
		e.counter("socket_requests_total",
			"Requests on the socket, by what was answered; unintelligible and late ones are answered no, or 0.", n,
			"answer", answer)
	}
	e.counter("socket_refused_total",
		"Connections to the socket that were closed because there were too many.", s.Refused)
	took, _ := desc("socket_request_seconds", "How long a request took to be answered.", nil)
	e.out <- prometheus.MustNewConstHistogram(took, all, s.Seconds, s.Within)
}

// fleet has this host's part in a fleet.
func (e exposition) fleet(f *Fleet) {
	gauge := func(name, help string, v float64) { e.gauge("fleet_"+name, help, v, "fleet", f.Name) }
	counter := func(name, help string, n int64) { e.counter("fleet_"+name, help, n, "fleet", f.Name) }
	gauge("engine_up", "1 if the fleet's engine answers, else 0.", flag(f.EngineUp))
	gauge("degraded", "1 while this host counts alone, because the fleet gives no verdicts, else 0.", flag(f.Degraded))
	gauge("leading", "1 if this host leads the fleet, else 0.", flag(f.Leading))
	gauge("lag_seconds", "How long ago the second is up to which the fleet has been counted, as this host knows.",
		f.Lag.Seconds())
	gauge("hosts", "Hosts of the fleet.", float64(f.Hosts))
	gauge("hosts_silent", "Hosts of the fleet that say nothing.", float64(f.Silent))
	counter("arrivals_total", "Arrivals of the fleet that this host has counted as its leader.", f.Arrivals)
	counter("arrivals_late_total", "Those of them that came after their second had been counted.", f.Late)
	counter("rewinds_total", "How often this host, as the leader, has counted again, such as for late arrivals.",
		f.Rewinds)
	counter("appends_total", "Batches that this host has appended to its streams.", f.Batches)
	counter("appended_arrivals_total", "Arrivals in the batches that this host has appended.", f.Appended)
	gauge("publish_behind_bytes", "What of this host's logs has been read, and isn't in the engine yet.",
		float64(f.PublishBytes))
	gauge("publish_behind_seconds", "How long the oldest arrival that isn't in the engine yet has waited; 0 if none.",
		f.PublishLag.Seconds())
}

// flag is a truth as a number.
func flag(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// An exposition makes metrics of names without their prefix, help texts and pairs of label and value.
type exposition struct{ out chan<- prometheus.Metric }

func (e exposition) counter(name, help string, n int64, labels ...string) {
	d, values := desc(name, help, labels)
	e.out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), values...)
}

func (e exposition) gauge(name, help string, v float64, labels ...string) {
	d, values := desc(name, help, labels)
	e.out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, values...)
}

func desc(name, help string, labels []string) (d *prometheus.Desc, values []string) {
	var names []string
	for i := 0; i < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	return prometheus.NewDesc("exiwatch_"+name, help, names, nil), values
}
