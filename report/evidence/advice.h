/*
 * What to do about a cause: confirm, stop the bleeding, fix, verify; with the
 * provider's own names where the provider is known.  Ships as advice.conf,
 * where its form is described.  Pure.
 */
#ifndef NATDIFF_EVIDENCE_ADVICE_H
#define NATDIFF_EVIDENCE_ADVICE_H

#include <stddef.h>

#include "natdiff/err.h"
#include "report/evidence/cause.h"
#include "natdiff/providers.h"

enum advice_step {
	ADVICE_CONFIRM,
	ADVICE_STOP,
	ADVICE_FIX,
	ADVICE_VERIFY,
	ADVICE_STEPS
};

/* One piece of advice; texts are owned. */
struct advice {
	enum advice_step step;
	char *action;   /* one line, an imperative without a full stop */
	char *why;      /* one line */
	char *how;      /* lines with "\n" between: sentences and commands */
	char *provider; /* NULL: for every gateway */
	char *source;   /* where the provider's names were read, or NULL */
};

struct advice_list {
	struct advice *advice; /* in the order of the steps */
	size_t n;
};

struct advice_table;

/* The page of a cause, with its name; installed with the documents. */
#define ADVICE_RUNBOOK "docs/runbook/%s.md"

/* "confirm", "stop", "fix", "verify". */
const char *advice_step_name(enum advice_step s);

/*
 * Read a table; what it says of providers must be in p, which outlives it.
 * NULL and e, "FILE:LINE: what, expected what".
 */
struct advice_table *advice_parse(const struct providers *p, const char *file,
    const char *text, size_t size, struct err *e);

/* The table that is built in: advice.conf as it shipped. */
struct advice_table *advice_default(const struct providers *p);
void advice_table_free(struct advice_table *t);

/*
 * The advice for a cause; provider as configured, NULL or one that the data
 * do not know: the advice for every gateway.
 */
void advice_give(const struct advice_table *t, enum cause cause,
    const char *provider, struct advice_list *out);
void advice_list_clear(struct advice_list *l);

/* The same from what is built in. */
void advice_give_default(
    enum cause cause, const char *provider, struct advice_list *out);

#endif
