#define _GNU_SOURCE
#include "unix_client.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

// A process may start with closed standard descriptors. A socket that got such a number would receive what the program prints.
static int above_standard_error(int fd) {
    if (fd < 0 || fd > STDERR_FILENO) return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int saved = errno;
    close(fd);
    errno = saved;
    return moved;
}

static int set_timeout(int fd, int option, int seconds) {
    struct timeval timeout = {.tv_sec = seconds};
    return setsockopt(fd, SOL_SOCKET, option, &timeout, sizeof timeout);
}

int tokend_unix_open(const char *path, int timeout) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);

    int fd = above_standard_error(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd < 0) return -errno;
    if (timeout > 0 && (set_timeout(fd, SO_SNDTIMEO, timeout) || set_timeout(fd, SO_RCVTIMEO, timeout))) goto failed;
    while (connect(fd, (struct sockaddr *)&address, sizeof address))
        if (errno != EINTR) goto failed;
    return fd;
failed:;
    int error = errno;
    close(fd);
    return -error;
}

int tokend_unix_wait_forever(int fd) { return set_timeout(fd, SO_RCVTIMEO, 0) ? -errno : 0; }

int tokend_unix_send(int fd, const void *bytes, size_t count) {
    const char *rest = bytes;
    while (count > 0) {
        ssize_t sent = send(fd, rest, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return -errno;
        rest += sent;
        count -= (size_t)sent;
    }
    return 0;
}

long tokend_unix_receive(int fd, void *bytes, size_t count) {
    ssize_t received;
    do received = recv(fd, bytes, count, 0);
    while (received < 0 && errno == EINTR);
    return received < 0 ? -errno : received;
}

int tokend_write_all(int fd, const void *bytes, size_t count) {
    const char *rest = bytes;
    while (count > 0) {
        ssize_t written = write(fd, rest, count);
        if (written < 0 && errno == EAGAIN) {
            struct pollfd writable = {.fd = fd, .events = POLLOUT};
            poll(&writable, 1, -1);
            continue;
        }
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -errno;
        rest += written;
        count -= (size_t)written;
    }
    return 0;
}
