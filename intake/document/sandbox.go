package document

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/elastic/go-seccomp-bpf"
	landlock "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// ChildCommand is the hidden command under which the program runs ChildMain.
const ChildCommand = "document-child"

// Sandbox reads untrusted documents in child processes that can reach neither
// network nor files, and that end at a time and memory limit. One child reads
// one mail's documents and ends, so nothing of one mail can reach another.
type Sandbox struct {
	Limits Limits

	// CPU is how long a child may compute, Wall how long it may take in all. A
	// hostile file ends at the first; the second is for one that waits, and so
	// wide that a busy machine costs no honest file its reading.
	CPU, Wall time.Duration

	// Recogniser is the tesseract program, found on the machine; "" leaves
	// scans to people.
	Recogniser string

	exe   string
	cache string
	slots chan struct{}

	warming sync.Mutex
	warm    bool
}

// NewSandbox runs children as "exe document-child". The compiled PDF engine
// is kept in cacheDir; an empty cacheDir costs five seconds for each PDF.
func NewSandbox(exe, cacheDir string) *Sandbox {
	recogniser, err := exec.LookPath("tesseract")
	if err != nil || !filepath.IsAbs(recogniser) {
		recogniser = ""
	}
	return &Sandbox{
		Limits:     DefaultLimits(),
		CPU:        15 * time.Second,
		Wall:       time.Minute,
		Recogniser: recogniser,

		exe:   exe,
		cache: cacheDir,
		slots: make(chan struct{}, 2),
	}
}

// Confined reports whether this kernel keeps a document's reader from files
// and network, and in words what holds and what does not.
func Confined() (bool, string) {
	if unconfinable != "" {
		return false, unconfinable
	}
	abi, err := landlock.LandlockGetABIVersion()
	switch {
	case err != nil || abi < 1:
		return false, "This kernel has no Landlock: a document reader is held by limits and a system call filter only."
	case !seccomp.Supported():
		return false, "This kernel has no seccomp filter: a document reader is held by Landlock and limits only."
	}
	return true, fmt.Sprintf("Document readers are confined by Landlock (version %d), a system call filter and limits.", abi)
}

// Prepare compiles the PDF engine into the cache, in a child, if that has not
// been done. Open and Pictures do it themselves when they meet the first PDF;
// doing it at start spares that mail the wait.
func (s *Sandbox) Prepare(ctx context.Context) error {
	s.warming.Lock()
	defer s.warming.Unlock()
	if s.warm || s.cache == "" {
		return nil
	}
	if err := os.MkdirAll(s.cache, 0o700); err != nil {
		return fmt.Errorf("prepare the PDF engine: %w", err)
	}
	// With a full cache this takes a fifth of a second: cheaper than guessing
	// whether the cache fits this build of the engine.
	c, err := s.start(ctx, request{Op: opWarm, Cache: s.cache})
	if err != nil {
		return err
	}
	if err := c.end(); err != nil {
		return fmt.Errorf("prepare the PDF engine: %w", err)
	}
	s.warm = true
	return nil
}

// Open reads the documents of one mail, one Document for each file, in order.
// A document that ends its child is given up; those after it are read by
// another. The error is only about the sandbox itself (no child could be
// started, ctx ended), never about a document.
func (s *Sandbox) Open(ctx context.Context, files []File) ([]Document, error) {
	docs := make([]Document, 0, len(files))
	for children := 0; len(docs) < len(files); children++ {
		rest := files[len(docs):]
		if children >= 4 {
			// So many damaging files in one mail are no accident.
			for _, f := range rest {
				docs = append(docs, givenUp(f, &fault{Quarantined, "Other files of this mail stopped the reader, so this one was not opened."}))
			}
			break
		}
		read, err := s.openSome(ctx, rest)
		docs = append(docs, read...)
		if ctx.Err() != nil {
			return docs, fmt.Errorf("read documents: %w", ctx.Err())
		}
		if err != nil {
			return docs, err
		}
	}
	for i := range docs {
		if docs[i].State == NeedsHands {
			s.recognise(ctx, files[i], &docs[i])
		}
	}
	return docs, nil
}

