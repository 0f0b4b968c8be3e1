/*
 * Another database's witness: its lives and what arrived there, row by row.
 */
#ifndef NATDIFF_LOAD_WITNESS_H
#define NATDIFF_LOAD_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"

/* Where rows go.  Each returns -1 and e to end. */
struct witness_sink {
	void *arg;
	/* *id is what arrivals of this life are given with. */
	int (*run)(void *arg, const struct witness_run_record *w,
	    const struct witness_life *life, int64_t *id, struct err *e);
	/* run: that id, or NOT_MEASURED where its life is not there. */
	int (*arrival)(void *arg, const struct arrival_record *a, int64_t run,
	    struct err *e);
	/* A row that cannot be: "witness_arrival 7". */
	void (*bad)(void *arg, const char *what);
};

/* Whether a file that begins so is a database. */
bool witness_knows(const char *head, size_t size);

/* Read all of file.  -1 and e: it cannot be read, or no witness wrote it. */
int witness_read(
    const char *file, const struct witness_sink *sink, struct err *e);

#endif
