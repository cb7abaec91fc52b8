package htmlkit

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A Spark is a small chart of counts, in a box of Width by 20.
type Spark struct {
	Width int
	Path  string
	Most  int64
}

// NewSpark draws counts in equal spans of time, the newest last.
func NewSpark(counts []int64) Spark {
	s := Spark{Width: max(3*len(counts), 1), Most: slices.Max(append([]int64{0}, counts...))}
	var path strings.Builder
	for i, n := range counts {
		if n > 0 {
			height := max(Round(20*float64(n)/float64(s.Most)), 1)
			fmt.Fprintf(&path, "M%d 20v-%gh2v%gz", 3*i, height, height)
		}
	}
	s.Path = path.String()
	return s
}

// Columns are a chart of counts in equal spans of time, with stacked series, in a box of 1000 by 200.
type Columns struct {
	Title  string
	From   time.Time // the first span
	Step   time.Duration
	Series []Series      // one at least, with one span at least
	Limit  int64         // drawn as a line; 0: none
	Window time.Duration // over which a value sums; 0: the step
	Unit   string        // of the values, in the plural
}

// Series are values of one kind. There are as many as the chart has spans.
type Series struct {
	Name   string
	Class  string // colour: one, two or three
	Values []int64
}

// ArrivalSeries are empty series of arrivals: authenticated, local, and all others, in this order.
func ArrivalSeries(spans int) []Series {
	series := []Series{{Name: "authenticated", Class: "one"}, {Name: "local", Class: "two"},
		{Name: "relayed and incoming", Class: "three"}}
	for i := range series {
		series[i].Values = make([]int64, spans)
	}
	return series
}

// boxWidth and boxHeight are those of the drawing.
const boxWidth, boxHeight = 1000, 200

// Top is the highest value that fits into the chart.
func (c *Columns) Top() int64 {
	most, _ := c.Peak()
	return max(c.Limit+c.Limit/10, 4, most)
}

func (c *Columns) spans() int { return len(c.Series[0].Values) }

// Path is the outline of a series, stacked on those before it.
func (c *Columns) Path(nth int) string {
	n := c.spans()
	width := float64(boxWidth) / float64(n)
	var up, down strings.Builder
	for i := range n {
		left, right := float64(i)*width, float64(i+1)*width
		y := func(v int64) float64 { return boxHeight - boxHeight*c.scaled(v) }
		fmt.Fprintf(&up, "L%.1f %.1fH%.1f", left, y(c.Sum(nth+1, i)), right)
		// The way back is written from its end.
		j := n - 1 - i
		fmt.Fprintf(&down, "L%.1f %.1fH%.1f", float64(j+1)*width, y(c.Sum(nth, j)), float64(j)*width)
	}
	return "M" + up.String()[1:] + down.String() + "Z"
}

// LimitY is the limit's distance from the top.
func (c *Columns) LimitY() float64 {
	return Round(boxHeight - boxHeight*c.scaled(c.Limit))
}

// IsLog tells whether the scale is logarithmic: where the highest value is far over the limit, whose line would
// otherwise lie on the axis.
func (c *Columns) IsLog() bool {
	most, _ := c.Peak()
	return c.Limit > 0 && most/farOver >= c.Limit
}

// farOver is how many times the limit makes the scale logarithmic.
const farOver = 10

// scaled is where a value is between the axis and the top, from 0 to 1.
func (c *Columns) scaled(v int64) float64 {
	if c.IsLog() {
		return math.Log1p(float64(v)) / math.Log1p(float64(c.Top()))
	}
	return float64(v) / float64(c.Top())
}

// Sum is the sum of the first n series in a span.
func (c *Columns) Sum(n, span int) (sum int64) {
	for _, s := range c.Series[:n] {
		sum += s.Values[span]
	}
	return sum
}

// At is when a span begins.
func (c *Columns) At(span int) time.Time { return c.From.Add(time.Duration(span) * c.Step) }

// To is the end of the last span.
func (c *Columns) To() time.Time { return c.At(c.spans()) }

// Marks are five times from From to To, to be shown under the chart.
func (c *Columns) Marks() []string {
	layout := "15:04"
	if c.To().Sub(c.From) > 36*time.Hour {
		layout = "2 Jan 15:04"
	}
	var marks []string
	for i := range 5 {
		marks = append(marks, c.From.Add(c.To().Sub(c.From)*time.Duration(i)/4).Format(layout))
	}
	return marks
}

// Total is the sum of a series.
func (s Series) Total() (n int64) {
	for _, v := range s.Values {
		n += v
	}
	return n
}

// Peak is the highest value of all series together, and when it was.
func (c *Columns) Peak() (n int64, at time.Time) {
	for i := range c.spans() {
		if sum := c.Sum(len(c.Series), i); sum > n {
			n, at = sum, c.At(i)
		}
	}
	return n, at
}

// A Drawing is the chart for a script.
type Drawing struct {
	From   int64     `json:"from"` // seconds since 1970, as the log's clock shows them
	Step   int64     `json:"step"`
	Names  []string  `json:"names"`
	Values [][]int64 `json:"values"`
	Limit  int64     `json:"limit,omitempty"`
	Log    bool      `json:"log,omitempty"` // the scale is logarithmic
}

// Drawing is the chart for a script.
func (c *Columns) Drawing() Drawing {
	_, offset := c.From.Zone()
	d := Drawing{From: c.From.Unix() + int64(offset), Step: int64(c.Step / time.Second), Limit: c.Limit, Log: c.IsLog()}
	for _, s := range c.Series {
		d.Names = append(d.Names, s.Name)
		d.Values = append(d.Values, s.Values)
	}
	return d
}
