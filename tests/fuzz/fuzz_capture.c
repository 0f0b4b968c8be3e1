/*
 * Fuzz captures: the first byte says in which portions the file comes.  Every
 * record that comes out must be one that the store and the report can take.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/import/capfile.h"
#include "report/import/fields.h"
#include "report/import/flows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static int
on_flow(void *arg, const struct capture_flow_record *f, struct err *e)
{
	(void)arg;
	(void)e;
	check(f->at_us >= 0 && f->at_us <= f->ended_at_us);
	check(f->ended_at_us <= FIELD_TIME_MAX_US);
	check(f->client.family == AF_INET || f->client.family == AF_INET6);
	check(f->destination.family == f->client.family);
	check((f->syn_retransmits > 0) ==
	    (f->syn_times != NULL && *f->syn_times != '\0'));
	check(f->syn_ack_us == NOT_MEASURED || f->syn_ack_us >= 0);
	check(
	    (f->reuse != CAPTURE_REUSE_NONE) == (f->reuse_us != NOT_MEASURED));
	check(f->reuse_us == NOT_MEASURED || f->reuse_us >= 0);
	return 0;
}

static int
on_target(void *arg, const struct capture_target_record *t, struct err *e)
{
	(void)arg;
	(void)e;
	check(t->from_at_us >= 0 && t->from_at_us <= t->to_at_us);
	check(t->to_at_us <= FIELD_TIME_MAX_US && t->connections > 0);
	return 0;
}

static void
read_all(struct capfile *c, struct flows *f, const uint8_t *data, size_t size,
    size_t portion)
{
	struct packet packets[FLOWS_BATCH];
	size_t came = 0, done = 0, got, n;
	struct err e;

	while (came < size && !c->ended) {
		came = size - came < portion ? size : came + portion;
		do {
			n = 0;
			got = capfile_read(c, data + done, came - done, packets,
			    FLOWS_BATCH, &n);
			check(got <= came - done && n <= FLOWS_BATCH);
			done += got;
			check(flows_add(f, packets, n, &e) == 0);
		} while (got > 0);
	}
	check(!c->ended || c->why[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct flows_sink sink = { NULL, on_flow, on_target };
	static const uint64_t seeds[2] = { 1, 2 };
	struct capfile c = { .is_ng = false };
	struct flows *f;
	struct err e;

	if (size < 5 || !capfile_knows(data + 1, size - 1))
		return 0;
	f = flows_new(&sink, seeds, &e);
	if (f == NULL)
		return 0;
	read_all(&c, f, data + 1, size - 1, (size_t)data[0] * data[0] + 1);
	check(flows_end(f, &e) == 0);
	check(flows_totals(f)->connections >= flows_totals(f)->answered);
	flows_free(f);
	capfile_clear(&c);
	return 0;
}
