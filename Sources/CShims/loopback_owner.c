// The owner of the other end of a TCP connection within this machine.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "sign_in.h"

// A connection as seen from its other end: from its address to ours. An IPv4 address is in the first word. All values are in network byte order.
struct ends {
    int family;
    uint32_t theirs[4], ours[4];
    uint16_t their_port, our_port;
};

// The kernel's data about the socket at the other end.
struct holder {
    unsigned state;
    uint32_t uid;
    uint64_t inode;
};

static void take(const struct sockaddr_storage *address, uint32_t words[4], uint16_t *port) {
    memset(words, 0, 16);
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
        memcpy(words, &six->sin6_addr, 16);
        *port = six->sin6_port;
    } else {
        const struct sockaddr_in *four = (const struct sockaddr_in *)address;
        memcpy(words, &four->sin_addr, 4);
        *port = four->sin_port;
    }
}

static int ends_of(int fd, struct ends *ends) {
    struct sockaddr_storage ours, theirs;
    socklen_t length = sizeof ours;
    if (getsockname(fd, (struct sockaddr *)&ours, &length) < 0) return -errno;
    length = sizeof theirs;
    if (getpeername(fd, (struct sockaddr *)&theirs, &length) < 0) return -ENOENT;
    if (ours.ss_family != AF_INET && ours.ss_family != AF_INET6) return -EAFNOSUPPORT;
    ends->family = ours.ss_family;
    take(&ours, ends->ours, &ends->our_port);
    take(&theirs, ends->theirs, &ends->their_port);
    return 0;
}

// Whether our end is still connected. Only then no other connection can have the same addresses.
static int is_connected(int fd) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0) return 0;
    return info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_CLOSE_WAIT;
}

// A socket that no process has open (closed, in TIME_WAIT, or not accepted yet) has no inode, and the kernel reports uid 0 for it. A connecting
// socket may have taken the addresses of a connection that has just ended.
static int owner_of(const struct holder *holder, uint32_t *uid) {
    switch (holder->state) {
    case TCP_ESTABLISHED: case TCP_FIN_WAIT1: case TCP_FIN_WAIT2: case TCP_CLOSE_WAIT: case TCP_CLOSING: case TCP_LAST_ACK: break;
    default: return -ENOENT;
    }
    if (holder->inode == 0) return -ENOENT;
    *uid = holder->uid;
    return 0;
}

// MARK: sock_diag(7)

static int send_request(int netlink, const struct ends *ends) {
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 body;
    } request = {
        .head = { .nlmsg_len = sizeof request, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST },
        .body = { .sdiag_family = ends->family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = -1 },
    };
    request.body.id.idiag_sport = ends->their_port;
    request.body.id.idiag_dport = ends->our_port;
    memcpy(request.body.id.idiag_src, ends->theirs, 16);
    memcpy(request.body.id.idiag_dst, ends->ours, 16);
    request.body.id.idiag_cookie[0] = request.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    return sendto(netlink, &request, sizeof request, 0, (const struct sockaddr *)&kernel, sizeof kernel) < 0 ? -errno : 0;
}

static int receive_reply(int netlink, struct holder *holder) {
    _Alignas(struct nlmsghdr) char bytes[8192];
    struct sockaddr_nl from;
    socklen_t length = sizeof from;
    ssize_t count = recvfrom(netlink, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &length);
    if (count < 0) return -errno;
    const struct nlmsghdr *head = (const struct nlmsghdr *)bytes;
    // only the kernel has port 0
    if (length != sizeof from || from.nl_pid != 0 || !NLMSG_OK(head, count)) return -EOPNOTSUPP;
    if (head->nlmsg_type == NLMSG_ERROR) {
        if (head->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))) return -EOPNOTSUPP;
        const struct nlmsgerr *error = NLMSG_DATA(head);
        return error->error == -ENOENT ? -ENOENT : -EOPNOTSUPP;
    }
    if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY || head->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg))) return -EOPNOTSUPP;
    const struct inet_diag_msg *found = NLMSG_DATA(head);
    *holder = (struct holder){ .state = found->idiag_state, .uid = found->idiag_uid, .inode = found->idiag_inode };
    return 0;
}

