// libc and Linux calls that Swift cannot import. They must not need another library: tokenctl links them statically. Functions return -errno on
// failure. Descriptors are close-on-exec.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "children.h"
#include "sign_in.h"
#include "unix_client.h"

/// Overwrites `count` bytes; the optimiser cannot remove it.
void tokend_wipe(void *_Nonnull bytes, size_t count);

/// The text of an errno, such as "Permission denied". A static string, thread-safe.
const char *_Nonnull tokend_error_text(int error);

// MARK: clocks

/// CLOCK_BOOTTIME in nanoseconds: includes suspend and never steps.
int64_t tokend_boottime(void);
/// CLOCK_REALTIME in nanoseconds since the epoch.
int64_t tokend_realtime(void);
/// CLOCK_MONOTONIC in nanoseconds: the clock of systemd.
int64_t tokend_monotonic(void);
/// A timerfd that becomes readable when CLOCK_REALTIME is set (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET).
int tokend_clock_step_timer(void);
/// 1 if the clock was set since the last call, 0 if not.
int tokend_clock_step_timer_read(int fd);

// MARK: eventfd and memfd

/// A non-blocking eventfd(2) with the value 0.
int tokend_eventfd(void);
/// Adds 1 to the eventfd, which wakes its reader.
int tokend_eventfd_signal(int fd);
/// Resets the eventfd to 0: it is no longer readable.
int tokend_eventfd_clear(int fd);
/// A memfd_create(2) that can be sealed.
int tokend_memfd(const char *_Nonnull name);
/// Frees the memory or disk space of a part of a file, which then reads as zeros.
int tokend_punch_hole(int fd, int64_t offset, int64_t count);

// MARK: sockets. A path that begins with '@' is an abstract address.

/// A non-blocking AF_UNIX stream socket.
int tokend_unix_stream(void);
/// A non-blocking AF_UNIX datagram socket.
int tokend_unix_datagram(void);
int tokend_unix_bind(int fd, const char *_Nonnull path);
/// connect(2). On a non-blocking socket it returns -EAGAIN if the backlog of the server is full.
int tokend_unix_connect(int fd, const char *_Nonnull path);
/// accept(2), non-blocking. -EAGAIN if no connection is pending.
int tokend_accept(int fd);
/// As `tokend_accept`, on a Unix socket whose clients may send descriptors with a byte, also out of band (MSG_OOB).
int tokend_accept_client(int listener);
/// 1 if the peer has closed its side and left nothing to read, or the connection is broken; else 0.
int tokend_has_hung_up(int fd);
/// send(2) with MSG_NOSIGNAL and MSG_DONTWAIT, repeated after EINTR. Returns the number of bytes sent.
ssize_t tokend_send(int fd, const void *_Nonnull bytes, size_t count);
/// recv(2) with MSG_DONTWAIT, repeated after EINTR. Returns the number of bytes, 0 at the end of input. -EBADMSG if the peer sent descriptors
/// (SCM_RIGHTS, unix(7)): the message stays unread, and `tokend_close_unread` must close the connection.
ssize_t tokend_recv(int fd, void *_Nonnull bytes, size_t count);
/// Makes the kernel reject descriptors that clients send on later connections, if it can (SO_PASSRIGHTS, Linux 6.16).
void tokend_refuse_descriptors(int listener);
/// 0 if the kernel has rejected descriptors since the connection was made.
int tokend_may_get_descriptors(int connection);
/// As `tokend_recv`, for a connection that cannot receive descriptors.
ssize_t tokend_recv_bytes(int fd, void *_Nonnull bytes, size_t count);
/// Closes a connection with possibly unread input on another thread, together with the descriptors in that input. Data written to the connection is
/// not lost.
void tokend_close_unread(int fd);
/// The number of bytes that were sent on a stream socket and not yet read by the peer (SIOCOUTQ, unix(7)).
int tokend_unread(int fd);
struct epoll_event;
/// epoll_wait(2). Returns the number of events.
int tokend_epoll_wait(int epoll, struct epoll_event *_Nonnull events, int capacity, int milliseconds);
/// Sends a datagram to a path, without blocking and without SIGPIPE. Returns the number of bytes sent.
ssize_t tokend_send_datagram(int fd, const char *_Nonnull path, const void *_Nonnull bytes, size_t count);
/// A blocking AF_UNIX datagram socket for `tokend_notify`.
int tokend_notify_socket(void);
/// Sends a datagram to the service manager at `path`, with the descriptor `passed` unless that is -1. The descriptor is duplicated before this
/// returns and may be closed then. Waits at most `milliseconds` for room in the queue, else -EAGAIN.
int tokend_notify(int fd, const char *_Nonnull path, const void *_Nonnull bytes, size_t count, int passed, int milliseconds);

