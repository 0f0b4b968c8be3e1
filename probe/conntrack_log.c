/*
 * Rows of gateway_event, a kind a counter, equal ones merged.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/record.h"
#include "natdiff/store.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/conntrack_log.h"

/* As the recorder of the attempts does. */
#define EXPIRE_ROWS     500
#define EXPIRE_EVERY_US (INT64_C(600) * 1000000)

enum { ENTRIES = CONNTRACK_COUNTERS, ENTRIES_MAX, KINDS };

/* The last row of a kind, as long as it can grow. */
struct stretch {
	int64_t id; /* 0: there is none */
	int64_t value;
	int64_t from_us;
};

/* A row of a table of ports, as long as it can grow. */
struct level {
	const char *kind;
	struct conntrack_use of; /* ports are the value */
	struct stretch at;
};

enum { LEVELS_MAX = 2 * CONNTRACK_USES_STORED + 1 };

struct conntrack_log {
	struct store *store;
	char *source;
	int64_t to_us; /* end of the last sample that was stored */
	struct stretch stretches[KINDS];
	struct level levels[LEVELS_MAX]; /* of the last table of ports */
	size_t n_levels;
	int64_t expire_us; /* when to look for old rows, monotonic */
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

/* ----------------------------------------------------------------- ports */

static bool
is_same(const struct level *a, const struct level *b)
{
	return a->kind == b->kind && a->of.ports == b->of.ports &&
	    a->of.protocol == b->of.protocol &&
	    endpoint_address_equal(&a->of.outside, &b->of.outside) &&
	    endpoint_address_equal(&a->of.destination, &b->of.destination);
}

/* The last table's row lives on in now where nothing has changed. */
static int
grow_level(
    struct conntrack_log *l, int64_t at_us, struct level *now, struct err *e)
{
	size_t i;

	for (i = 0; i < l->n_levels; i++) {
		if (!is_same(&l->levels[i], now))
			continue;
		now->at = l->levels[i].at;
		if (now->at.from_us > at_us ||
		    at_us - now->at.from_us > CONNTRACK_STRETCH_MAX_US)
			return 0;
		return store_extend_gateway_event(
		    l->store, now->at.id, at_us, e);
	}
	return 0;
}

static int
add_level(
    struct conntrack_log *l, int64_t at_us, struct level *now, struct err *e)
{
	struct gateway_event_record ev;
	int grown = grow_level(l, at_us, now, e);

	if (grown != 0)
		return grown < 0 ? -1 : 0;
	gateway_event_record_init(&ev);
	ev.source = l->source;
	ev.kind = now->kind;
	ev.value = now->of.ports;
	if (now->of.protocol != 0)
		ev.protocol = now->of.protocol;
	ev.outside = now->of.outside;
	ev.destination = now->of.destination;
	ev.from_at_us = ev.to_at_us = now->at.from_us = at_us;
	return store_add_gateway_event(l->store, &ev, &now->at.id, e);
}

static struct level
level_of(const char *kind, const struct conntrack_use *of, int64_t value)
{
	struct level level;

	memset(&level, 0, sizeof(level));
	level.kind = kind;
	if (of != NULL)
		level.of = *of;
	level.of.ports = value;
	return level;
}

int
conntrack_log_add_ports(struct conntrack_log *l, int64_t at_us,
    const struct conntrack_ports *p, size_t n, struct err *e)
{
	struct level after[LEVELS_MAX];
	size_t n_after = 0, i;

	after[n_after++] =
	    level_of(CONNTRACK_TRANSLATED_KIND, NULL, p->translated);
	for (i = 0; i < n && i < CONNTRACK_USES_STORED; i++) {
		after[n_after++] = level_of(
		    CONNTRACK_PORTS_KIND, &p->uses[i], p->uses[i].ports);
		after[n_after++] = level_of(
		    CONNTRACK_CLOSED_KIND, &p->uses[i], p->uses[i].closed);
	}
	if (store_begin(l->store, e) != 0) {
		l->n_levels = 0;
		return -1;
	}
	for (i = 0; i < n_after; i++)
		if (add_level(l, at_us, &after[i], e) != 0)
			goto fail;
	if (store_commit(l->store, e) != 0)
		goto fail;
	memcpy(l->levels, after, sizeof(*after) * n_after);
	l->n_levels = n_after;
	return 0;
fail:
	store_rollback(l->store);
	l->n_levels = 0;
	return -1;
}

/* ------------------------------------------------------------- retention */

void
conntrack_log_expire(struct conntrack_log *l, int64_t at_us, int64_t retain_us)
{
	int64_t now_us = monotonic_now_us(), before_us = at_us - retain_us;
	int passed, deleted = 0;

	if (now_us < l->expire_us || store_begin(l->store, NULL) != 0)
		return;
	passed = store_time_passed(l->store, before_us, at_us, NULL);
	if (passed >= 0 &&
	    (passed == 0 ||
		store_expire_gateway(
		    l->store, before_us, EXPIRE_ROWS, &deleted, NULL) == 0) &&
	    store_commit(l->store, NULL) == 0) {
		/* There may be more: the next sample goes on. */
		l->expire_us = deleted > 0 ? now_us : now_us + EXPIRE_EVERY_US;
		return;
	}
	store_rollback(l->store);
}