static int by_netlink(const struct ends *ends, struct holder *holder) {
    int netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (netlink < 0) return -EOPNOTSUPP;
    const struct timeval timeout = { .tv_sec = 2 };
    setsockopt(netlink, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    int result = send_request(netlink, ends);
    if (result == 0) result = receive_reply(netlink, holder);
    close(netlink);
    return result == 0 || result == -ENOENT ? result : -EOPNOTSUPP;
}

// MARK: /proc/net/tcp (proc(5)): the words of an address in host byte order, and the port

static int is_four(const struct ends *ends, const uint32_t theirs[4], const uint32_t ours[4], int words) {
    if (words == 1) return theirs[0] == ends->theirs[0] && ours[0] == ends->ours[0];
    const uint32_t mapped = htonl(0xFFFF);
    return theirs[0] == 0 && theirs[1] == 0 && theirs[2] == mapped && theirs[3] == ends->theirs[0]
        && ours[0] == 0 && ours[1] == 0 && ours[2] == mapped && ours[3] == ends->ours[0];
}

static int is_it(const struct ends *ends, const uint32_t theirs[4], unsigned their_port, const uint32_t ours[4], unsigned our_port, int words) {
    if (their_port != ntohs(ends->their_port) || our_port != ntohs(ends->our_port)) return 0;
    if (ends->family == AF_INET) return is_four(ends, theirs, ours, words);
    return words == 4 && memcmp(theirs, ends->theirs, 16) == 0 && memcmp(ours, ends->ours, 16) == 0;
}

static int read_address(const char *text, int words, uint32_t address[4]) {
    for (int i = 0; i < words; i++)
        if (sscanf(text + 8 * i, "%8x", &address[i]) != 1) return 0;
    return strlen(text) == 8 * (size_t)words;
}

static int search(const char *path, int words, const struct ends *ends, struct holder *holder) {
    FILE *file = fopen(path, "re");
    if (!file) return -EOPNOTSUPP;
    char line[512];
    int result = -ENOENT;
    while (result == -ENOENT && fgets(line, sizeof line, file)) {
        char theirs_text[40], ours_text[40];
        uint32_t theirs[4], ours[4];
        unsigned their_port, our_port;
        struct holder one;
        unsigned long long inode;
        if (sscanf(line, " %*d: %39[0-9A-F]:%x %39[0-9A-F]:%x %x %*s %*s %*s %u %*u %llu", theirs_text, &their_port, ours_text, &our_port, &one.state,
                   &one.uid, &inode) != 7) continue;
        one.inode = inode;
        if (!read_address(theirs_text, words, theirs) || !read_address(ours_text, words, ours)) continue;
        if (!is_it(ends, theirs, their_port, ours, our_port, words)) continue;
        *holder = one;
        result = 0;
    }
    fclose(file);
    return result;
}

static int by_proc(const struct ends *ends, struct holder *holder) {
    int four = ends->family == AF_INET ? search("/proc/net/tcp", 1, ends, holder) : -ENOENT;
    if (four == 0) return 0;
    // a machine without IPv6 has no such file
    int six = search("/proc/net/tcp6", 4, ends, holder);
    if (six == 0) return 0;
    return four == -ENOENT && (six == -ENOENT || ends->family == AF_INET) ? -ENOENT : -EOPNOTSUPP;
}

int tokend_loopback_owner(int fd, enum tokend_owner_source source, uint32_t *uid) {
    struct ends ends;
    struct holder holder;
    int result = ends_of(fd, &ends);
    if (result < 0) return result;
    result = source == TOKEND_OWNER_PROC ? -EOPNOTSUPP : by_netlink(&ends, &holder);
    if (result == -EOPNOTSUPP && source != TOKEND_OWNER_NETLINK) result = by_proc(&ends, &holder);
    if (result == 0) result = owner_of(&holder, uid);
    // checked last: the socket that was found had these addresses while our end was connected to it
    return result == 0 && !is_connected(fd) ? -ENOENT : result;
}
