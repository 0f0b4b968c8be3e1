/*
 * The causes that a verdict can name.  The names are promises to users.
 */
#ifndef NATDIFF_EVIDENCE_CAUSE_H
#define NATDIFF_EVIDENCE_CAUSE_H

#include <stdbool.h>

enum cause {
	CAUSE_HEALTHY,
	CAUSE_NAT_PORT_EXHAUSTION,
	CAUSE_NAT_PORT_REUSE,
	CAUSE_NAT_TABLE_FULL,
	CAUSE_NAT_IDLE_TIMEOUT,
	CAUSE_NAT_PATH_LOSS,
	CAUSE_NAT_PATH_BLOCKED,
	CAUSE_NAT_PATH_INTERFERENCE,
	CAUSE_EDGE_ADDRESS_LIMIT,
	CAUSE_HOST_LIMIT,
	CAUSE_ENDPOINT_DOWN,
	CAUSE_DNS_TROUBLE,
	CAUSE_LATENCY_ONLY,
	CAUSE_INCONCLUSIVE,
	CAUSE_COUNT
};

/* How far the evidence goes, by the Bayes factor against the runner-up. */
enum strength {
	STRENGTH_NONE,     /* below 3 */
	STRENGTH_WEAK,     /* 3 to 10: no cause is named on it */
	STRENGTH_MODERATE, /* 10 to 30 */
	STRENGTH_STRONG,   /* 30 and more */
};

const char *cause_name(enum cause c);

/* The cause of a name, CAUSE_COUNT where there is none. */
enum cause cause_parse(const char *name);

/* In words, as the subject of a sentence: "the NAT's port pool is full". */
const char *cause_words(enum cause c);

/* Whether it lies with the NAT or the path through it. */
bool cause_accuses_nat(enum cause c);

const char *strength_name(enum strength s);

/* The strength of a Bayes factor, given as its log10. */
enum strength strength_of(double log10_bf);

#endif
