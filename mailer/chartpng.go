package mailer

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
	"sync"
)

// Measures of the picture, in pixels: twice those that it is shown in, for screens that can.
const (
	pictureWidth  = 1280
	pictureHeight = 192
	margin        = 16 // around the bars
	maxBar        = 80 // width of a bar
	ground        = 4  // thickness of the line below the bars
)

// The picture's colours: it has a ground of its own, on which the bars are seen in a light and in a dark mail alike.
const (
	groundColor = iota
	lineColor
	beforeColor // bars before the limit was crossed
	overColor
)

// palette has more than 16 colours, though four are used: then the encoder copies bytes, instead of packing bits one by
// one, which took most of a mail's time.
var palette = append(color.Palette{
	groundColor: color.RGBA{0xf2, 0xf4, 0xf7, 0xff},
	lineColor:   color.RGBA{0xb0, 0xb7, 0xc3, 0xff},
	beforeColor: color.RGBA{0x6b, 0x7a, 0x90, 0xff},
	overColor:   color.RGBA{0xd9, 0x2d, 0x20, 0xff},
}, slices.Repeat(color.Palette{color.Black}, 13)...)

// png draws the bars. The text around the picture explains them, because text is sharp at any size.
func (c *sparkline) png() ([]byte, error) {
	img := pictures.Get().(*image.Paletted)
	defer pictures.Put(img)
	clear(img.Pix)
	bottom := pictureHeight - margin
	fill := func(left, top, right, bottom, paint int) {
		draw.Draw(img, image.Rect(left, top, right, bottom), image.NewUniform(palette[paint]), image.Point{}, draw.Src)
	}
	fill(margin, bottom-ground, pictureWidth-margin, bottom, lineColor)
	most := slices.Max(c.bars)
	for i, n := range c.bars {
		left, right := c.slot(i)
		top := bottom - ground - height(n, most, pictureHeight-2*margin-ground)
		paint := beforeColor
		if i >= c.opened {
			paint = overColor
		}
		fill(left, top, right, bottom-ground, paint)
	}
	var b bytes.Buffer
	err := encoder.Encode(&b, img)
	return b.Bytes(), err
}

// pictures are drawn on again and again: a storm makes thousands.
var pictures = sync.Pool{New: func() any {
	return image.NewPaletted(image.Rect(0, 0, pictureWidth, pictureHeight), palette)
}}

// encoder reuses its buffers, which take much memory. A better compression saves 400 bytes a mail.
var encoder = png.Encoder{BufferPool: new(buffers), CompressionLevel: png.BestSpeed}

// buffers are the encoder's.
type buffers struct{ sync.Pool }

func (b *buffers) Get() *png.EncoderBuffer {
	buffer, _ := b.Pool.Get().(*png.EncoderBuffer)
	return buffer // nil: the encoder makes one
}

func (b *buffers) Put(buffer *png.EncoderBuffer) { b.Pool.Put(buffer) }

// slot is the place of bar i: in the middle of its equal part, with a gap to its neighbours.
func (c *sparkline) slot(i int) (left, right int) {
	const room = pictureWidth - 2*margin
	left, right = margin+room*i/len(c.bars), margin+room*(i+1)/len(c.bars)
	width := min((right-left)*4/5, maxBar)
	left += (right - left - width) / 2
	return left, left + width
}
