//go:build !linux

package pgserver

import "syscall"

// endWithParent does nothing here: the next start reclaims the server.
func endWithParent(*syscall.SysProcAttr) {}