// MARK: peers

struct tokend_credentials {
    int32_t pid;
    uint32_t uid;
    uint32_t gid;
};
/// SO_PEERCRED: the process that called connect(2), with its ids at that time.
int tokend_peer_credentials(int fd, struct tokend_credentials *_Nonnull credentials);
/// The address that the peer is bound to (getpeername(2)): a path, or a NUL byte and an abstract name. Returns its size, 0 if there is none, -ERANGE
/// if it exceeds `capacity`.
ssize_t tokend_peer_address(int fd, void *_Nonnull bytes, size_t capacity);
/// SO_PEERPIDFD (Linux 6.5): a pidfd of the process that connected. -ENOPROTOOPT on an older kernel.
int tokend_peer_pidfd(int fd);
/// 1 if the kernel has SO_PEERPIDFD, so that a connection pins the process that made it; else 0.
int tokend_connections_pin_peers(void);
/// pidfd_open(2): a pidfd of the process that has this PID now.
int tokend_pidfd_open(int32_t pid);
/// 1 while the process runs, 0 once it has ended, even if it is a zombie.
int tokend_pidfd_alive(int pidfd);
/// SO_PEERGROUPS: the supplementary groups. Returns their number, or -ERANGE if there are more than `capacity`, with their number in `needed`.
int tokend_peer_groups(int fd, uint32_t *_Nonnull groups, size_t capacity, size_t *_Nonnull needed);

// MARK: files

/// The size of the longest reason of `tokend_open_folder`.
#define TOKEND_LONGEST_REASON 4608
/// Opens a folder with O_PATH, for openat(2) and similar calls. If the caller is root, no folder of the path may be a symbolic link, belong to
/// another user, or be writable by others without the sticky bit: with a link, another user could choose where root writes. Otherwise it returns
/// -EPERM, with a sentence in `reason` (`capacity` bytes), which is empty in every other case.
int tokend_open_folder(const char *_Nonnull path, char *_Nonnull reason, size_t capacity);
/// 1 if the file at `path` is not a socket, 0 if it is one; -ENOENT if there is none.
int tokend_not_a_socket(const char *_Nonnull path);
/// Opens /proc/PID/NAME, reads it once and closes it. Returns the number of bytes. It is `capacity` if there may be more.
ssize_t tokend_read_proc(int32_t pid, const void *_Nonnull name, void *_Nonnull bytes, size_t capacity);

// MARK: this process

/// Disables core dumps, the crash handlers of the Swift runtime, and access to the memory by other processes of the user (ptrace(2), /proc/PID/mem).
int tokend_harden(void);
/// Sets the thread name that `ps` and /proc/PID/comm show, at most 15 bytes.
int tokend_set_name(const char *_Nonnull name);
/// Raises the soft limit of open descriptors to the hard limit. Returns the limit.
int64_t tokend_raise_file_limit(void);
/// Frees the pages of code and constants that only the start needed. The kernel reads a page again from the page cache when it is used.
void tokend_release_startup_memory(void);
/// Blocks a signal in the calling thread and in threads that it starts later.
int tokend_block_signal(int number);
