package daemon

import (
	"runtime"
	"syscall"
)

// lowPriority gives the goroutine a thread of its own, which gets the processor where nobody else wants it. The thread
// ends with the goroutine.
func lowPriority() {
	const nicest = 19
	runtime.LockOSThread()
	syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), nicest) // Linux: of this thread alone
}
