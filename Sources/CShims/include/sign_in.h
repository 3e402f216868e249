// What a sign-in needs at the terminal: a listener for the browser, the owner of a connection, and signals that can be waited for.
#pragma once
#include <stdint.h>

/// A non-blocking listening TCP socket on the loopback address only: ::1 if `six`, else 127.0.0.1. Port 0 chooses a free port.
int tokend_loopback_listen(int six, uint16_t port);
/// The port of a listening socket.
int tokend_loopback_port(int fd);

/// The source for `tokend_loopback_owner`: both in this order, or one only (tests).
enum tokend_owner_source { TOKEND_OWNER_ANY, TOKEND_OWNER_NETLINK, TOKEND_OWNER_PROC };
/// The uid of the process that has the other end of an accepted loopback TCP connection, from NETLINK_SOCK_DIAG (sock_diag(7)) or else from
/// /proc/net/tcp and tcp6 (proc(5)). An IPv6 socket that is connected to a mapped IPv4 address is found, too. Returns 0 and sets `uid`; -ENOENT if no
/// process has it open or the connection has ended; -EOPNOTSUPP if neither source is available.
int tokend_loopback_owner(int fd, enum tokend_owner_source source, uint32_t *_Nonnull uid);

/// Blocks SIGINT, SIGTERM, SIGHUP and SIGQUIT, and ignores SIGPIPE. Returns a signalfd(2) for the first four.
int tokend_interrupts(void);
/// Discards the pending signals.
void tokend_interrupts_clear(int fd);
/// Closes the signalfd and restores the default actions of the signals.
void tokend_interrupts_end(int fd);
