#define _GNU_SOURCE
#include "CShims.h"
#include <errno.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int unix_socket(int type) {
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}
int tokend_unix_stream(void) { return unix_socket(SOCK_STREAM | SOCK_NONBLOCK); }
int tokend_unix_datagram(void) { return unix_socket(SOCK_DGRAM | SOCK_NONBLOCK); }
int tokend_notify_socket(void) { return unix_socket(SOCK_DGRAM); }

static int unix_address(const char *path, struct sockaddr_un *address, socklen_t *length) {
    size_t n = strlen(path);
    if (n == 0) return -ENOENT;
    if (n >= sizeof address->sun_path) return -ENAMETOOLONG;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, n);
    int abstract = path[0] == '@';
    if (abstract) address->sun_path[0] = 0;
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + !abstract);
    return 0;
}

int tokend_unix_bind(int fd, const char *path) {
    struct sockaddr_un address;
    socklen_t length;
    int r = unix_address(path, &address, &length);
    if (r < 0) return r;
    return bind(fd, (struct sockaddr *)&address, length) < 0 ? -errno : 0;
}

int tokend_unix_connect(int fd, const char *path) {
    struct sockaddr_un address;
    socklen_t length;
    int r = unix_address(path, &address, &length);
    if (r < 0) return r;
    while (connect(fd, (struct sockaddr *)&address, length) < 0)
        if (errno != EINTR) return -errno;
    return 0;
}

int tokend_accept(int fd) {
    int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return connection < 0 ? -errno : connection;
}

int tokend_has_hung_up(int fd) {
    char byte;
    for (;;) {
        ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (n >= 0) return n == 0;
        if (errno != EINTR) return errno != EAGAIN;
    }
}

// The calls of every request bypass libc. In a threaded program libc makes each of them a cancellation point, which costs two locked instructions per
// call. No thread is cancelled here.
ssize_t tokend_send(int fd, const void *bytes, size_t count) {
    for (;;) {
        ssize_t n = syscall(SYS_sendto, fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
        if (n >= 0) return n;
        if (errno != EINTR) return -errno;
    }
}

int tokend_unread(int fd) {
    int count;
    return ioctl(fd, SIOCOUTQ, &count) < 0 ? -errno : count;
}

int tokend_epoll_wait(int epoll, struct epoll_event *events, int capacity, int milliseconds) {
    long n = syscall(SYS_epoll_pwait, epoll, events, capacity, milliseconds, NULL, 0);
    return n < 0 ? -errno : (int)n;
}

ssize_t tokend_send_datagram(int fd, const char *path, const void *bytes, size_t count) {
    struct sockaddr_un address;
    socklen_t length;
    int r = unix_address(path, &address, &length);
    if (r < 0) return r;
    ssize_t n = sendto(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, length);
    return n < 0 ? -errno : n;
}

int tokend_notify(int fd, const char *path, const void *bytes, size_t count, int passed, int milliseconds) {
    struct sockaddr_un address;
    socklen_t length;
    int r = unix_address(path, &address, &length);
    if (r < 0) return r;
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_name = &address, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof passed)];
    } control = {0};
    if (passed >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.room;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof passed);
        memcpy(CMSG_DATA(header), &passed, sizeof passed);
    }
    int64_t end = tokend_monotonic() + milliseconds * (int64_t)1000000;
    for (;;) {
        int64_t left = (end - tokend_monotonic()) / 1000;
        int flags = MSG_NOSIGNAL;
        // a timeout of zero would mean no timeout
        if (left <= 0) {
            flags |= MSG_DONTWAIT;
        } else {
            struct timeval wait = {.tv_sec = left / 1000000, .tv_usec = left % 1000000};
            if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) < 0) flags |= MSG_DONTWAIT;
        }
        r = sendmsg(fd, &message, flags) < 0 ? -errno : 0;
        if (r != -EINTR) return r;
    }
}
