/*
 * What the parts of the verdict share: each of them is a step of
 * verdict_make(), in the order in which they stand here.
 */
#ifndef NATDIFF_EVIDENCE_VERDICT_WORK_H
#define NATDIFF_EVIDENCE_VERDICT_WORK_H

#include "report/evidence/verdict.h"

/* NAT attempts without a partner: above this share, less is said. */
#define HALF_CAUTION 0.2

/* What makes up the work on one verdict. */
struct work {
	struct verdict *v;
	const struct dataset *d;
	const struct pairs *const *pairs;
	const struct scorecard *card;
	const struct gateway_facts *gateway;
	struct capture_view **captures; /* by endpoint, NULL: there are none */
	struct episodes *episodes;      /* by endpoint */
	size_t control;      /* index of the control endpoint, or n */
	int64_t interval_us; /* of the pairs */
};

/* Sums over the main endpoints. */
struct pairing {
	size_t pairs, half_nat, half_direct, half_dns, nat;
	size_t good; /* both succeeded; of these, far apart: */
	size_t nat_later, nat_earlier;
};

/* The whole window, all hosts. */
extern const struct scope verdict_everything;

/*
 * Judge the attempts of an endpoint in a scope: their facts, the evidence,
 * which goes into the verdict's list, and the judgement.
 */
void verdict_judge_scope(struct judgement *j, struct facts *facts,
    const struct work *w, size_t endpoint, const struct scope *scope,
    enum scrutiny scrutiny, size_t episode);

/* The same of facts that are known, and those of the control, if any. */
void verdict_judge_facts(struct judgement *j, const struct facts *facts,
    const struct facts *control, const struct work *w, size_t endpoint,
    const struct scope *scope, enum scrutiny scrutiny, size_t episode);

/* Each endpoint over the whole window; Holm; which of them are in trouble. */
void verdict_judge_endpoints(struct work *w);
void verdict_adjust(struct verdict *v);
void verdict_find_troubled(struct verdict *v);

/* Where the trouble is, by host and address; and each endpoint's episodes. */
void verdict_search(struct work *w);

void verdict_sum_pairing(struct pairing *p, const struct work *w);

/* -1 where nothing can be compared; v says what is missing. */
int verdict_check_comparable(struct work *w, const struct pairing *p);

void verdict_judge_episodes(struct work *w);

/* Whether the NAT's episodes are more than a path like the direct one has. */
bool verdict_episodes_are_many(const struct work *w);

/* The episode with the strongest cause that can be charged; NULL: none. */
const struct episode_verdict *verdict_chargeable_episode(const struct work *w);

void verdict_judge_hosts(struct work *w);

/* Nothing stands out in the whole window, and no episode does. */
void verdict_judge_calm(struct work *w, const struct pairing *p);

/* Texts.  verdict_miss() adds to what is missing. */
void verdict_miss(struct verdict *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void verdict_state(struct verdict *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void verdict_tell_rivals(struct work *w, const struct judgement *j,
    const char *endpoint, size_t episode);
void verdict_state_cause(struct work *w);
void verdict_say_where(struct work *w);
void verdict_say_how_often(struct work *w);

/* Said first where it is not known: do the paths leave apart at all? */
void verdict_check_apart(struct work *w);

#endif
