/*
 * Inside report/evidence: one finding in the making, shared by the rules.
 * evidence.c has those over attempts but for evidence_resent.c's,
 * evidence_around.c those over gateways and hosts.
 */
#ifndef NATDIFF_EVIDENCE_FINDING_H
#define NATDIFF_EVIDENCE_FINDING_H

#include "report/evidence/evidence.h"

/* p at which a difference counts as shown: STATS, the gate of a verdict. */
#define EXCESS_P 0.01

/* Within an episode: this many on the NAT side only, for one on direct. */
#define EXCESS_COUNT 5
#define EXCESS_RATIO 10

/* The dominant kind of trouble: so many, and this share of the attempts. */
#define KIND_LEAST 3
#define KIND_SHARE 0.02

/* Fewer pairs than this cannot show that something is absent. */
#define ABSENCE_PAIRS 30

/* Retransmits on this share of attempts are no excess worth a cause. */
#define RETRANSMIT_NOISE 0.05

/* Certificates: another one over so many slots, in so many pairs. */
#define CERT_PAIRS 5
#define CERT_SLOTS 5

/* A host's table or port range is full from here on. */
#define FULL_SHARE 0.95

/* What the rules share. */
struct finding {
	struct clues *clues;
	struct evidence_list *list;
	const struct scorecard *card;
	const struct scene *scene;
	/* Of the scene, being asked for often. */
	const struct facts *f;
	const struct surroundings *around;
	enum scrutiny scrutiny;
};

/*
 * The pairs in the scene's slots, a view; and whether the NAT path's attempt
 * of one is by a host that the scene is about.
 */
struct pairs finding_pairs(const struct finding *n);
bool finding_asks(const struct finding *n, size_t nat);

/*
 * Set a clue; with an item unless it is unknown.  columns are those of its
 * query over the endpoint's attempts, NULL where another one follows by
 * finding_with_query().
 */
struct evidence *finding_set(struct finding *n, enum clue clue,
    enum state state, const char *columns, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* An item that is no clue of the card's yes lines. */
struct evidence *finding_item(
    struct finding *n, const char *name, enum state state, const char *columns);
void finding_weigh(struct finding *n, struct evidence *item, const double row[],
    enum state state);

/* Give an item another query; query is owned from then on. */
struct evidence *finding_with_query(struct evidence *item, char *query);

/* A query over the attempts of an endpoint in the scene's slots. */
char *finding_attempts_query(
    const struct finding *n, const struct endpoint *ep, const char *columns);

/* "select time BETWEEN the scene's begin AND its end". */
char *finding_times_query(
    const struct finding *n, const char *select, const char *time);

void finding_number(struct evidence *item, const char *key, double value);
void finding_contrast(struct evidence *item, const struct contrast *c);

double finding_rate(size_t part, size_t whole);
double finding_at_most(size_t part, size_t whole); /* Wilson's upper limit */

/* The NAT path shows so little of it that it is as good as none. */
bool finding_is_absent(const struct contrast *c);

/* evidence_resent.c */
void rule_syn(struct finding *n);
void rule_late(struct finding *n);
void rule_recovers(struct finding *n);
void rule_answered_first(struct finding *n);

/* evidence_capture.c */
void rule_captures(struct finding *n);

/* evidence_imports.c */
void rule_lines(struct finding *n);
void rule_edge(struct finding *n);
void rule_disagreement(struct finding *n);
void rule_ports_full(struct finding *n);

/* evidence_around.c */
void rule_gateway(struct finding *n);
void rule_host(struct finding *n);
void rule_load(struct finding *n);
void rule_others(struct finding *n);

/* evidence_measured.c */
void rule_ledger(struct finding *n);
void rule_ceiling(struct finding *n);
void rule_hold_down(struct finding *n);
void rule_idle_limit(struct finding *n);

#endif
