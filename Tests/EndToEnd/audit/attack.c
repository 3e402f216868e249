/* What a caller may try in order to be taken for another one. Linked statically; runs as root inside a machine of the tests, for only root
 * may choose a process number.
 *
 *   attack reuse SOCKET GROUP LINE before|after
 *        a child connects and ends; a process of the control group GROUP takes its number. "before" or "after" the connection was accepted
 *   attack vanish SOCKET LINE     a child connects, asks and ends at once; its parent reads the answer
 *   attack give SOCKET PATH       connects, and gives the connection to whoever listens at PATH
 *   attack receive PATH LINE      takes a connection at PATH and asks on it
 *   attack become SOCKET LINE PROGRAM   connects, and then becomes PROGRAM (a set-user-ID copy of this), which asks
 *   attack count SOCKET LINE WORKERS SECONDS   asks again and again, 16 at a time, connecting anew where the server ends a connection
 *
 * "reuse" and "vanish" print a line when all is prepared and go on when their input has one. What was answered is printed. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_un at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof address.sun_path)
		errx(64, "too long: %s", path);
	strcpy(address.sun_path, path);
	return address;
}

static int make_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		err(1, "socket");
	return fd;
}

static void dial(int fd, const char *path)
{
	struct sockaddr_un address = at(path);

	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		err(1, "connect to %s", path);
}

static void say(int fd, const char *line)
{
	char text[4096];
	int size = snprintf(text, sizeof text, "%s\n", line);

	if (send(fd, text, (size_t)size, MSG_NOSIGNAL) != size)
		err(1, "send");
}

/* Prints one line of the server, or that it ended the connection. */
static void hear(int fd)
{
	char byte;
	ssize_t count;

	while ((count = read(fd, &byte, 1)) == 1 && byte != '\n')
		putchar(byte);
	puts(count == 1 ? "" : count == 0 ? "(the end)" : strerror(errno));
	fflush(stdout);
}

static void wait_for_a_line(void)
{
	char byte;

	while (read(0, &byte, 1) == 1 && byte != '\n')
		;
}

static void prepared(const char *what, int number)
{
	printf("%s %d\n", what, number);
	fflush(stdout);
}

static void end_of(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status)
		errx(1, "the child failed");
}

/* A process with a number of our choice, in a control group of our choice. */
static pid_t take_number(pid_t number, const char *group)
{
	struct clone_args arguments = { .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&number, .set_tid_size = 1 };
	char path[512], ready;
	int pipes[2];
	pid_t child;

	if (pipe(pipes) < 0)
		err(1, "pipe");
	child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
	if (child < 0)
		err(1, "clone3");
	if (child == 0) {
		snprintf(path, sizeof path, "%s/cgroup.procs", group);
		FILE *file = fopen(path, "w");
		if (!file || fprintf(file, "%d\n", number) < 0 || fclose(file))
			err(1, "%s", path);
		(void)!write(pipes[1], "r", 1);
		pause();
		_exit(0);
	}
	close(pipes[1]);
	if (child != number || read(pipes[0], &ready, 1) != 1)
		errx(1, "the number %d was not to be had", number);
	return child;
}

static int reuse(const char *path, const char *group, const char *line, int isAfter)
{
	int fd = make_socket();
	pid_t first = fork(), second;

	if (first == 0) {
		dial(fd, path);
		if (isAfter) {
			char answer[3];

			say(fd, "PING");
			if (read(fd, answer, 3) != 3)
				err(1, "PING");
		}
		_exit(0);
	}
	end_of(first);
	second = take_number(first, group);
	prepared("taken", second);
	wait_for_a_line();
	say(fd, line);
	hear(fd);
	kill(second, SIGKILL);
	return 0;
}

static int vanish(const char *path, const char *line)
{
	int fd = make_socket();
	pid_t child = fork();

	if (child == 0) {
		dial(fd, path);
		say(fd, line);
		_exit(0);
	}
	end_of(child);
	prepared("gone", child);
	wait_for_a_line();
	hear(fd);
	return 0;
}

