/* Times a command as a script sees it: started, its output read to the end, its status collected.
 *
 *   launch RUNS COMMAND ARGUMENT…
 *
 * A tenth as many runs warm up. Every run must print something and exit with 0. Prints key=value pairs, in microseconds. */
#define _GNU_SOURCE
#include "figures.h"
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static uint32_t run(char **command)
{
	char output[4096];
	posix_spawn_file_actions_t actions;
	size_t printed = 0;
	int ends[2], status;
	ssize_t size;
	pid_t child;
	uint64_t begun = nanoseconds();

	if (pipe2(ends, O_CLOEXEC) < 0)
		err(1, "pipe2");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	if ((errno = posix_spawnp(&child, command[0], &actions, NULL, command, environ)))
		err(1, "%s", command[0]);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	while ((size = read(ends[0], output, sizeof output)) > 0)
		printed += (size_t)size;
	close(ends[0]);
	if (waitpid(child, &status, 0) < 0 || status != 0 || !printed)
		errx(2, "%s: status %d, %zu bytes printed", command[0], status, printed);
	return elapsed(begun);
}

int main(int argc, char **argv)
{
	long runs = argc > 2 ? atol(argv[1]) : 0;
	uint64_t begun;

	if (runs < 1)
		errx(64, "launch RUNS COMMAND ARGUMENT…");
	figures_begin((size_t)runs);
	for (long i = 0; i < runs / 10; i++)
		run(argv + 2);
	begun = nanoseconds();
	for (long i = 0; i < runs; i++)
		figures_add(run(argv + 2));
	figures_print(nanoseconds() - begun);
	return 0;
}
