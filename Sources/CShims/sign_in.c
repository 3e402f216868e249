#define _GNU_SOURCE
#include "sign_in.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

static int bind_loopback(int fd, int six, uint16_t port) {
    const int on = 1;
    // connections of an earlier login in TIME_WAIT must not block the port; a listening socket still does
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return -1;
    if (six) {
        struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) return -1;
        return bind(fd, (struct sockaddr *)&address, sizeof address);
    }
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    return bind(fd, (struct sockaddr *)&address, sizeof address);
}

int tokend_loopback_listen(int six, uint16_t port) {
    int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    if (bind_loopback(fd, six, port) == 0 && listen(fd, 256) == 0) return fd;
    int error = errno;
    close(fd);
    return -error;
}

int tokend_loopback_port(int fd) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) return -errno;
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static sigset_t interrupts(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    return set;
}

int tokend_interrupts(void) {
    const sigset_t set = interrupts();
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -errno;
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

void tokend_interrupts_clear(int fd) {
    struct signalfd_siginfo signal;
    while (read(fd, &signal, sizeof signal) > 0) continue;
}

void tokend_interrupts_end(int fd) {
    const sigset_t set = interrupts();
    if (fd >= 0) close(fd);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
