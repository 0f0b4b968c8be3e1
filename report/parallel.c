/*
 * A few threads that take the next part until there is none.
 */
#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "report/parallel.h"

/* More would hold more memory at a time than they save. */
#define THREADS_MAX 4

struct crew {
	void (*part)(void *context, size_t i);
	void *context;
	size_t n;
	atomic_size_t next;
};

static void *
work(void *arg)
{
	struct crew *c = arg;
	size_t i;

	for (;;) {
		i = atomic_fetch_add(&c->next, 1);
		if (i >= c->n)
			return NULL;
		c->part(c->context, i);
	}
}

/* Cores that we may use. */
static size_t
count_cores(void)
{
	cpu_set_t set;
	int n = 1;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	return n < THREADS_MAX ? (size_t)n : THREADS_MAX;
}

void
parallel_each(size_t n, void (*part)(void *context, size_t i), void *context)
{
	struct crew c = { .part = part, .context = context, .n = n };
	size_t wanted = count_cores(), begun = 0;
	pthread_t threads[THREADS_MAX];

	if (wanted > n)
		wanted = n;
	/* This thread works, too. */
	while (begun + 1 < wanted &&
	    pthread_create(&threads[begun], NULL, work, &c) == 0)
		begun++;
	work(&c);
	while (begun > 0)
		pthread_join(threads[--begun], NULL);
}
