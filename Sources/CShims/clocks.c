#define _GNU_SOURCE
#include "CShims.h"
#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
int64_t tokend_boottime(void) { return clock_ns(CLOCK_BOOTTIME); }
int64_t tokend_realtime(void) { return clock_ns(CLOCK_REALTIME); }
int64_t tokend_monotonic(void) { return clock_ns(CLOCK_MONOTONIC); }

int tokend_clock_step_timer(void) {
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0) return -errno;
    // a time that never comes: only the cancellation matters
    struct itimerspec never = { .it_value.tv_sec = (time_t)1 << 33 };
    if (timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0) return fd;
    int error = errno;
    close(fd);
    return -error;
}

int tokend_clock_step_timer_read(int fd) {
    uint64_t expirations;
    if (read(fd, &expirations, sizeof expirations) >= 0) return 0;
    return errno == ECANCELED ? 1 : errno == EAGAIN ? 0 : -errno;
}
