/* Latencies, collected and summed up as one line of key=value pairs: times in microseconds. */
#ifndef FIGURES_H
#define FIGURES_H
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint32_t *figures; /* nanoseconds */
static size_t figures_count, figures_room;

static inline uint64_t nanoseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static inline uint32_t elapsed(uint64_t begun)
{
	uint64_t passed = nanoseconds() - begun;

	return passed > UINT32_MAX ? UINT32_MAX : (uint32_t)passed;
}

static inline void figures_begin(size_t room)
{
	figures = calloc(room, sizeof *figures);
	figures_room = room;
	if (!figures) {
		perror("calloc");
		exit(1);
	}
	/* touched now, so that no page fault is measured */
	memset(figures, 0xff, room * sizeof *figures);
}

static inline void figures_add(uint32_t figure)
{
	if (figures_count < figures_room)
		figures[figures_count++] = figure;
}

static int figures_order(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static inline double figures_at(double share)
{
	return figures[(size_t)(share * (double)(figures_count - 1))] / 1000.0;
}

static inline void figures_print(uint64_t nanoseconds_in_all)
{
	if (!figures_count)
		exit(1);
	qsort(figures, figures_count, sizeof *figures, figures_order);
	printf("count=%zu rate=%.0f p50=%.3f p90=%.3f p99=%.3f max=%.3f\n", figures_count,
	       (double)figures_count * 1e9 / (double)nanoseconds_in_all, figures_at(0.5), figures_at(0.9), figures_at(0.99), figures_at(1));
}
#endif
