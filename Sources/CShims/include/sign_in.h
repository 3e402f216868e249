// What signing a person in takes at their terminal: a listener for their browser, the browser, signals that can be waited for.
#pragma once
#include <stdint.h>

/// A non-blocking listening TCP socket on the loopback address alone, 127.0.0.1 or, if `six`, ::1. Port 0 takes a free one.
int tokend_loopback_listen(int six, uint16_t port);
/// The port of a listening socket.
int tokend_loopback_port(int fd);

/// Where `tokend_loopback_owner` looks: both in this order, or one alone (tests).
enum tokend_owner_source { TOKEND_OWNER_ANY, TOKEND_OWNER_NETLINK, TOKEND_OWNER_PROC };
/// The user of the process that holds the other end of an accepted loopback TCP connection: NETLINK_SOCK_DIAG (sock_diag(7)), or else
/// /proc/net/tcp and tcp6 (proc(5)). An IPv6 socket that is connected to a mapped IPv4 address is found, too.
/// 0 and `uid`; -ENOENT if no process holds it any more, or the connection has ended; -EOPNOTSUPP if nothing here can tell.
int tokend_loopback_owner(int fd, enum tokend_owner_source source, uint32_t *_Nonnull uid);

/// Holds SIGINT, SIGTERM, SIGHUP and SIGQUIT back, and ignores SIGPIPE; a descriptor that is readable once one of the first four has come.
int tokend_interrupts(void);
/// Forgets those that have come.
void tokend_interrupts_clear(int fd);
/// Closes the descriptor; from now on they end the program as before.
void tokend_interrupts_end(int fd);
