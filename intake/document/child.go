package document

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// Exit codes of the child. The parent needs only one of them by name.
const (
	exitOK          = 0
	exitBroken      = 2
	exitNotConfined = 3
)

// ChildMain is the child's whole life: it reads what is asked, locks itself
// in, reads the documents and answers. The request comes from the parent; only
// the files that follow it are untrusted, and they are read after locking in.
func ChildMain(stdin io.Reader, stdout io.Writer) int {
	in := &frames{in: stdin, left: 1 << 31}
	var req request
	if err := in.json(&req); err != nil {
		return exitBroken
	}
	if err := confine(req); err != nil {
		return exitNotConfined
	}
	if req.Op == opRead {
		return becomeRecogniser(req)
	}
	out := bufio.NewWriter(stdout)
	if err := answer(context.Background(), req, in, out); err != nil {
		return exitBroken
	}
	return exitOK
}

func answer(ctx context.Context, req request, in *frames, out *bufio.Writer) error {
	r := &reader{limits: req.Limits, cache: req.Cache}
	defer r.close()
	if req.Op == opWarm {
		return r.engine()
	}
	for _, h := range req.Files {
		data, err := in.next()
		if err != nil {
			return err
		}
		f := File{Part: h.Part, Name: h.Name, Type: h.Type, Data: data}
		switch req.Op {
		case opScan:
			return r.scans(ctx, f, req, func(p *scanPage) error { return errors.Join(sendScan(out, p), out.Flush()) })
		case opPictures:
			return r.drawAll(ctx, f, req.Max, func(p Picture) error { return errors.Join(sendPicture(out, p), out.Flush()) })
		}
		if err := writeDocument(out, r.open(ctx, f, 0)); err != nil {
			return err
		}
		// Each answer leaves at once: if the next file ends this process,
		// what was read so far is kept.
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// confine gives up every right that the task does not need.
func confine(req request) error {
	if unconfinable != "" {
		return errors.New(unconfinable)
	}
	debug.SetMemoryLimit(600 << 20)
	limits := map[int]uint64{
		unix.RLIMIT_CORE:   0,
		unix.RLIMIT_CPU:    uint64(req.Seconds),
		unix.RLIMIT_NOFILE: 32,
		unix.RLIMIT_DATA:   1 << 30,
		unix.RLIMIT_FSIZE:  0,
	}
	calls := forbidden
	var rules []landlock.Rule
	switch {
	case req.Op == opRead:
		calls = slices.DeleteFunc(slices.Clone(forbidden), func(name string) bool { return name == "execve" })
		rules = append(rules, recogniserFiles(req.Tool)...)
	case req.Cache == "":
	case req.Op == opWarm:
		delete(limits, unix.RLIMIT_FSIZE)
		rules = append(rules, landlock.RWDirs(req.Cache))
	default:
		rules = append(rules, landlock.RODirs(req.Cache).IgnoreIfMissing())
	}
	for what, most := range limits {
		if err := syscall.Setrlimit(what, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("limit %d: %w", what, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("refuse tracing: %w", err)
	}
	// Best effort: Confined tells the team when the kernel cannot do it.
	if err := landlock.V5.BestEffort().Restrict(rules...); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	return filterCalls(calls)
}

// forbidden are the system calls with which a captured reader could do harm
// that limits and Landlock do not stop.
var forbidden = []string{
	"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg",
	"execve", "execveat", "fork", "vfork", "ptrace", "kill", "tkill", "process_vm_readv", "process_vm_writev",
	"pidfd_open", "pidfd_getfd", "pidfd_send_signal", "io_uring_setup", "io_uring_enter", "io_uring_register",
	"bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "mount", "umount2", "move_mount",
	"pivot_root", "chroot", "setns", "unshare", "init_module", "finit_module", "kexec_load", "reboot",
	"chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat", "link", "linkat", "symlink", "symlinkat",
}

func filterCalls(calls []string) error {
	if !seccomp.Supported() {
		return nil
	}
	info, err := arch.GetInfo("")
	if err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	names := slices.DeleteFunc(slices.Clone(calls), func(name string) bool {
		_, known := info.SyscallNames[name]
		return !known // arm64 has no fork, for one
	})
	err = seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls:      []seccomp.SyscallGroup{{Action: seccomp.ActionErrno, Names: names}},
		},
	})
	if err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	return nil
}
