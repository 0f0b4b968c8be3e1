#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "natdiff/xalloc.h"
#include "tests/tools/trials.h"

#define PROCESSES_MOST 1024
#define PRECISE        2000 /* repetitions */

uint64_t
trials_number(const struct trials *t, const char *s, uint64_t most)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno != 0 || *s < '0' || *s > '9' || *end != '\0' || v > most) {
		fprintf(stderr, "%s: no number: %s\n", t->program, s);
		exit(2);
	}
	return v;
}

bool
trials_option(struct trials *t, int option, const char *value)
{
	switch (option) {
	case 'r':
		t->repetitions = trials_number(t, value, UINT32_MAX);
		return true;
	case 's':
		t->seed = trials_number(t, value, UINT64_MAX);
		return true;
	case 'j':
		t->processes =
		    (unsigned int)trials_number(t, value, PROCESSES_MOST);
		return true;
	default:
		return false;
	}
}

void
trials_begin(struct trials *t)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (t->processes == 0)
		t->processes = cpus > 0 ? (unsigned int)cpus : 1;
	if (t->repetitions == 0) {
		fprintf(stderr, "%s: nothing to do\n", t->program);
		exit(2);
	}
}

static void
fail(const struct trials *t, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", t->program, what, strerror(errno));
	exit(1);
}

void
trials_run(const struct trials *t,
    void (*work)(const void *row, unsigned int part, void *counts),
    const void *row, uint64_t *sums, size_t n)
{
	uint64_t *counts = x_calloc(n, sizeof(*counts));
	ssize_t size = (ssize_t)(n * sizeof(*counts));
	unsigned int i;
	int fd[2], status;
	size_t k;
	pid_t pid;

	memset(sums, 0, (size_t)size);
	if (pipe(fd) != 0)
		fail(t, "pipe");
	for (i = 0; i < t->processes; i++) {
		pid = fork();
		if (pid < 0)
			fail(t, "fork");
		if (pid == 0) {
			work(row, i, counts);
			_exit(write(fd[1], counts, (size_t)size) != size);
		}
	}
	close(fd[1]);
	for (i = 0; i < t->processes; i++) {
		/* Less than PIPE_BUF: whole or not at all. */
		if (read(fd[0], counts, (size_t)size) != size)
			fail(t, "a process died");
		for (k = 0; k < n; k++)
			sums[k] += counts[k];
	}
	close(fd[0]);
	for (i = 0; i < t->processes; i++)
		if (wait(&status) < 0 || status != 0)
			fail(t, "wait");
	free(counts);
}

double
trials_chance(const struct trials *t, double p)
{
	if (t->repetitions >= PRECISE)
		return 0;
	return 2.5 * sqrt(p * (1 - p) / (double)t->repetitions);
}
