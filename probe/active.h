/*
 * What active commands share: the loop with its signals, the addresses of the
 * endpoint and its control, a progress line, and what becomes of the result.
 *
 *	active_options_...              see active_options.h
 *	a = active_begin(&o, &e);       resolves, checks; fires nothing
 *	active_order(a, ACTIVE_ENDPOINT_SIDE, on_change, arg, &order);
 *	heldlink_open(&order) ...       see heldlink.h
 *	active_wait(a, due_us, is_done, arg);   again and again
 *	active_end(a, &m, detail, &e);  row, JSON; the command says the words
 *
 * A command is plain code between calls of active_wait(); callbacks of links
 * only note what happened.  active_wait() returns false after Ctrl-C: the
 * command then closes its links and ends as MEASUREMENT_INTERRUPTED, with
 * what it knows.
 */
#ifndef NATDIFF_PROBE_ACTIVE_H
#define NATDIFF_PROBE_ACTIVE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "natdiff/err.h"
#include "natdiff/record.h"
#include "probe/active_options.h"
#include "probe/heldlink.h"

struct active;

/* Where a link goes to. */
enum active_side { ACTIVE_ENDPOINT_SIDE, ACTIVE_CONTROL_SIDE, ACTIVE_SIDES };

/* How long a link may take; see heldlink.h. */
#define ACTIVE_CONNECT_TIMEOUT_US INT64_C(5000000)
#define ACTIVE_ANSWER_TIMEOUT_US  INT64_C(5000000)

/*
 * Ready to open links: names are resolved on the path (IPv4 first: IPv6 does
 * not pass a NAT44), the limit of descriptors is raised.  NULL and e.  o
 * outlives it.
 */
struct active *active_begin(const struct active_options *o, struct err *e);
void active_free(struct active *a);

/* Fill an order, with the timeouts above. */
void active_order(struct active *a, enum active_side side,
    void (*on_change)(void *arg, struct heldlink *l), void *arg,
    struct heldlink_order *order);

/*
 * Let things happen until monotonic_now_us() is due_us, or is_done(arg) is
 * true (looked at after each event; NULL: never).  False after a signal, now
 * and from then on.
 */
bool active_wait(
    struct active *a, int64_t due_us, bool (*is_done)(void *arg), void *arg);
bool active_interrupted(const struct active *a);

/* How one was answered. */
struct active_look {
	enum heldlink_end end; /* where it was not */
	bool at_once;          /* by the first SYN, as far as we know */
};

/*
 * One new connection to the control: 1 it was answered, 0 it was not, -1
 * interrupted before it was clear.  It is closed again.  how may be NULL.
 */
int active_check_control(struct active *a, struct active_look *how);

/* What was wrong with the last that was not answered, or NULL. */
const char *active_control_text(const struct active *a);

/* Descriptors that may be open beside those of today. */
int64_t active_descriptors(const struct active *a);

/* "203.0.113.10:443". */
const char *active_destination(const struct active *a, enum active_side side);

/* Show how far it is: on a terminal, and not more than 5 times a second. */
void active_progress(struct active *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A record of this path and destination that began now; nothing is known. */
void active_record(const struct active *a, struct measurement_record *m);

/*
 * The result: the row where there is a database, the JSON where it was asked
 * for, the progress line erased.  Sets ended_at_us.  detail is an object and
 * is released.  -1 and e where it could not be stored; it was printed then
 * all the same.
 */
int active_end(struct active *a, struct measurement_record *m, json_t *detail,
    struct err *e);

/* Whether the command prints words: not with --json. */
bool active_prints(const struct active *a);

#endif
