package pgserver

import "syscall"

// endWithParent has the kernel ask the server for a fast shutdown when the
// thread that started it ends, as it does when Quarry is killed.
func endWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGINT }
