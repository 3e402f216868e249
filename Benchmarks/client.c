/* The least a client program can do, linked statically: ask for one token and print it.
 *
 *   client SOCKET NAME */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char line[65536];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = 0;
	char *end = NULL;
	int server = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 3 || strlen(argv[1]) >= sizeof address.sun_path)
		return 64;
	strcpy(address.sun_path, argv[1]);
	if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address) < 0)
		return 69;
	size = (size_t)snprintf(line, sizeof line, "GET %s\n", argv[2]);
	if (write(server, line, size) != (ssize_t)size)
		return 69;
	for (size = 0; !end && size < sizeof line;) {
		ssize_t got = read(server, line + size, sizeof line - size);

		if (got <= 0)
			return 69;
		end = memchr(line + size, '\n', (size_t)got);
		size += (size_t)got;
	}
	if (!end || memcmp(line, "OK ", 3))
		return 1;
	end = memchr(line + 3, ' ', (size_t)(end - line - 3));
	if (!end)
		return 1;
	*end++ = '\n';
	return write(1, line + 3, (size_t)(end - line - 3)) == end - line - 3 ? 0 : 74;
}
