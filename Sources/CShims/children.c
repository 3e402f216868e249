#define _GNU_SOURCE
#include "children.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unix_client.h"

static int fill_and_seal(int fd, const void *bytes, size_t count) {
    int error = tokend_write_all(fd, bytes, count);
    if (error < 0) return error;
    // the program may run as another user, and no other process can find the memfd
    if (fchmod(fd, 0444) < 0) return -errno;
    return fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0 ? -errno : 0;
}

// Opens the memfd again: read-only, and with its own offset at 0.
static int reopen(int fd) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int reading = open(path, O_RDONLY | O_CLOEXEC);
    return reading < 0 ? -errno : reading;
}

int tokend_lend_file(const char *name, const void *bytes, size_t count, int wanted) {
    if (wanted >= 0 && fcntl(wanted, F_GETFD) >= 0) return -EBUSY;
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return -errno;
    int result = fill_and_seal(fd, bytes, count);
    int reading = result < 0 ? result : reopen(fd);
    close(fd);
    if (reading < 0) return reading;
    result = wanted < 0 ? fcntl(reading, F_DUPFD, STDERR_FILENO + 1) : reading == wanted ? fcntl(reading, F_SETFD, 0) : dup2(reading, wanted);
    if (result < 0) result = -errno;
    if (wanted < 0 || reading != wanted) close(reading);
    return result < 0 ? result : wanted < 0 ? result : wanted;
}

int tokend_become(char *const *arguments) {
    execvp(arguments[0], arguments);
    return -errno;
}

// The program starts with no signal blocked or ignored, whatever this process does.
static int start(char *const *arguments, const posix_spawn_file_actions_t *files, short more) {
    posix_spawnattr_t how;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&how);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | more);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &all);
    pid_t pid;
    int error = posix_spawnp(&pid, arguments[0], files, &how, arguments, environ);
    posix_spawnattr_destroy(&how);
    return error ? -error : pid;
}

int tokend_start_beside(char *const *arguments, int input, int output, int error) {
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    if (input < 0) posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    else posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    if (output >= 0) posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    if (error >= 0) posix_spawn_file_actions_adddup2(&files, error, STDERR_FILENO);
    int pid = start(arguments, &files, 0);
    posix_spawn_file_actions_destroy(&files);
    return pid;
}

int tokend_start_apart(char *const *arguments) {
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    int pid = start(arguments, &files, POSIX_SPAWN_SETSID);
    posix_spawn_file_actions_destroy(&files);
    return pid;
}

int tokend_pipe(int *reading, int *writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    for (int i = 0; i < 2; i++) {
        if (ends[i] > STDERR_FILENO) continue;
        int moved = fcntl(ends[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        int error = errno;
        close(ends[i]);
        ends[i] = moved;
        if (moved < 0) {
            close(ends[!i]);
            return -error;
        }
    }
    *reading = ends[0];
    *writing = ends[1];
    return 0;
}

static int status_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

int tokend_wait_for(int32_t pid) {
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -errno;
    return status_of(status);
}

int tokend_has_ended(int32_t pid) {
    int status;
    pid_t ended = waitpid(pid, &status, WNOHANG);
    return ended < 0 ? -errno : ended == 0 ? -EAGAIN : status_of(status);
}
