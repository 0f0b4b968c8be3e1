/*
 * The scorecard: a table of P(evidence | cause), and what a set of evidence
 * says by it.  Naive Bayes: the log10 of the factors add up, unknown evidence
 * adds nothing.  The table ships as report/evidence/scorecard.conf.
 */
#ifndef NATDIFF_EVIDENCE_SCORECARD_H
#define NATDIFF_EVIDENCE_SCORECARD_H

#include <stddef.h>

#include "natdiff/err.h"
#include "report/evidence/cause.h"

/* Evidence that is seen or not.  The order is that of no importance. */
enum clue {
	CLUE_DIRECT_ALSO_FAILS,
	CLUE_SYN_EXCESS,
	CLUE_LATE_EXCESS,
	CLUE_CONTROL_AFFECTED,
	CLUE_LOAD_TREND,
	CLUE_CERT_DIFFERS,
	CLUE_ALL_FAIL,
	CLUE_RECOVERS,
	CLUE_ANSWERED_FIRST,
	CLUE_REFUSED_BY_STATUS,
	CLUE_TOLD_NO,
	CLUE_OTHERS_STAY,
	CLUE_GATEWAY_REFUSES,
	CLUE_GATEWAY_TABLE_FULL,
	CLUE_NAT_LOG_DROPS,
	CLUE_HOST_CONNTRACK_DROPS,
	CLUE_HOST_CONNTRACK_FULL,
	CLUE_HOST_ALLOWANCE,
	CLUE_HOST_PORTS,
	CLUE_EDGE_LOG_LACKS,
	CLUE_LEDGER_LACKS,
	CLUE_CEILING_REACHED,
	CLUE_TOTAL_REACHED,
	CLUE_SHORT_HOLD_DOWN,
	CLUE_IDLE_LIMIT,
	CLUE_EDGE_LOG_PARTLY,
	CLUE_FLOW_REJECTED,
	CLUE_GATEWAY_PORTS_FULL,
	CLUE_NAT_LOG_JOINED,
	CLUE_CAPTURE_LACKS_SYNS,
	CLUE_CAPTURE_REUSE,
	CLUE_COUNT
};

/* The dominant kind of failure on the NAT path. */
enum kind {
	KIND_CONNECT_SILENT,
	KIND_CONNECT_REFUSED,
	KIND_LOCAL_ERRNO,
	KIND_DNS,
	KIND_TLS,
	KIND_HTTP_STATUS,
	KIND_IDLE,
	KIND_NONE,
	KIND_COUNT
};

enum state { STATE_UNKNOWN, STATE_NO, STATE_YES };

/* What is known: everything STATE_UNKNOWN and KIND_COUNT is nothing. */
struct clues {
	enum state state[CLUE_COUNT];
	enum kind kind; /* KIND_COUNT: unknown */
};

struct scorecard {
	bool has[CAUSE_COUNT]; /* a column of the table */
	double clue[CLUE_COUNT][CAUSE_COUNT];
	double kind[KIND_COUNT][CAUSE_COUNT];
};

/* The name of a clue or kind in the table and in the report's evidence. */
const char *clue_name(enum clue c);
const char *kind_name(enum kind k);

/* The table that is built in: scorecard.conf as it shipped. */
void scorecard_default(struct scorecard *s);

/*
 * Read a table; every clue and kind must be there.  -1 and e, "FILE:LINE:
 * what, expected what".
 */
int scorecard_read(struct scorecard *s, const char *file, struct err *e);

/* The same from memory. */
int scorecard_parse(struct scorecard *s, const char *file, const char *text,
    size_t size, struct err *e);

/* log10 P(one clue's state | cause); 0 where it is unknown. */
double scorecard_clue(
    const struct scorecard *s, enum clue c, enum state state, enum cause cause);
double scorecard_kind(const struct scorecard *s, enum kind k, enum cause cause);

/* log10 P(all clues | cause), of a cause that the table has. */
double scorecard_total(
    const struct scorecard *s, const struct clues *clues, enum cause cause);

/*
 * How much one clue speaks for a cause: log10 of P(clue | cause) against the
 * mean over the other causes.
 */
double scorecard_weight(
    const struct scorecard *s, const double row[], enum cause cause);

/* The causes by their totals, best first; *n of them. */
void scorecard_rank(const struct scorecard *s, const struct clues *clues,
    enum cause ranked[CAUSE_COUNT], double total[CAUSE_COUNT], size_t *n);

#endif
