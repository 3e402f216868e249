// libc and Linux calls that Swift cannot name. No library may enter here: tokenctl links this statically.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Overwrites `count` bytes in a way the optimiser may not remove.
void tokend_wipe(void *_Nonnull bytes, size_t count);

/// CLOCK_BOOTTIME in nanoseconds: counts suspend, never steps.
int64_t tokend_boottime(void);
/// CLOCK_REALTIME in nanoseconds since the epoch.
int64_t tokend_realtime(void);
