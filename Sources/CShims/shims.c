#define _GNU_SOURCE
#include "CShims.h"
#include <string.h>
#include <time.h>

void tokend_wipe(void *bytes, size_t count) { explicit_bzero(bytes, count); }

static int64_t clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
int64_t tokend_boottime(void) { return clock_ns(CLOCK_BOOTTIME); }
int64_t tokend_realtime(void) { return clock_ns(CLOCK_REALTIME); }
