// Other programs: what they are lent, and how they are started.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// A sealed file in memory that holds these bytes, for a program that this one becomes: its descriptor is kept over execve(2). `wanted` is
/// the number it must have, -EBUSY if that is in use; -1 takes the lowest free one above standard error.
int tokend_lend_file(const char *_Nonnull name, const void *_Nonnull bytes, size_t count, int wanted);

/// Becomes another program, looked for in PATH. Returns -errno, or not at all.
int tokend_become(char *_Nullable const *_Nonnull arguments);

/// Starts a program, looked for in PATH, with these descriptors as its standard ones; -1 hands on our own, but for the input,
/// which is then empty. `arguments` ends with NULL. Its process id.
int tokend_start_beside(char *_Nullable const *_Nonnull arguments, int input, int output, int error);

/// Starts a program, looked for in PATH, in a session of its own: without a terminal, without our input and output, and
/// not reached by the signals of our terminal. `arguments` ends with NULL. Its process id.
int tokend_start_apart(char *_Nullable const *_Nonnull arguments);

/// A pipe; both ends are close-on-exec, above standard error and blocking.
int tokend_pipe(int *_Nonnull reading, int *_Nonnull writing);

/// Waits for a process to end: its exit status, 128 + N if signal N ended it.
int tokend_wait_for(int32_t pid);
/// The same without waiting: -EAGAIN while it runs.
int tokend_has_ended(int32_t pid);
