// Starting other programs.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Creates a sealed memfd with these bytes, whose descriptor is inherited over execve(2). `wanted` is the required number: -EBUSY if it is in use. -1
/// takes the lowest free number above standard error.
int tokend_lend_file(const char *_Nonnull name, const void *_Nonnull bytes, size_t count, int wanted);

/// execvp(3). Returns -errno, or not at all.
int tokend_become(char *_Nullable const *_Nonnull arguments);

/// Starts a program from PATH with these standard descriptors. -1 inherits ours, except that the input is then /dev/null. `arguments` ends with NULL.
/// Returns the PID.
int tokend_start_beside(char *_Nullable const *_Nonnull arguments, int input, int output, int error);

/// Starts a program from PATH in a new session: without a terminal, with /dev/null as its standard descriptors, and not reached by signals of our
/// terminal. `arguments` ends with NULL. Returns the PID.
int tokend_start_apart(char *_Nullable const *_Nonnull arguments);

/// A blocking pipe. Both ends are close-on-exec and above standard error.
int tokend_pipe(int *_Nonnull reading, int *_Nonnull writing);

/// waitpid(2). Returns the exit status, or 128 + N if signal N ended the process.
int tokend_wait_for(int32_t pid);
/// As `tokend_wait_for`, without blocking: -EAGAIN while the process runs.
int tokend_has_ended(int32_t pid);
