// What signing a person in takes at their terminal: a listener for their browser, the browser, signals that can be waited for.
#pragma once
#include <stdint.h>

/// A non-blocking listening TCP socket on the loopback address alone, 127.0.0.1 or, if `six`, ::1.
int tokend_loopback_listen(int six, uint16_t port);

/// Holds SIGINT, SIGTERM and SIGHUP back; a descriptor that is readable once one of them has come.
int tokend_interrupts(void);
/// Forgets those that have come.
void tokend_interrupts_clear(int fd);
/// Closes the descriptor; from now on they end the program as before.
void tokend_interrupts_end(int fd);
