package main

import (
	"archive/zip"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows on a terminal how far a long work has come, and nothing elsewhere.
type progress struct {
	to  io.Writer
	bar *progressbar.ProgressBar
}

// of says how much there is to do.
func (p *progress) of(all int64) {
	f, isFile := p.to.(*os.File)
	visible := isFile && term.IsTerminal(int(f.Fd()))
	p.bar = progressbar.NewOptions64(all,
		progressbar.OptionSetWriter(p.to), progressbar.OptionSetVisibility(visible), progressbar.OptionThrottle(200*time.Millisecond),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true),
	)
}

// at says how much of it is done.
func (p *progress) at(done int64) { _ = p.bar.Set64(done) } // a terminal that is gone needs no bar

// reader counts what is read of a file of that size.
func (p *progress) reader(in io.Reader, size int64) io.Reader {
	p.of(size)
	return io.TeeReader(in, p.bar)
}

// done takes the bar away.
func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// ofAll says how much of how much is done.
func (p *progress) ofAll(done, all int64) {
	if p.bar == nil || p.bar.GetMax64() != all {
		p.done()
		p.of(all)
	}
	p.at(done)
}

// part counts what is read of one of the files of a package.
func (p *progress) part(in io.Reader, z *zip.ReadCloser, name string) io.Reader {
	p.done()
	for _, f := range z.File {
		if f.Name == name {
			return p.reader(in, int64(f.UncompressedSize64))
		}
	}
	return in
}
