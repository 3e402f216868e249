// The client side of a Unix socket. Calls are repeated after EINTR, and partial writes are completed. Results are -errno.
#pragma once
#include <stddef.h>

/// Connects to the stream socket at `path`. The connect and every later wait of the connection end after `timeout` seconds with -EAGAIN; 0 means no
/// timeout. Returns a descriptor above standard error, or -errno.
int tokend_unix_open(const char *_Nonnull path, int timeout);

/// Removes the receive timeout of the connection. Returns 0 or -errno.
int tokend_unix_wait_forever(int fd);

/// Sends all bytes, without SIGPIPE. Returns 0 or -errno.
int tokend_unix_send(int fd, const void *_Nonnull bytes, size_t count);

/// Receives at least one byte. Returns the number of bytes, 0 at the end of input, or -errno.
long tokend_unix_receive(int fd, void *_Nonnull bytes, size_t count);

/// Writes all bytes to a file, pipe or terminal. Waits if it is non-blocking. Returns 0 or -errno.
int tokend_write_all(int fd, const void *_Nonnull bytes, size_t count);
