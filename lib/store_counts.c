/*
 * The counters: totals that outlive retention.  They are summed here for the
 * length of a transaction and written as its last statements.
 *
 *	attempts        by failure, '' is success
 *	resolutions     by failure, '' is success
 *	syn_retransmits up to the connect
 *	phase_us        time by phase, failed ones included
 *	phase_count     how many durations phase_us sums
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"

#include "lib/store_internal.h"

/* Room to count for a path and endpoint; NULL and e if a flush fails. */
static struct counts *
counts_of(struct store *st, const struct store_keys *k, struct err *e)
{
	struct counts *c;
	size_t i;

	for (i = 0; i < st->n_counts; i++) {
		c = &st->counts[i];
		if (strcmp(c->endpoint, k->endpoint) == 0 &&
		    strcmp(c->path, k->path) == 0)
			return c;
	}
	if (st->n_counts == COUNTS_MAX && store_counts_flush(st, e) != 0)
		return NULL;
	c = &st->counts[st->n_counts++];
	memset(c, 0, sizeof(*c));
	c->path = x_strdup(k->path);
	c->endpoint = x_strdup(k->endpoint);
	return c;
}

static void
count_phase(struct counts *c, enum phase p, int64_t us)
{
	if (us == NOT_MEASURED)
		return;
	c->phase_us[p] += us;
	c->phase_count[p]++;
}

int
store_count_attempt(struct store *st, const struct attempt_record *a,
    const struct store_keys *k, struct err *e)
{
	struct counts *c = counts_of(st, k, e);

	if (c == NULL)
		return -1;
	c->attempts[a->failure]++;
	if (a->syn_retransmits != NOT_MEASURED)
		c->syn_retransmits += a->syn_retransmits;
	count_phase(c, PHASE_CONNECT, a->connect_us);
	count_phase(c, PHASE_TLS, a->tls_us);
	count_phase(c, PHASE_REQUEST, a->request_us);
	count_phase(c, PHASE_DONE, a->done_us);
	return 0;
}

int
store_count_resolution(struct store *st, const struct resolution_record *r,
    const struct store_keys *k, struct err *e)
{
	struct counts *c = counts_of(st, k, e);

	if (c == NULL)
		return -1;
	c->resolutions[r->failure]++;
	count_phase(c, PHASE_DNS, r->duration_us);
	return 0;
}

/* Add value to a counter, if it is any. */
static int
count_up(struct store *st, const struct counts *c, const char *name,
    const char *label, int64_t value, struct err *e)
{
	struct row r;

	if (value == 0)
		return 0;
	r = row_begin(st, STMT_COUNT_UP);
	row_text(&r, name);
	row_text(&r, c->path);
	row_text(&r, c->endpoint);
	row_text(&r, label == NULL ? "" : label);
	row_int(&r, value);
	return row_end(st, &r, e);
}

static int
flush_one(struct store *st, const struct counts *c, struct err *e)
{
	const char *label;
	int i;

	for (i = 0; i < FAILURE_COUNT; i++) {
		label = failure_name((enum failure)i);
		if (count_up(st, c, "attempts", label, c->attempts[i], e) !=
			0 ||
		    count_up(
			st, c, "resolutions", label, c->resolutions[i], e) != 0)
			return -1;
	}
	for (i = 0; i < PHASE_COUNT; i++) {
		label = phase_name((enum phase)i);
		if (count_up(st, c, "phase_us", label, c->phase_us[i], e) !=
			0 ||
		    count_up(
			st, c, "phase_count", label, c->phase_count[i], e) != 0)
			return -1;
	}
	return count_up(st, c, "syn_retransmits", "", c->syn_retransmits, e);
}

int
store_counts_flush(struct store *st, struct err *e)
{
	size_t i;

	for (i = 0; i < st->n_counts; i++)
		if (flush_one(st, &st->counts[i], e) != 0)
			return -1;
	store_counts_clear(st);
	return 0;
}

void
store_counts_clear(struct store *st)
{
	size_t i;

	for (i = 0; i < st->n_counts; i++) {
		free(st->counts[i].path);
		free(st->counts[i].endpoint);
	}
	st->n_counts = 0;
}
