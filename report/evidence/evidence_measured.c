/*
 * Rules over what was measured on purpose: the witness's ledger, and what
 * the active commands found.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/evidence/finding.h"
#include "report/evidence/measured.h"

/* Failed attempts that arrived all the same: one in ten is none. */
#define LEDGER_ODD 10

/*
 * A port that comes back sooner meets the old connection at the far end: Linux
 * holds one in TIME_WAIT for 60 s.
 */
#define TIME_WAIT_US INT64_C(60000000)

static char *
measurement_query(const struct measurement *m)
{
	return x_asprintf("SELECT * FROM measurement WHERE kind = '%s' AND "
			  "started_at = %" PRId64,
	    measurement_kind_name(m->kind), m->started_at_us);
}

void
rule_ledger(struct finding *n)
{
	const struct ledger_contrast *c = n->scene->ledger;
	size_t seen = c->failed - c->unseen;
	enum state state = STATE_UNKNOWN;
	struct evidence *item;

	if (c->failed < KIND_LEAST)
		return;
	if ((seen + c->doubtful) * LEDGER_ODD <= c->failed)
		state = STATE_YES;
	else if (seen * 2 > c->failed)
		state = STATE_NO;
	item = finding_with_query(
	    finding_set(n, CLUE_LEDGER_LACKS, state, NULL,
		"at our own far end %zu of %zu failed attempts on the NAT path "
		"never arrived, and the direct ones beside them did",
		c->unseen, c->failed),
	    finding_times_query(n,
		"SELECT reached, count(*) FROM witness_arrival WHERE",
		"accepted_at"));
	finding_number(item, "failed", (double)c->failed);
	finding_number(item, "unseen", (double)c->unseen);
}

static void
ceiling(struct finding *n, enum clue clue, enum measurement_finding finding,
    const char *what)
{
	const struct scene *sc = n->scene;
	struct evidence *item;
	struct ceiling c;

	measured_ceiling(
	    &c, sc->d, &sc->endpoint->attempts, sc->pairs, sc->scope, finding);
	if (!measured_ceiling_is_reached(&c))
		return;
	item = finding_with_query(
	    finding_set(n, clue, STATE_YES, NULL,
		"the NAT had been measured to carry %" PRId64
		" connections %s, "
		"and %zu of %zu attempts without an answer began with as many "
		"open (95 %% or more)",
		c.ramp->low, what, c.silent_reached, c.silent_known),
	    measurement_query(c.ramp));
	finding_number(item, "ceiling", (double)c.ramp->low);
	finding_number(item, "silent", (double)c.silent_known);
	finding_number(item, "silent_at_ceiling", (double)c.silent_reached);
	finding_number(item, "connected_at_ceiling", (double)c.clean_reached);
}

void
rule_ceiling(struct finding *n)
{
	ceiling(n, CLUE_CEILING_REACHED, RAMP_DESTINATION_LIMIT,
	    "to one destination");
	ceiling(n, CLUE_TOTAL_REACHED, RAMP_TOTAL_LIMIT, "in all");
}

/* How soon the same port reaches the same far end again, after a FIN. */
void
rule_hold_down(struct finding *n)
{
	const struct measurement *m =
	    measured_last(n->scene->d, n->scene->scope, REUSE_AFTER_FIN);
	enum state state = STATE_UNKNOWN;
	struct evidence *item;

	if (m == NULL || m->best == NOT_MEASURED)
		return;
	if (m->high != NOT_MEASURED && m->high < TIME_WAIT_US)
		state = STATE_YES;
	else if (m->low != NOT_MEASURED && m->low > 2 * TIME_WAIT_US)
		state = STATE_NO;
	item = finding_with_query(
	    finding_set(n, CLUE_SHORT_HOLD_DOWN, state, NULL,
		"the NAT was measured to hand a port out again %.1f s after "
		"its connection was closed; a far end may hold the old one for "
		"60 s and more",
		(double)m->best / 1e6),
	    measurement_query(m));
	finding_number(item, "hold_down_s", (double)m->best / 1e6);
}

/*
 * Attempts are short: what dies while silent leaves no trace in them.  So this
 * speaks only where nothing else stands out.
 */
void
rule_idle_limit(struct finding *n)
{
	const enum state *state = n->clues->state;
	const struct measurement *nat, *direct = NULL;
	struct evidence *item;

	nat = measured_idle(n->scene->d, n->scene->scope, &direct);
	if (nat == NULL || n->clues->kind != KIND_NONE ||
	    state[CLUE_SYN_EXCESS] == STATE_YES ||
	    state[CLUE_LATE_EXCESS] == STATE_YES ||
	    state[CLUE_CERT_DIFFERS] == STATE_YES ||
	    state[CLUE_REFUSED_BY_STATUS] == STATE_YES)
		return;
	item = finding_with_query(
	    finding_set(n, CLUE_IDLE_LIMIT, STATE_YES, NULL,
		"a connection through the NAT was gone after %.1f s of silence "
		"(%s); on the direct path beside it one lived through %.1f s",
		(double)nat->high / 1e6,
		nat->finding == IDLE_RESET ? "then answered by a reset"
					   : "without a word",
		(double)direct->low / 1e6),
	    measurement_query(nat));
	finding_number(item, "nat_alive_s",
	    nat->low == NOT_MEASURED ? 0 : (double)nat->low / 1e6);
	finding_number(item, "nat_gone_s", (double)nat->high / 1e6);
	finding_number(item, "direct_alive_s", (double)direct->low / 1e6);
}
