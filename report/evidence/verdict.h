/*
 * The verdict: which cause the evidence names, how strongly, what it leaves
 * open, and what happened apart from how often.  Pure.
 */
#ifndef NATDIFF_EVIDENCE_VERDICT_H
#define NATDIFF_EVIDENCE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/evidence/episodes.h"
#include "report/evidence/evidence.h"
#include "report/evidence/facts.h"
#include "report/evidence/judgement.h"
#include "report/evidence/ledger.h"
#include "report/evidence/where.h"
#include "report/pairs.h"
#include "report/stats/latency.h"

/* A cause with what goes with it: what to ask for, or what excluded it. */
struct open_cause {
	enum cause cause;
	char *text; /* owned */
};

struct endpoint_verdict {
	const struct endpoint *endpoint;
	struct facts facts;
	double p_adjusted[OUTCOME_COUNT]; /* Holm, over the endpoints */
	struct latency_shift latency[DURATION_COUNT];
	double latency_p_adjusted[DURATION_COUNT];
	bool worse;    /* the NAT path was shown to be */
	bool troubled; /* it is, or there is trouble of other kinds */
	struct judgement judgement;
	struct where where; /* of main endpoints, else empty */
	/* The host that the judgement is of; NULL: all of them together. */
	const struct place *host;
};

struct episode_verdict {
	struct episode episode; /* the endpoint with most trouble in it */
	uint32_t *endpoints;    /* all that are in it, owned */
	size_t n_endpoints;
	struct judgement judgement;
};

struct verdict {
	enum cause cause;
	enum strength strength;
	char *statement;            /* owned, like all texts here */
	struct judgement judgement; /* that it rests on; n_ranked 0: none */
	struct open_cause *not_ruled_out;
	size_t n_not_ruled_out;
	struct open_cause *ruled_out;
	size_t n_ruled_out;
	char **missing;
	size_t n_missing;
	/* At which hosts and addresses, when: sentences. */
	char **where;
	size_t n_where;
	char *host; /* the only one that the cause is of; NULL: no such */
	/* All hosts in trouble by themselves where host is: it is the surest.
	 */
	char **hosts;
	size_t n_hosts;
	char *how_often;   /* NULL: nothing can be said */
	double difference; /* long-run, of the worst endpoint; NaN */
	struct interval difference_ci;
	struct endpoint_verdict *endpoints; /* as in the dataset */
	size_t n_endpoints;
	struct episode_verdict *episodes;
	size_t n_episodes;
	struct evidence_list evidence;
	struct ledger ledger;
};

/* What the report was told of the gateway: from the runs' configuration. */
struct gateway_facts {
	bool pool_per_destination;
	const char *provider; /* NULL: not known */
};

/*
 * evidence_imports.c: the application's failures against the episodes, as an
 * item that weighs nothing.
 */
void evidence_application(
    struct verdict *v, const struct dataset *d, int64_t interval_us);

/* What the provider says of its gateway, against the census. */
void evidence_settings(struct verdict *v, const struct dataset *d);

/*
 * Judge.  pairs are those of each endpoint, in their order; everything
 * passed outlives v.
 */
void verdict_make(struct verdict *v, const struct dataset *d,
    const struct pairs *const *pairs, const struct scorecard *card,
    const struct gateway_facts *gateway);

void verdict_clear(struct verdict *v);

#endif
