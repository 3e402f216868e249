/* Load for a server of the line protocol on a Unix socket.
 *
 *   load SOCKET MODE CONNECTIONS REQUESTS REQUEST [NAMES]
 *
 *   pingpong   each connection waits for a reply before it asks again
 *   pipeline   each connection keeps 16 requests outstanding
 *   reconnect  a new connection for every request, one at a time; connecting is part of the time
 *   paced      one connection, a request due each millisecond; one that has to wait for the reply before it counts from when it was due
 *   idle       opens the connections, prints "open", holds them until its input ends
 *
 * With NAMES, every "%" in REQUEST is the number of the request modulo NAMES. A tenth as many requests warm up. Every reply
 * must begin with "OK "; one that does not ends the run with status 2. Prints key=value pairs, times in microseconds. */
#define _GNU_SOURCE
#include "figures.h"
#include <err.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { DEPTH = 16, EVENTS = 128, INPUT = 256 * 1024, REQUEST_MAX = 4096 };

struct connection {
	int socket;
	unsigned first, outstanding; /* of `begun` */
	size_t seen;                 /* bytes of the reply that is arriving */
	uint64_t begun[DEPTH];
};

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static const char *request;
static long asked, answered, warm_up, in_all, names = 1;
static uint64_t measured_since;
static char input[INPUT];

static int dial(void)
{
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address) < 0)
		err(1, "connect");
	return server;
}

/* Writes the next request to `to`; returns its size. */
static size_t compose(char *to)
{
	char *at = to;

	for (const char *from = request; *from; from++)
		if (*from == '%' && names > 1)
			at += sprintf(at, "%ld", asked % names);
		else
			*at++ = *from;
	*at++ = '\n';
	asked++;
	return (size_t)(at - to);
}

/* Sends `count` requests at once, or as many as are still to be made. */
static void ask(struct connection *connection, unsigned count)
{
	static char lines[DEPTH * REQUEST_MAX];
	size_t size = 0, sent = 0;
	uint64_t now;

	if (count > in_all - asked)
		count = (unsigned)(in_all - asked);
	for (unsigned i = 0; i < count; i++)
		size += compose(lines + size);
	now = nanoseconds();
	for (unsigned i = 0; i < count; i++)
		connection->begun[(connection->first + connection->outstanding++) % DEPTH] = now;
	while (sent < size) {
		ssize_t part = send(connection->socket, lines + sent, size - sent, MSG_NOSIGNAL);

		if (part < 0 && errno != EINTR)
			err(1, "send");
		sent += part > 0 ? (size_t)part : 0;
	}
}

static void settle(struct connection *connection)
{
	if (!connection->outstanding)
		errx(2, "a reply that nobody asked for");
	if (++answered > warm_up)
		figures_add(elapsed(connection->begun[connection->first]));
	else if (answered == warm_up)
		measured_since = nanoseconds();
	connection->first = (connection->first + 1) % DEPTH;
	connection->outstanding--;
	connection->seen = 0;
}

/* Reads what has come; returns how many replies ended in it. */
static unsigned hear(struct connection *connection)
{
	unsigned ended = 0;
	ssize_t size = recv(connection->socket, input, sizeof input, 0);

	if (size <= 0)
		errx(2, "the server ended a connection");
	for (char *at = input, *stop = input + size; at < stop;) {
		char *feed = memchr(at, '\n', (size_t)(stop - at));
		char *next = feed ? feed + 1 : stop;

		for (char *byte = at; byte < next && connection->seen + (size_t)(byte - at) < 3; byte++)
			if (*byte != "OK "[connection->seen + (size_t)(byte - at)])
				errx(2, "the server says: %.*s", (int)(next - at > 200 ? 200 : next - at), at);
		connection->seen += (size_t)(next - at);
		at = next;
		if (feed) {
			settle(connection);
			ended++;
		}
	}
	return ended;
}

/* Blocking calls, because a poll before each would be measured as well. */
static void alone(int reconnect)
{
	struct connection connection = { .socket = -1 };

	while (answered < in_all) {
		uint64_t begun = nanoseconds();

		if (connection.socket < 0)
			connection.socket = dial();
		ask(&connection, 1);
		connection.begun[connection.first] = begun;
		while (!hear(&connection))
			;
		if (reconnect) {
			close(connection.socket);
			connection.socket = -1;
		}
	}
}

/* When the next request begins: as soon as it is due, and no later than that where the reply before it came too late. */
static uint64_t await_due(uint64_t started)
{
	uint64_t due = started + (uint64_t)asked * 1000000u, now = nanoseconds();

	if (now >= due)
		return due;
	usleep((useconds_t)((due - now) / 1000));
	return nanoseconds();
}

static void paced(void)
{
	struct connection connection = { .socket = dial() };
	uint64_t started = nanoseconds();

	while (answered < in_all) {
		uint64_t begun = await_due(started);

		ask(&connection, 1);
		connection.begun[connection.first] = begun;
		while (!hear(&connection))
			;
	}
}

static void together(long count, unsigned depth)
{
	struct connection *connections = calloc((size_t)count, sizeof *connections);
	struct epoll_event events[EVENTS];
	int poller = epoll_create1(EPOLL_CLOEXEC);

	if (!connections || poller < 0)
		err(1, "epoll");
	for (long i = 0; i < count; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &connections[i] };

		connections[i].socket = dial();
		if (epoll_ctl(poller, EPOLL_CTL_ADD, connections[i].socket, &event) < 0)
			err(1, "epoll_ctl");
	}
	for (long i = 0; i < count && asked < in_all; i++)
		ask(&connections[i], depth);
	while (answered < in_all) {
		int ready = epoll_wait(poller, events, EVENTS, -1);

		for (int i = 0; i < ready; i++) {
			unsigned ended = hear(events[i].data.ptr);

			if (ended && asked < in_all)
				ask(events[i].data.ptr, ended);
		}
	}
}

static void idle(long count)
{
	for (long i = 0; i < count; i++)
		dial();
	puts("open");
	fflush(stdout);
	while (read(0, input, sizeof input) > 0)
		;
}

static void allow_many_descriptors(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	long connections, requests;
	const char *mode;

	if (argc < 6 || argc > 7 || strlen(argv[1]) >= sizeof address.sun_path || strlen(argv[5]) > REQUEST_MAX / 8)
		errx(64, "load SOCKET pingpong|pipeline|reconnect|paced|idle CONNECTIONS REQUESTS REQUEST [NAMES]");
	strcpy(address.sun_path, argv[1]);
	mode = argv[2];
	connections = atol(argv[3]);
	requests = atol(argv[4]);
	request = argv[5];
	names = argc > 6 ? atol(argv[6]) : 1;
	if (connections < 1 || requests < 1 || names < 1)
		errx(64, "numbers have to be positive");
	allow_many_descriptors();
	if (!strcmp(mode, "idle")) {
		idle(connections);
		return 0;
	}
	figures_begin((size_t)requests);
	warm_up = requests / 10;
	in_all = requests + warm_up;
	measured_since = nanoseconds();
	if (!strcmp(mode, "paced"))
		paced();
	else if (!strcmp(mode, "reconnect") || (!strcmp(mode, "pingpong") && connections == 1))
		alone(!strcmp(mode, "reconnect"));
	else
		together(connections, !strcmp(mode, "pipeline") ? DEPTH : 1);
	figures_print(nanoseconds() - measured_since);
	return 0;
}
