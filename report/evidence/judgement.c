/*
 * From clues to a cause: the ranking, its ceilings and vetoes.
 */
#include "config.h"

#include <string.h>

#include "report/evidence/judgement.h"

/* A rival this close (log10) is named as not ruled out. */
#define RIVAL_LOG10 1.0

static bool
is(const struct clues *c, enum clue clue, enum state state)
{
	return c->state[clue] == state;
}

/* Somebody but the hosts has seen that ports were refused. */
static bool
gateway_confirms(const struct clues *c)
{
	return is(c, CLUE_GATEWAY_REFUSES, STATE_YES) ||
	    is(c, CLUE_NAT_LOG_DROPS, STATE_YES) ||
	    is(c, CLUE_NAT_LOG_JOINED, STATE_YES) ||
	    is(c, CLUE_CAPTURE_LACKS_SYNS, STATE_YES) ||
	    is(c, CLUE_EDGE_LOG_LACKS, STATE_YES);
}

static void
cap(struct judgement *j, enum strength most)
{
	if (j->strength > most)
		j->strength = most;
}

static void
give_up(struct judgement *j)
{
	j->cause = CAUSE_INCONCLUSIVE;
	cap(j, STRENGTH_WEAK);
}

/*
 * What the hosts alone can see has a ceiling: a NAT without a free port and
 * a far end that drops one address look the same from inside; and a control
 * tells ports from table only where the pool is per destination.  A ceiling
 * that was measured, and that the host's connections had reached, is more.
 */
static void
apply_ceilings(struct judgement *j, bool pool_per_destination)
{
	const struct clues *c = &j->clues;
	bool silent = c->kind == KIND_CONNECT_SILENT || c->kind == KIND_NONE;

	switch (j->cause) {
	case CAUSE_NAT_PORT_EXHAUSTION:
		if (gateway_confirms(c) ||
		    is(c, CLUE_CEILING_REACHED, STATE_YES))
			break;
		cap(j, STRENGTH_MODERATE);
		if (!pool_per_destination)
			give_up(j);
		break;
	case CAUSE_NAT_TABLE_FULL:
		if (is(c, CLUE_GATEWAY_TABLE_FULL, STATE_YES) ||
		    is(c, CLUE_TOTAL_REACHED, STATE_YES))
			break;
		cap(j, STRENGTH_MODERATE);
		if (!pool_per_destination)
			give_up(j);
		break;
	case CAUSE_EDGE_ADDRESS_LIMIT:
	case CAUSE_NAT_PATH_BLOCKED:
		/* Beyond the NAT silence has no sender. */
		if (silent)
			cap(j, STRENGTH_MODERATE);
		break;
	case CAUSE_NAT_PORT_REUSE:
		if (is(c, CLUE_CAPTURE_REUSE, STATE_YES))
			break;
		/* SYN-ACKs that were lost look much like it. */
		if (!is(c, CLUE_GATEWAY_REFUSES, STATE_NO) ||
		    !is(c, CLUE_SHORT_HOLD_DOWN, STATE_YES))
			cap(j, STRENGTH_MODERATE);
		if (!is(c, CLUE_ANSWERED_FIRST, STATE_YES))
			give_up(j);
		break;
	case CAUSE_HEALTHY:
	case CAUSE_NAT_IDLE_TIMEOUT:
	case CAUSE_NAT_PATH_LOSS:
	case CAUSE_NAT_PATH_INTERFERENCE:
	case CAUSE_HOST_LIMIT:
	case CAUSE_ENDPOINT_DOWN:
	case CAUSE_DNS_TROUBLE:
	case CAUSE_LATENCY_ONLY:
	case CAUSE_INCONCLUSIVE:
	case CAUSE_COUNT:
	default:
		break;
	}
}

/*
 * Whatever the numbers say: a failing direct path never convicts the NAT,
 * and neither does a host that failed by itself.
 */
static void
apply_vetoes(struct judgement *j)
{
	const struct clues *c = &j->clues;

	if (!cause_accuses_nat(j->cause))
		return;
	if (is(c, CLUE_DIRECT_ALSO_FAILS, STATE_YES) ||
	    c->kind == KIND_LOCAL_ERRNO ||
	    is(c, CLUE_HOST_CONNTRACK_DROPS, STATE_YES))
		give_up(j);
}

/*
 * The rank of the best cause's rival.  Where the direct path fails as well,
 * causes that only the NAT path can have are no rivals of one that both have.
 */
static size_t
runner_up(const struct judgement *j)
{
	size_t i = 1;

	if (!is(&j->clues, CLUE_DIRECT_ALSO_FAILS, STATE_YES) ||
	    cause_accuses_nat(j->ranked[0]))
		return 1;
	while (i + 1 < j->n_ranked &&
	    (cause_accuses_nat(j->ranked[i]) ||
		j->ranked[i] == CAUSE_EDGE_ADDRESS_LIMIT))
		i++;
	return i;
}

void
judgement_make(struct judgement *j, const struct clues *clues,
    const struct scorecard *card, bool pool_per_destination)
{
	memset(j, 0, sizeof(*j));
	j->clues = *clues;
	scorecard_rank(card, clues, j->ranked, j->total, &j->n_ranked);
	j->log10_bf = j->total[0] - j->total[runner_up(j)];
	j->strength = strength_of(j->log10_bf);
	j->cause = j->strength >= STRENGTH_MODERATE ? j->ranked[0]
						    : CAUSE_INCONCLUSIVE;
	apply_ceilings(j, pool_per_destination);
	apply_vetoes(j);
}

bool
judgement_is_confirmed(const struct judgement *j)
{
	return gateway_confirms(&j->clues) ||
	    is(&j->clues, CLUE_GATEWAY_TABLE_FULL, STATE_YES);
}

void
judgement_acquit(struct judgement *j)
{
	if (cause_accuses_nat(j->cause) || j->cause == CAUSE_EDGE_ADDRESS_LIMIT)
		give_up(j);
}

bool
judgement_leaves_open(const struct judgement *j, size_t rank)
{
	enum cause c = j->ranked[rank];

	if (rank == 0)
		return j->cause == CAUSE_INCONCLUSIVE;
	if (rank < runner_up(j))
		return false;
	if (j->total[0] - j->total[rank] < RIVAL_LOG10)
		return true;
	/* The twin that cannot be seen apart: who keeps silent? */
	return c == CAUSE_EDGE_ADDRESS_LIMIT &&
	    j->clues.kind != KIND_CONNECT_REFUSED &&
	    (j->ranked[0] == CAUSE_NAT_PATH_BLOCKED ||
		(j->ranked[0] == CAUSE_NAT_PORT_EXHAUSTION &&
		    !gateway_confirms(&j->clues) &&
		    !is(&j->clues, CLUE_CEILING_REACHED, STATE_YES)));
}

double
judgement_clue_against(const struct judgement *j, const struct scorecard *card,
    size_t rank, enum clue clue)
{
	enum state state = j->clues.state[clue];

	return scorecard_clue(card, clue, state, j->ranked[0]) -
	    scorecard_clue(card, clue, state, j->ranked[rank]);
}
