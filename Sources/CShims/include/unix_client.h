// The calling side of a Unix socket: interrupted calls go on, partial writes are finished, results are -errno.
#pragma once
#include <stddef.h>

/// Connects to the stream socket at `path`. Every later wait of the connection, and this one, ends after
/// `timeout` seconds with -EAGAIN; 0 waits for good. Returns a descriptor above standard error, or -errno.
int tokend_unix_open(const char *_Nonnull path, int timeout);

/// Lets reads of this connection wait for good, whatever timeout it was opened with. Returns 0 or -errno.
int tokend_unix_wait_forever(int fd);

/// Sends all bytes, without SIGPIPE. Returns 0 or -errno.
int tokend_unix_send(int fd, const void *_Nonnull bytes, size_t count);

/// Receives at least one byte. Returns how many, 0 at the end, or -errno.
long tokend_unix_receive(int fd, void *_Nonnull bytes, size_t count);

/// Writes all bytes to a file, pipe or terminal, waiting where it is non-blocking. Returns 0 or -errno.
int tokend_write_all(int fd, const void *_Nonnull bytes, size_t count);
