#define _GNU_SOURCE
#include "CShims.h"
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

int tokend_peer_credentials(int fd, struct tokend_credentials *credentials) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return -errno;
    credentials->pid = peer.pid;
    credentials->uid = peer.uid;
    credentials->gid = peer.gid;
    return 0;
}

ssize_t tokend_peer_address(int fd, void *bytes, size_t capacity) {
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &length) < 0) return -errno;
    if (address.sun_family != AF_UNIX) return -EAFNOSUPPORT;
    if (length <= offsetof(struct sockaddr_un, sun_path)) return 0;
    size_t count = length - offsetof(struct sockaddr_un, sun_path);
    if (count > sizeof address.sun_path || count > capacity) return -ERANGE;
    memcpy(bytes, address.sun_path, count);
    return (ssize_t)count;
}

int tokend_peer_pidfd(int fd) {
    int pidfd = -1;
    socklen_t length = sizeof pidfd;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length) < 0) return -errno;
    return pidfd;
}

int tokend_pidfd_open(int32_t pid) {
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    return pidfd < 0 ? -errno : pidfd;
}

int tokend_pidfd_alive(int pidfd) {
    struct pollfd p = { .fd = pidfd, .events = POLLIN };
    int n = poll(&p, 1, 0);
    return n < 0 ? -errno : n == 0;
}

int tokend_peer_groups(int fd, uint32_t *groups, size_t capacity, size_t *needed) {
    socklen_t length = (socklen_t)(capacity * sizeof *groups);
    int r = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length);
    *needed = length / sizeof *groups;
    return r < 0 ? -errno : (int)*needed;
}

int tokend_connections_pin_peers(void) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return -errno;
    const int pidfd = tokend_peer_pidfd(pair[0]);
    if (pidfd >= 0) close(pidfd);
    close(pair[0]);
    close(pair[1]);
    return pidfd >= 0;
}
