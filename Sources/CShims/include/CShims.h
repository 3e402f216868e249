// libc and Linux calls that Swift cannot name. No library may enter here: tokenctl links this statically.
// What can fail returns -errno; descriptors are close-on-exec.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "children.h"
#include "sign_in.h"
#include "unix_client.h"

/// Overwrites `count` bytes in a way the optimiser may not remove.
void tokend_wipe(void *_Nonnull bytes, size_t count);

/// The kernel's sentence for an error number, "Permission denied". Static, for every thread.
const char *_Nonnull tokend_error_text(int error);

// MARK: clocks

/// CLOCK_BOOTTIME in nanoseconds: counts suspend, never steps.
int64_t tokend_boottime(void);
/// CLOCK_REALTIME in nanoseconds since the epoch.
int64_t tokend_realtime(void);
/// CLOCK_MONOTONIC in nanoseconds: what systemd counts in.
int64_t tokend_monotonic(void);
/// A timer descriptor that becomes readable when CLOCK_REALTIME is set (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET).
int tokend_clock_step_timer(void);
/// 1 if the clock was set since the last call, 0 if not.
int tokend_clock_step_timer_read(int fd);

// MARK: descriptors that wake or hold

/// A non-blocking counter descriptor (eventfd(2)) at zero.
int tokend_eventfd(void);
/// Adds one to it: its reader wakes.
int tokend_eventfd_signal(int fd);
/// Sets it to zero: it is no longer readable.
int tokend_eventfd_clear(int fd);
/// Memory with a descriptor (memfd_create(2)) that may be sealed.
int tokend_memfd(const char *_Nonnull name);
/// Gives the memory or disk space of a part of a file back; it reads as zeros.
int tokend_punch_hole(int fd, int64_t offset, int64_t count);

// MARK: sockets. A path that begins with '@' is an abstract address.

/// A non-blocking AF_UNIX stream socket.
int tokend_unix_stream(void);
/// A non-blocking AF_UNIX datagram socket.
int tokend_unix_datagram(void);
int tokend_unix_bind(int fd, const char *_Nonnull path);
/// Connects; on a non-blocking socket whose server's backlog is full this is -EAGAIN.
int tokend_unix_connect(int fd, const char *_Nonnull path);
/// The next waiting connection, non-blocking; -EAGAIN if there is none.
int tokend_accept(int fd);
/// 1 if the peer has ended its side and left nothing to read, or the connection is broken; else 0.
int tokend_has_hung_up(int fd);
/// The least that blocks nobody: MSG_NOSIGNAL | MSG_DONTWAIT, repeated after EINTR. Number of bytes sent.
ssize_t tokend_send(int fd, const void *_Nonnull bytes, size_t count);
/// MSG_DONTWAIT, repeated after EINTR. Number of bytes, 0 at the end of input; -EBADMSG if descriptors came along (SCM_RIGHTS, unix(7)), which end
/// on another thread.
ssize_t tokend_recv(int fd, void *_Nonnull bytes, size_t count);
/// Has the kernel refuse descriptors that clients would send along to connections made from now on, where it can (SO_PASSRIGHTS, Linux 6.16).
void tokend_refuse_descriptors(int listener);
/// 0 where the kernel has refused them from the moment the connection was made.
int tokend_may_get_descriptors(int connection);
/// The same as `tokend_recv`, of a connection that gets none.
ssize_t tokend_recv_bytes(int fd, void *_Nonnull bytes, size_t count);
/// Closes a connection whose input may not have been read to its end, on another thread: what was sent along with that ends with it. Nothing is lost
/// that was written to it.
void tokend_close_unread(int fd);
/// Bytes that were sent on a stream socket and that its peer has not read (SIOCOUTQ, unix(7)).
int tokend_unread(int fd);
struct epoll_event;
/// epoll_wait(2). Number of events.
int tokend_epoll_wait(int epoll, struct epoll_event *_Nonnull events, int capacity, int milliseconds);
/// One datagram to a path, never blocking and never a signal. Number of bytes sent.
ssize_t tokend_send_datagram(int fd, const char *_Nonnull path, const void *_Nonnull bytes, size_t count);
/// An AF_UNIX datagram socket for `tokend_notify`, which may wait.
int tokend_notify_socket(void);
/// One datagram to the service manager at `path`, with a copy of the descriptor `passed` where that is not -1; it is on its way before this
/// returns, so the descriptor may be closed then. Waits so long at most for room in the queue: -EAGAIN.
int tokend_notify(int fd, const char *_Nonnull path, const void *_Nonnull bytes, size_t count, int passed, int milliseconds);

// MARK: who is at the other end

struct tokend_credentials {
    int32_t pid;
    uint32_t uid;
    uint32_t gid;
};
/// SO_PEERCRED: who called connect(2), as it was then.
int tokend_peer_credentials(int fd, struct tokend_credentials *_Nonnull credentials);
/// The address that the other end is bound to (getpeername(2)): a path, or a NUL byte and an abstract name. Number of bytes, 0 when
/// it has none; -ERANGE if there is no room.
ssize_t tokend_peer_address(int fd, void *_Nonnull bytes, size_t capacity);
/// SO_PEERPIDFD (Linux 6.5): a descriptor of that very process; -ENOPROTOOPT on an older kernel.
int tokend_peer_pidfd(int fd);
/// 1 if the kernel has SO_PEERPIDFD: a connection keeps hold of the process that made it. 0 if not.
int tokend_connections_pin_peers(void);
/// pidfd_open(2): a descriptor of the process that has this number now.
int tokend_pidfd_open(int32_t pid);
/// 1 while the process runs, 0 once it has ended, waited for or not.
int tokend_pidfd_alive(int pidfd);
/// SO_PEERGROUPS: supplementary groups. Number written; -ERANGE if there are more than `capacity`, the number then in `needed`.
int tokend_peer_groups(int fd, uint32_t *_Nonnull groups, size_t capacity, size_t *_Nonnull needed);

// MARK: files

/// The length of the longest sentence of `tokend_open_folder`.
#define TOKEND_LONGEST_REASON 4608
/// Opens a folder as a place (O_PATH) for openat(2) and its like. For root no folder on its path may be a link, belong to another user, or be
/// writable for others unless it is sticky: whoever can put a link there says where root writes. -EPERM with a sentence in `reason`, which is
/// empty after anything else; it has room for `capacity` bytes.
int tokend_open_folder(const char *_Nonnull path, char *_Nonnull reason, size_t capacity);
/// 1 if something other than a socket is at `path`, 0 if it is a socket; -ENOENT.
int tokend_not_a_socket(const char *_Nonnull path);
/// Opens, reads once, closes /proc/PID/NAME, which arrives whole. Number of bytes; `capacity` if there may be more.
ssize_t tokend_read_proc(int32_t pid, const void *_Nonnull name, void *_Nonnull bytes, size_t capacity);

// MARK: this process

/// No core dump, no crash report of the Swift runtime, no ptrace and no /proc/self/mem for others of the same user.
int tokend_harden(void);
/// The name in `ps` and /proc/PID/comm, 15 bytes.
int tokend_set_name(const char *_Nonnull name);
/// Raises the soft limit of open descriptors to the hard one; the limit that now holds.
int64_t tokend_raise_file_limit(void);
/// Lets go of the pages of code and constants that the start has mapped; what is needed again comes back from the page cache.
void tokend_release_startup_memory(void);
/// Blocks a signal in the calling thread and those it starts later.
int tokend_block_signal(int number);
