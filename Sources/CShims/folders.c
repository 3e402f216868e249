#define _GNU_SOURCE
#include "CShims.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// Whether another user than root could replace a folder of the path. Writes the reason.
static int is_untrusted(const struct stat *folder, const char *path, char *reason, size_t capacity) {
    if (S_ISLNK(folder->st_mode)) {
        snprintf(reason, capacity, "\"%s\" is a link; name the folder that it leads to", path);
    } else if (folder->st_uid != 0) {
        snprintf(
            reason, capacity,
            "\"%s\" belongs to uid %u, who could have root write somewhere else by a link in its place; name a folder that root alone may change, "
            "or run this as that user",
            path, folder->st_uid);
    } else if (folder->st_mode & 022 && !(folder->st_mode & S_ISVTX)) {
        snprintf(
            reason, capacity,
            "\"%s\" has mode %04o: others could have root write somewhere else by a link in it; name a folder that root alone may change, or chmod go-w it",
            path, folder->st_mode & 07777);
    } else {
        return 0;
    }
    return 1;
}

int tokend_open_folder(const char *path, char *reason, size_t capacity) {
    *reason = 0;
    if (geteuid() != 0) {
        int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
    }
    char absolute[PATH_MAX];
    size_t length = 0;
    if (*path != '/') {
        if (!getcwd(absolute, sizeof absolute)) return -errno;
        length = strlen(absolute);
    }
    if (snprintf(absolute + length, sizeof absolute - length, "%s%s", length ? "/" : "", path) >= (int)(sizeof absolute - length)) return -ENAMETOOLONG;

    int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    // `absolute` is cut at `end`, after the folder that `fd` refers to
    char *end = absolute, after = '/';
    for (;;) {
        struct stat folder;
        int error = 0;
        if (fstat(fd, &folder) < 0) error = errno;
        else if (is_untrusted(&folder, end == absolute ? "/" : absolute, reason, capacity)) error = EPERM;
        else if (!S_ISDIR(folder.st_mode)) error = ENOTDIR;
        if (error) {
            close(fd);
            return -error;
        }
        *end = after;
        char *name = end + strspn(end, "/");
        if (!*name) return fd;
        end = strchrnul(name, '/');
        after = *end;
        *end = 0;
        int below = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        error = errno;
        close(fd);
        if (below < 0) return -error;
        fd = below;
    }
}
