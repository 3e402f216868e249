/* The least a server of the line protocol can do: one epoll, a prepared reply for every line feed it reads.
 *
 *   limit SOCKET BYTES
 *
 * It identifies nobody and understands nothing, so its figures are what the kernel costs. Prints "ready" when it serves. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TAIL " type=Bearer\n"

enum { COPIES = 64, EVENTS = 128, INPUT = 16 * 1024 };

struct client {
	int socket;
	size_t owed; /* bytes of replies not taken by the kernel yet */
};

static char *replies; /* the reply, COPIES times */
static size_t reply_size;
static int poller;

static void watch(struct client *client, int operation, unsigned events)
{
	struct epoll_event event = { .events = events, .data.ptr = client };

	if (epoll_ctl(poller, operation, client->socket, &event) < 0)
		err(1, "epoll_ctl");
}

static void greet(int listener)
{
	int socket;

	while ((socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct client *client = calloc(1, sizeof *client);

		if (!client)
			err(1, "calloc");
		client->socket = socket;
		watch(client, EPOLL_CTL_ADD, EPOLLIN);
	}
}

static void part(struct client *client)
{
	close(client->socket);
	free(client);
}

/* Sends what is owed; 0 when the client is gone. */
static int pay(struct client *client)
{
	while (client->owed) {
		size_t begun = (reply_size - client->owed % reply_size) % reply_size;
		size_t size = client->owed;
		ssize_t sent;

		if (size > COPIES * reply_size - begun)
			size = COPIES * reply_size - begun;
		sent = send(client->socket, replies + begun, size, MSG_NOSIGNAL);
		if (sent < 0)
			return errno == EAGAIN || errno == EINTR;
		client->owed -= (size_t)sent;
	}
	return 1;
}

static void serve(struct client *client)
{
	static char input[INPUT];
	int was_waiting = client->owed > 0;

	if (!was_waiting) {
		ssize_t size = recv(client->socket, input, sizeof input, 0);

		if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
			part(client);
			return;
		}
		for (char *at = input; size > 0 && (at = memchr(at, '\n', (size_t)(input + size - at))); at++)
			client->owed += reply_size;
	}
	if (!pay(client))
		part(client);
	else if (was_waiting != (client->owed > 0))
		watch(client, EPOLL_CTL_MOD, client->owed ? EPOLLOUT : EPOLLIN);
}

static void prepare(size_t size)
{
	reply_size = size;
	replies = malloc(COPIES * size);
	if (!replies)
		err(1, "malloc");
	memset(replies, 'x', COPIES * size);
	for (char *reply = replies; reply < replies + COPIES * size; reply += size) {
		memcpy(reply, "OK ", 3);
		memcpy(reply + size - sizeof TAIL + 1, TAIL, sizeof TAIL - 1);
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof address.sun_path)
		errx(64, "the path is too long for a socket");
	strcpy(address.sun_path, path);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, SOMAXCONN) < 0)
		err(1, "%s", path);
	return listener;
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS], listening = { .events = EPOLLIN };
	int listener;

	if (argc != 3 || atol(argv[2]) < 32)
		errx(64, "limit SOCKET BYTES");
	prepare((size_t)atol(argv[2]));
	listener = listen_at(argv[1]);
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &listening) < 0)
		err(1, "epoll");
	puts("ready");
	fflush(stdout);
	for (;;) {
		int count = epoll_wait(poller, events, EVENTS, -1);

		if (count < 0 && errno != EINTR)
			err(1, "epoll_wait");
		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr)
				serve(events[i].data.ptr);
			else
				greet(listener);
		}
	}
}
