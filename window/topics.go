package window

// A TopicRow is the subjects that fold to the same, in one row.
type TopicCount struct {
	ValueCount             // Value is the topic
	Example  string // the most frequent of its subjects
	Subjects int    // how many different ones it stands for
	More     bool   // there may be others, which the alert doesn't tell apart
}

// Topics ranks the topics among the arrivals in the totals as Top does. The sums are those of the topics; what they
// stand for is known from the 1000 subjects that the alert tells apart.
func (a *Alert) Topics(n int) []TopicCount {
	stand := make(map[string]*TopicCount)
	var folded []byte
	for _, subject := range a.Top(Subject, 0) {
		folded = FoldSubject([]byte(subject.Value), folded[:0])
		t := stand[string(folded)]
		if t == nil {
			t = &TopicCount{Example: subject.Value}
			stand[string(folded)] = t
		}
		t.Subjects++
	}
	_, more := a.Distinct(Subject)
	var topics []TopicCount
	for _, row := range a.Top(Topic, n) {
		t := TopicCount{ValueCount: row, Example: row.Value, Subjects: 1, More: more}
		if known := stand[row.Value]; known != nil {
			t.Example, t.Subjects = known.Example, known.Subjects
		}
		topics = append(topics, t)
	}
	return topics
}
