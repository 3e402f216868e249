// Closes descriptors that clients send along (SCM_RIGHTS, unix(7)). The thread that closes the last reference may block: close(2) on a TCP socket
// with SO_LINGER and unsent data takes as long as its owner has set, and on a large memfd as long as freeing its pages takes. So the thread of the
// loop never closes them. They would otherwise be closed in a recvmsg(2) without room for them, or in the close(2) of a connection with unread
// messages.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CShims.h"

// the maximum per message: SCM_MAX_FD in the kernel
enum { MOST_PASSED = 253, MOST_WORKERS = 16 };

typedef struct {
    int fd;
    // a connection, whose unread messages are received and closed first
    int is_connection;
} discarded;

static int jobs[2] = {-1, -1};
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int workers, idle;

typedef union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * MOST_PASSED)];
} control_room;

// Calls `take` for each descriptor in the message. Returns whether there was one.
static int take_passed(struct msghdr *message, void (*take)(int)) {
    int found = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            take(fd);
            found = 1;
        }
    }
    return found;
}

static void end(int fd) {
    // fails for a descriptor that is not a socket, which needs none
    const struct linger none = {0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fd);
}

static void end_connection(int fd) {
    // no further messages
    shutdown(fd, SHUT_RD);
    for (;;) {
        control_room room;
        char bytes[4096];
        struct iovec part = {.iov_base = bytes, .iov_len = sizeof bytes};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room};
        ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        take_passed(&message, end);
        explicit_bzero(bytes, sizeof bytes);
    }
    close(fd);
}

static void *work(void *unused) {
    (void)unused;
    pthread_setname_np(pthread_self(), "discard");
    discarded job;
    for (;;) {
        atomic_fetch_add(&idle, 1);
        ssize_t n = read(jobs[0], &job, sizeof job);
        atomic_fetch_sub(&idle, 1);
        if (n != sizeof job) continue;
        if (job.is_connection) end_connection(job.fd); else end(job.fd);
    }
    return NULL;
}

static int add_worker(void) {
    if (atomic_fetch_add(&workers, 1) < MOST_WORKERS) {
        pthread_attr_t attributes;
        pthread_t thread;
        sigset_t all, before;
        sigfillset(&all);
        // the loop handles signals
        pthread_sigmask(SIG_BLOCK, &all, &before);
        int error = pthread_attr_init(&attributes);
        if (!error) {
            pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
            pthread_attr_setstacksize(&attributes, 128 * 1024);
            error = pthread_create(&thread, &attributes, work, NULL);
            pthread_attr_destroy(&attributes);
        }
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (!error) return 1;
    }
    atomic_fetch_sub(&workers, 1);
    return 0;
}

static void open_jobs(void) {
    if (pipe2(jobs, O_CLOEXEC) < 0) {
        jobs[0] = jobs[1] = -1;
        return;
    }
    // the caller must never block
    fcntl(jobs[1], F_SETFL, O_NONBLOCK);
    if (!add_worker()) {
        close(jobs[0]);
        close(jobs[1]);
        jobs[0] = jobs[1] = -1;
    }
}

static void discard(int fd, int is_connection) {
    pthread_once(&once, open_jobs);
    const discarded job = {fd, is_connection};
    // busy workers may be blocked for as long as a client likes
    if (jobs[1] >= 0 && atomic_load(&idle) == 0) add_worker();
    if (jobs[1] >= 0 && write(jobs[1], &job, sizeof job) == sizeof job) return;
    if (is_connection) end_connection(fd); else end(fd);
}

static void discard_passed(int fd) { discard(fd, 0); }

void tokend_close_unread(int fd) { discard(fd, 1); }

// Linux 6.16
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

void tokend_refuse_descriptors(int listener) {
    const int off = 0;
    setsockopt(listener, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off);
}

int tokend_may_get_descriptors(int connection) {
    int on = 1;
    socklen_t size = sizeof on;
    return getsockopt(connection, SOL_SOCKET, SO_PASSRIGHTS, &on, &size) < 0 || on;
}

ssize_t tokend_recv_bytes(int fd, void *bytes, size_t count) {
    for (;;) {
        // not through libc: see tokend_send
        ssize_t n = syscall(SYS_recvfrom, fd, bytes, count, MSG_DONTWAIT, NULL, NULL);
        if (n >= 0) return n;
        if (errno != EINTR) return -errno;
    }
}

ssize_t tokend_recv(int fd, void *bytes, size_t count) {
    control_room room;
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room};
    for (;;) {
        // not through libc: see tokend_send
        ssize_t n = syscall(SYS_recvmsg, fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        if (message.msg_controllen == 0) return n;
        return take_passed(&message, discard_passed) ? -EBADMSG : n;
    }
}
