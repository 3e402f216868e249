/* Asks tokend for one token again and again, as its callers do, and says how they fared. Ends when its standard input does.
 *
 *   load SOCKET LINE RATE
 *
 * Half of RATE requests a second go over connections that are kept, half over one made for each. Whoever finds its connection gone begins
 * anew, as any caller does, and what it waited counts from its first try. Prints "begun" once a thousand were answered, then key=value pairs:
 *
 *   answered    replies that begin with OK
 *   errors      whole replies that do not
 *   refused     connections that could not be made
 *   cut         replies that broke off
 *   unanswered  lines that could be sent and got no reply
 *   closed      kept connections that were found closed before a line was sent
 *   tokens      different tokens among the replies, as far as eight
 *   worst       microseconds, and `worst_kept` of those over kept connections
 *   first       the first reply that was an error
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CALLERS = 8, MOST_TOKENS = 8 };

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static char line[256];
static int64_t interval;
static volatile int is_over;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long answered, errors, refused, cut, unanswered, closed, tokens;
static int64_t worst, worst_kept;
static char first[256];
static uint64_t known[MOST_TOKENS];

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void count(long *counter)
{
	pthread_mutex_lock(&lock);
	++*counter;
	pthread_mutex_unlock(&lock);
}

static void note_token(const char *reply)
{
	uint64_t hash = 14695981039346656037u;
	for (const char *byte = reply + 3; *byte && *byte != ' '; byte++) hash = (hash ^ (unsigned char)*byte) * 1099511628211u;
	for (long i = 0; i < tokens; i++)
		if (known[i] == hash) return;
	if (tokens < MOST_TOKENS) known[tokens++] = hash;
}

static void heard(const char *reply, int64_t waited, int is_kept)
{
	pthread_mutex_lock(&lock);
	if (strncmp(reply, "OK ", 3) == 0) {
		note_token(reply);
		if (++answered == 1000) {
			puts("begun");
			fflush(stdout);
		}
	} else if (errors++ == 0) {
		snprintf(first, sizeof first, "%.*s", (int)strcspn(reply, "\n"), reply);
	}
	if (waited > worst) worst = waited;
	if (is_kept && waited > worst_kept) worst_kept = waited;
	pthread_mutex_unlock(&lock);
}

static int dial(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
	count(&refused);
	close(fd);
	usleep(10000);
	return -1;
}

/* One try; 1 when a whole reply came. */
static int ask(int *fd, int was_used, char *reply, size_t room)
{
	size_t length = 0;
	if (*fd < 0 && (*fd = dial()) < 0) return 0;
	if (send(*fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line)) {
		if (was_used) count(&closed);
	} else {
		while (length < room - 1) {
			ssize_t more = recv(*fd, reply + length, room - 1 - length, 0);
			if (more <= 0) break;
			length += more;
			reply[length] = 0;
			if (reply[length - 1] == '\n') return 1;
		}
		count(length ? &cut : &unanswered);
	}
	close(*fd);
	*fd = -1;
	return 0;
}

static void *call(void *number)
{
	int is_kept = (intptr_t)number % 2;
	int fd = -1;
	char *reply = malloc(65536);
	int64_t next = now() + interval * (intptr_t)number / CALLERS;
	while (!is_over) {
		int64_t wait = next - now();
		if (wait > 0) {
			struct timespec pause = { wait / 1000000000, wait % 1000000000 };
			nanosleep(&pause, NULL);
		}
		/* what could not be asked in time is not made up for */
		next = now() > next + interval ? now() + interval : next + interval;
		int64_t began = now();
		int was_used = fd >= 0;
		while (!ask(&fd, was_used, reply, 65536)) was_used = 0;
		heard(reply, now() - began, is_kept);
		if (!is_kept) {
			close(fd);
			fd = -1;
		}
	}
	return NULL;
}

int main(int count, char **arguments)
{
	pthread_t callers[CALLERS];
	char byte;
	if (count != 4) return 64;
	strncpy(address.sun_path, arguments[1], sizeof address.sun_path - 1);
	snprintf(line, sizeof line, "%s\n", arguments[2]);
	interval = 1000000000LL * CALLERS / atol(arguments[3]);
	for (intptr_t i = 0; i < CALLERS; i++) pthread_create(&callers[i], NULL, call, (void *)i);
	while (read(0, &byte, 1) > 0) {}
	is_over = 1;
	for (int i = 0; i < CALLERS; i++) pthread_join(callers[i], NULL);
	printf("answered=%ld\nerrors=%ld\nrefused=%ld\ncut=%ld\nunanswered=%ld\nclosed=%ld\ntokens=%ld\nworst=%ld\nworst_kept=%ld\nfirst=%s\n", answered,
		errors, refused, cut, unanswered, closed, tokens, (long)(worst / 1000), (long)(worst_kept / 1000), first);
	return 0;
}
