/*
 * Rows of gateway_event, a kind a counter, equal ones merged.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/record.h"
#include "natdiff/store.h"
#include "natdiff/xalloc.h"
#include "probe/conntrack_log.h"

enum { ENTRIES = CONNTRACK_COUNTERS, ENTRIES_MAX, KINDS };

/* The last row of a kind, as long as it can grow. */
struct stretch {
	int64_t id; /* 0: there is none */
	int64_t value;
	int64_t from_us;
};

struct conntrack_log {
	struct store *store;
	char *source;
	int64_t to_us; /* end of the last sample that was stored */
	struct stretch stretches[KINDS];
};

struct conntrack_log *
conntrack_log_open(const char *database, const char *source, struct err *e)
{
	struct store *store = store_open(database, e);
	struct conntrack_log *l;

	if (store == NULL)
		return NULL;
	l = x_calloc(1, sizeof(*l));
	l->store = store;
	l->source = x_strdup(source);
	return l;
}

void
conntrack_log_close(struct conntrack_log *l)
{
	if (l == NULL)
		return;
	store_close(l->store);
	free(l->source);
	free(l);
}

static const char *
kind_name(int kind)
{
	if (kind == ENTRIES)
		return CONNTRACK_ENTRIES_KIND;
	if (kind == ENTRIES_MAX)
		return CONNTRACK_MAX_KIND;
	return conntrack_counter_name((enum conntrack_counter)kind);
}

static int64_t
value_of(const struct conntrack_sample *s, int kind)
{
	if (kind == ENTRIES)
		return s->entries;
	return kind == ENTRIES_MAX ? s->entries_max : s->increase[kind];
}

/*
 * Whether a row may grow by this value: an increase is of its own interval
 * unless it is none; what is merely read is the same while it stays equal.
 */
static bool
can_grow(const struct stretch *at, int kind, int64_t value, int64_t to_us)
{
	return at->id != 0 && at->value == value &&
	    (kind >= ENTRIES || value == 0) &&
	    to_us - at->from_us <= CONNTRACK_STRETCH_MAX_US;
}

static int
add_value(struct conntrack_log *l, const struct conntrack_sample *s, int kind,
    struct stretch *at, struct err *e)
{
	struct gateway_event_record ev;
	int grown = 0;

	gateway_event_record_init(&ev);
	ev.source = l->source;
	ev.kind = kind_name(kind);
	ev.value = value_of(s, kind);
	/* The table's fill is of a moment, an increase of a stretch. */
	ev.from_at_us = kind >= ENTRIES ? s->to_us : s->from_us;
	ev.to_at_us = s->to_us;
	if (ev.value == NOT_MEASURED) {
		at->id = 0;
		return 0;
	}
	if (can_grow(at, kind, ev.value, s->to_us))
		grown =
		    store_extend_gateway_event(l->store, at->id, s->to_us, e);
	if (grown != 0)
		return grown < 0 ? -1 : 0;
	at->value = ev.value;
	at->from_us = ev.from_at_us;
	return store_add_gateway_event(l->store, &ev, &at->id, e);
}

int
conntrack_log_add(
    struct conntrack_log *l, const struct conntrack_sample *s, struct err *e)
{
	struct stretch after[KINDS];
	int kind;

	memset(after, 0, sizeof(after));
	if (s->from_us == l->to_us)
		memcpy(after, l->stretches, sizeof(after));
	if (store_begin(l->store, e) != 0)
		return -1;
	for (kind = 0; kind < KINDS; kind++)
		if (add_value(l, s, kind, &after[kind], e) != 0)
			goto fail;
	if (store_commit(l->store, e) != 0)
		goto fail;
	memcpy(l->stretches, after, sizeof(after));
	l->to_us = s->to_us;
	return 0;
fail:
	store_rollback(l->store);
	return -1;
}
