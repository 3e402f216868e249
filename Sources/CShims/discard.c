// Descriptors that a client has sent along (SCM_RIGHTS, unix(7)). Whoever ends the last reference to one pays for it: the close of a TCP socket with
// SO_LINGER and unsent data takes as long as its owner has set, that of a large memfd as long as its pages take. So none of them ends on the thread
// of the loop, and none is ever a descriptor of this process, for close(2) would then have a FUSE file flushed by its owner. A message that has some
// is left unread, and its connection is closed on another thread.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CShims.h"

enum { MOST_WORKERS = 16, TICK_NANOSECONDS = 2000000 };

// A list of connections to be closed. `next[fd]` is the one behind `fd`, or -1: each descriptor is in it once at most, so there is always room.
static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    int *next;
    rlim_t room;
    int first, last;
    int workers, idle;
} list = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER, .first = -1, .last = -1};

static int tick_signal(void) { return SIGRTMIN + 1; }

static void tick(int number) { (void)number; }

// A signal now and then: close(2) of a socket lingers for as long as its owner likes, but not beyond a signal (sk_stream_wait_close in the kernel).
static timer_t *make_timer(timer_t *room) {
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = tick_signal();
#ifdef sigev_notify_thread_id
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
#else
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
#endif
    return timer_create(CLOCK_MONOTONIC, &event, room) < 0 ? NULL : room;
}

static void run_timer(timer_t *timer, long nanoseconds) {
    const struct itimerspec times = {.it_interval = {.tv_nsec = nanoseconds}, .it_value = {.tv_nsec = nanoseconds}};
    if (timer) timer_settime(*timer, 0, &times, NULL);
}

static void *work(void *unused) {
    (void)unused;
    timer_t room;
    timer_t *timer = make_timer(&room);
    sigset_t ticks;
    sigemptyset(&ticks);
    sigaddset(&ticks, tick_signal());
    pthread_sigmask(SIG_UNBLOCK, &ticks, NULL);
    pthread_setname_np(pthread_self(), "discard");
    for (;;) {
        pthread_mutex_lock(&list.lock);
        list.idle++;
        while (list.first < 0) pthread_cond_wait(&list.filled, &list.lock);
        list.idle--;
        int fd = list.first;
        list.first = list.next[fd];
        if (list.first < 0) list.last = -1;
        pthread_mutex_unlock(&list.lock);
        run_timer(timer, TICK_NANOSECONDS);
        close(fd);
        run_timer(timer, 0);
    }
    return NULL;
}

// With the lock held.
static void add_worker(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    if (list.workers == MOST_WORKERS || pthread_attr_init(&attributes)) return;
    sigfillset(&all);
    // signals are the loop's
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    if (!pthread_create(&thread, &attributes, work, NULL)) list.workers++;
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

// With the lock held. Whether there is room for this descriptor.
static int has_room(int fd) {
    if (!list.next) {
        struct rlimit limit;
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_handler = tick;
        action.sa_flags = SA_RESTART;
        sigaction(tick_signal(), &action, NULL);
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 0;
        list.room = limit.rlim_max < (1 << 24) ? limit.rlim_max : (1 << 24);
        list.next = calloc(list.room, sizeof *list.next);
    }
    return list.next && (rlim_t)fd < list.room;
}

void tokend_close_unread(int fd) {
    // nothing more comes
    shutdown(fd, SHUT_RD);
    pthread_mutex_lock(&list.lock);
    int is_listed = has_room(fd);
    if (is_listed) {
        // those that are at work may be held up
        if (list.idle == 0) add_worker();
        list.next[fd] = -1;
        if (list.last < 0) list.first = fd; else list.next[list.last] = fd;
        list.last = fd;
        pthread_cond_signal(&list.filled);
    }
    pthread_mutex_unlock(&list.lock);
    if (!is_listed) close(fd);
}

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

int tokend_accept_client(int listener) {
    int connection = tokend_accept(listener);
    const int on = 1;
    // a byte that is sent out of band (MSG_OOB) may have descriptors, and would be thrown away by the next recv(2), with them
    if (connection >= 0 && tokend_may_get_descriptors(connection)) setsockopt(connection, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
    return connection;
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
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    for (;;) {
        // a look ends no descriptor: the message has them still
        ssize_t n = syscall(SYS_recvmsg, fd, &message, MSG_DONTWAIT | MSG_PEEK);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 ? -errno : 0;
        if (message.msg_flags & MSG_CTRUNC) return -EBADMSG;
        // these bytes alone: what has come behind them may have descriptors
        return tokend_recv_bytes(fd, bytes, (size_t)n);
    }
}