// openSome reads files in one child. It gives at least one Document, or an
// error: the file that ended the child is the last, given up.
func (s *Sandbox) openSome(ctx context.Context, files []File) ([]Document, error) {
	if err := s.ready(ctx, files); err != nil {
		return nil, err
	}
	c, err := s.start(ctx, request{Op: opOpen, Cache: s.cache, Limits: s.Limits, files: files})
	if err != nil {
		return nil, err
	}
	var docs []Document
	for range files {
		d, err := c.document()
		if err != nil {
			break
		}
		docs = append(docs, d)
	}
	late := c.late()
	err = c.end()
	if len(docs) < len(files) {
		docs = append(docs, givenUp(files[len(docs)], stopped(late, err)))
	}
	return docs, nil
}

func givenUp(f File, err error) Document {
	d := Document{Part: f.Part, Name: f.Name, Type: sniff(File{Name: f.Name, Data: f.Data[:min(len(f.Data), 4096)]}), Size: len(f.Data)}
	d.fail(err)
	return d
}

// stopped says why a child did not finish.
func stopped(late bool, err error) *fault {
	if late {
		return &fault{Quarantined, "Reading it took far longer than a document should take, so it was stopped."}
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitNotConfined {
		return &fault{Unreadable, "The reader could not be confined, so the file was not opened."}
	}
	return &fault{Quarantined, "Reading it used more memory or time than a document should, so it was stopped."}
}

// ready makes sure that the engine's cache is filled before a PDF is read: the
// confined child can only read the cache.
func (s *Sandbox) ready(ctx context.Context, files []File) error {
	for _, f := range files {
		if needsEngine(f) {
			return s.Prepare(ctx)
		}
	}
	return nil
}

// needsEngine also holds for archives and Outlook items, which may hold a PDF.
func needsEngine(f File) bool {
	switch sniff(f) {
	case typePDF, typeZIP, typeTNEF:
		return true
	}
	return false
}

// child is a running reader.
type child struct {
	cmd  *exec.Cmd
	out  *frames
	late func() bool // reports whether its time is over
	free func()
}

// start starts a child as soon as one may run. Its time begins then: a mail
// that waits for others' documents loses none of its own.
func (s *Sandbox) start(ctx context.Context, req request) (*child, error) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a document reader: %w", ctx.Err())
	}
	cpu, wall := s.CPU, s.Wall
	if req.Op != opOpen && req.Op != opPictures {
		cpu, wall = 2*cpu, 2*wall // compiling the engine, and pages of a scan
	}
	req.Seconds = max(1, int(cpu/time.Second))
	ctx, cancel := context.WithTimeout(ctx, wall)
	free := func() {
		cancel()
		<-s.slots
	}
	cmd := exec.CommandContext(ctx, s.exe, ChildCommand)
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.WaitDelay = 2 * time.Second
	// The child dies with us, however we end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	stdin, err := req.encode()
	if err != nil {
		free()
		return nil, err
	}
	cmd.Stdin = stdin
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		free()
		return nil, fmt.Errorf("start a document reader: %w", err)
	}
	if err := cmd.Start(); err != nil {
		free()
		return nil, fmt.Errorf("start a document reader: %w", err)
	}
	late := func() bool { return errors.Is(ctx.Err(), context.DeadlineExceeded) }
	return &child{cmd: cmd, out: newFrames(stdout), late: late, free: free}, nil
}

// document reads the next finished document.
func (c *child) document() (Document, error) {
	var d Document
	if err := c.out.json(&d); err != nil {
		return Document{}, err
	}
	if err := c.out.mails(&d); err != nil {
		return Document{}, err
	}
	return d, nil
}

// end waits for the child; one that still has something to say is ended.
func (c *child) end() error {
	defer c.free()
	c.out.drain()
	return c.cmd.Wait()
}
