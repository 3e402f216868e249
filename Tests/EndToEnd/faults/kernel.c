// To be preloaded: a kernel before Linux 6.16, which knows no SO_PASSRIGHTS (socket(7)), and so cannot refuse descriptors that are sent along.
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PASSRIGHTS = 83 };

static int unknown(int level, int option) {
    if (level != SOL_SOCKET || option != PASSRIGHTS) return 0;
    errno = ENOPROTOOPT;
    return 1;
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t size) {
    return unknown(level, option) ? -1 : (int)syscall(SYS_setsockopt, fd, level, option, value, size);
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *size) {
    return unknown(level, option) ? -1 : (int)syscall(SYS_getsockopt, fd, level, option, value, size);
}