static int give(const char *path, const char *receiver)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = { 0 };
	char byte = 'x';
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	int fd = make_socket(), other = make_socket();

	dial(fd, path);
	dial(other, receiver);
	control.header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd) };
	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	if (sendmsg(other, &message, 0) < 0)
		err(1, "sendmsg");
	(void)!read(other, &byte, 1); /* until it has been used */
	return 0;
}

static int receive(const char *path, const char *line)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control;
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	struct sockaddr_un address = at(path);
	int listener = make_socket(), other, fd;

	unlink(path);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1) < 0)
		err(1, "%s", path);
	prepared("listening", 0);
	other = accept(listener, NULL, NULL);
	if (other < 0 || recvmsg(other, &message, 0) != 1 || control.header.cmsg_type != SCM_RIGHTS)
		err(1, "nothing was given");
	memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
	say(fd, line);
	hear(fd);
	return 0;
}

static int become(const char *path, const char *line, const char *program)
{
	char number[16];
	int fd = make_socket();

	dial(fd, path);
	snprintf(number, sizeof number, "%d", fd);
	execl(program, program, "speak", number, line, (char *)NULL);
	err(1, "%s", program);
}

static int speak(int fd, const char *line)
{
	prepared("euid", (int)geteuid());
	say(fd, line);
	hear(fd);
	return 0;
}

/* Shared by the workers. */
struct counts {
	uint64_t answered, refused, connections;
};

enum { DEPTH = 16 };

static void work(const char *path, const char *line, struct counts *counts, time_t end)
{
	char text[DEPTH * 512], input[65536];
	size_t size = 0;

	for (int i = 0; i < DEPTH; i++)
		size += (size_t)snprintf(text + size, sizeof text - size, "%s\n", line);
	while (time(NULL) < end) {
		int fd = make_socket(), isOver = 0;

		dial(fd, path);
		counts->connections++;
		while (!isOver && time(NULL) < end) {
			int missing = DEPTH, isBegin = 1;

			if (send(fd, text, size, MSG_NOSIGNAL) != (ssize_t)size)
				isOver = 1; /* what was answered before is still read */
			while (missing > 0) {
				ssize_t count = read(fd, input, sizeof input);

				if (count <= 0) {
					isOver = 1;
					break;
				}
				for (ssize_t i = 0; i < count; i++) {
					/* a line counts when its first byte is here, for the server sends whole lines */
					if (isBegin)
						*(input[i] == 'O' ? &counts->answered : &counts->refused) += 1;
					isBegin = input[i] == '\n';
					missing -= isBegin;
				}
			}
		}
		close(fd);
	}
}

static int count(const char *path, const char *line, int workers, int seconds)
{
	struct counts *counts = mmap(NULL, sizeof *counts * (size_t)workers, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), sum = { 0 };
	time_t end = time(NULL) + seconds;

	if (counts == MAP_FAILED)
		err(1, "mmap");
	prepared("working", workers);
	for (int i = 0; i < workers; i++)
		if (fork() == 0) {
			work(path, line, &counts[i], end);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < workers; i++) {
		sum.answered += counts[i].answered;
		sum.refused += counts[i].refused;
		sum.connections += counts[i].connections;
	}
	printf("answered=%ju refused=%ju connections=%ju\n", (uintmax_t)sum.answered, (uintmax_t)sum.refused, (uintmax_t)sum.connections);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (argc == 6 && !strcmp(mode, "reuse"))
		return reuse(argv[2], argv[3], argv[4], !strcmp(argv[5], "after"));
	if (argc == 4 && !strcmp(mode, "vanish"))
		return vanish(argv[2], argv[3]);
	if (argc == 4 && !strcmp(mode, "give"))
		return give(argv[2], argv[3]);
	if (argc == 4 && !strcmp(mode, "receive"))
		return receive(argv[2], argv[3]);
	if (argc == 5 && !strcmp(mode, "become"))
		return become(argv[2], argv[3], argv[4]);
	if (argc == 4 && !strcmp(mode, "speak"))
		return speak(atoi(argv[2]), argv[3]);
	if (argc == 6 && !strcmp(mode, "count"))
		return count(argv[2], argv[3], atoi(argv[4]), atoi(argv[5]));
	errx(64, "see the source");
}
