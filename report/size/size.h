/*
 * What a demand for ports means at a provider: ports, addresses and settings,
 * every step of the arithmetic with where its limit was read.  Pure.
 */
#ifndef NATDIFF_SIZE_SIZE_H
#define NATDIFF_SIZE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/providers.h"
#include "report/size/demand.h"

/* Where the hold-down is not known at all: what natdiff-probe assumes. */
#define SIZE_HOLD_DOWN_US INT64_C(120000000)

enum size_origin {
	ORIGIN_GIVEN,      /* on the command line */
	ORIGIN_MEASURED,   /* by natdiff-probe reuse */
	ORIGIN_CONFIGURED, /* in an agent's configuration */
	ORIGIN_DOCUMENTED, /* the provider's default */
	ORIGIN_ASSUMED,
	ORIGINS
};

/* "given", "measured", ... */
const char *size_origin_name(enum size_origin o);

/* A hold-down, or none: us is NOT_MEASURED. */
struct size_hold_down {
	int64_t us;
	enum size_origin origin;
	char *source; /* of a measured one, owned; else NULL */
	const struct provider_item *timer; /* of a documented one, or NULL */
};

/*
 * Where h is not known yet, what the databases say of the gateway's hold-down:
 * the longest that was measured after a close, else as configured.
 */
void size_hold_down_known(struct size_hold_down *h, const struct dataset *d);

struct size_step {
	char *what;   /* "ports on the busiest host" */
	char *sum;    /* "(400 + 6.67/s x 120s) x 1.25" */
	double value; /* the result */
	const char *unit;
	const struct provider_item *limit; /* NULL: arithmetic alone */
};

/* What is to be set; 0: has no such setting. */
struct size_answer {
	int64_t ports;          /* to one destination, all hosts, with room */
	int64_t ports_per_host; /* reserved for each */
	int64_t addresses;
	int64_t gateways;
};

enum size_change {
	CHANGE_REUSE,     /* connections are kept and used again */
	CHANGE_HOLD_DOWN, /* shorter, as the provider allows */
	CHANGES
};

struct size_plan {
	const struct provider *provider;
	struct size_hold_down hold_down;
	struct demand_peak peak;
	struct size_answer answer;
	struct size_step *step;
	size_t n_steps, steps_capacity;
	char **command; /* to set it */
	size_t n_commands, commands_capacity;
	char **remark; /* whole sentences */
	size_t n_remarks, remarks_capacity;
	/* The same with a change; gateways is 0 where there is none. */
	struct size_answer changed[CHANGES];
	int64_t changed_hold_down_us; /* for CHANGE_HOLD_DOWN */
};

/*
 * Compute.  hold_down, which may be unknown, is copied; room is 1.25 for 25 %
 * of head-room; provider must stay as long as plan.  -1 and e where the
 * provider's data lack a limit that is needed: plan is empty then.
 */
int size_plan(struct size_plan *plan, const struct provider *provider,
    const struct demand *m, const struct size_hold_down *hold_down, double room,
    struct err *e);
void size_plan_clear(struct size_plan *plan);

/* Whether all hosts take from one pool; else each has ports of its own. */
bool size_ports_are_shared(const struct provider *provider);

/*
 * What one address of the provider holds to one destination: ports, or
 * connections where it says no ports; 0: neither.
 */
int64_t size_ports_per_address(const struct provider *provider);

/* The smallest power of two, at least 1, that is not below x. */
int64_t size_power_of_two(double x);

#endif
