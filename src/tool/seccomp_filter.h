// SPDX-License-Identifier: Apache-2.0
/* seccomp_filter.h: which system calls a sandboxed command may not make, as a BPF program.
 * A deny list: what a shell, a compiler, an interpreter and their tests use goes through.  Refused are calls that
 * load code into the kernel, open it up (namespaces, mounts, keys, BPF, io_uring), look into other processes, leave
 * set-user-id files behind, type into a terminal, or reach past the network namespace (AF_VSOCK). */
#pragma once
#include "base/str.h"

/* The program, made once and kept for the process.  ERR_BUG when libseccomp cannot make it. */
enum err seccomp_filter(str *ret_program) MUST_USE;
