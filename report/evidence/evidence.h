/*
 * Evidence: what the facts of a stretch of slots say for and against each
 * cause, each item with its numbers and the query that reproduces them.
 */
#ifndef NATDIFF_EVIDENCE_EVIDENCE_H
#define NATDIFF_EVIDENCE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/evidence/facts.h"
#include "report/evidence/ledger.h"
#include "report/evidence/scorecard.h"

#define EVIDENCE_NUMBERS_MAX 6

struct evidence_number {
	const char *key;
	double value; /* NaN: not known */
};

struct evidence {
	const char *name;     /* clue_name() or "kind" */
	const char *endpoint; /* as in the dataset */
	enum state state;
	char *says; /* one sentence, owned */
	struct evidence_number number[EVIDENCE_NUMBERS_MAX];
	size_t n_numbers;
	double weight[CAUSE_COUNT]; /* log10, 0 where it says nothing */
	char *query;                /* SQL over the view attempts, owned */
	size_t episode;   /* 0: the whole window, else the number of one */
	const char *host; /* as in the dataset; NULL: of all hosts */
};

struct evidence_list {
	struct evidence *item;
	size_t n, capacity;
};

void evidence_list_clear(struct evidence_list *list);

/* What gateways and hosts say of a stretch of time. */
struct surroundings {
	/* Gateway counters over it, complete where covered. */
	bool gateway_covered;
	int64_t insert_failed;
	int64_t table_drops; /* dropped without insert_failed */
	int64_t log_drops;   /* lines of a sampled log */
	int64_t log_full;    /* so, of a full table */
	/* The provider's metric, of the gateway that refused most. */
	bool metric_covered;
	int64_t metric_refused;
	bool ports_full_known;
	double ports_full_share; /* largest of ports used of those given */
	int64_t sample_us;       /* longest of its samples that are not 0 */
	/* The NAT side's own hosts. */
	bool drops_known, conntrack_known, allowance_known, ports_known;
	int64_t host_drops;     /* increase of conntrack drops */
	double conntrack_share; /* largest count / max */
	int64_t allowance;      /* increase */
	double ports_share;     /* largest share of ip_local_port_range */
	size_t held_samples;    /* that know what was held open */
	size_t held_with;       /* of these, with connections of others */
	int64_t held_most;
};

/* Whether a line of a log, by its kind, says that a port was refused. */
bool surroundings_tells_refusal(const char *kind);

/* nat_series: the host of that one only, or ALL_SERIES. */
void surroundings_find(struct surroundings *s, const struct dataset *d,
    int64_t from_us, int64_t to_us, uint32_t nat_series);

/*
 * How sure an excess must be: in the whole window by the block test; within
 * an episode, whose existence was shown already, by its counts.
 */
enum scrutiny { SCRUTINY_TEST, SCRUTINY_COUNTS };

/* Whether the NAT path has more of the outcome than the direct one. */
bool contrast_has_excess(const struct contrast *c, enum scrutiny scrutiny);

/* Where evidence is looked for: one main endpoint in some slots. */
struct scene {
	const struct dataset *d;
	const struct endpoint *endpoint;
	const struct pairs *pairs; /* of the endpoint */
	const struct scope *scope;
	const struct facts *facts;
	const struct endpoint *control; /* NULL: there is none */
	const struct facts *control_facts;
	const struct surroundings *around;
	const struct ledger_contrast *ledger; /* in the same slots */
	struct capture_view
	    *captures; /* of the endpoint; NULL: there are none */
	int64_t interval_us;
	enum scrutiny scrutiny;
	size_t episode; /* 0: the whole window, else its number */
};

/*
 * Set the clues.  Items are added to list with their weights, where it is not
 * NULL.
 */
void evidence_find(struct clues *clues, struct evidence_list *list,
    const struct scorecard *card, const struct scene *scene);

#endif
