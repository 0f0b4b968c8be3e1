#include "config.h"

#include <inttypes.h>

#include "natdiff/json_values.h"
#include "natdiff/walltime.h"
#include "probe/idle_words.h"

void
idle_result_find(
    struct idle_result *result, const struct idle_run *r, size_t side)
{
	struct idle_estimate direct;

	result->side = &r->sides[side];
	result->destination = active_destination(r->a, ACTIVE_ENDPOINT_SIDE);
	result->rounds = r->rounds;
	idle_estimate_find(
	    &result->estimate, r->sides[side].trials, r->sides[side].n);
	result->keepalive_us = idle_keepalive_us(&result->estimate);
	result->whose = IDLE_WHOSE_UNKNOWN;
	if (side != 0 || r->n_sides < IDLE_SIDES)
		return;
	idle_estimate_find(&direct, r->sides[1].trials, r->sides[1].n);
	result->whose = idle_whose(&result->estimate, &direct);
}

/* ------------------------------------------------------------------ JSON */

json_t *
idle_detail(const struct idle_result *result)
{
	const struct idle_estimate *e = &result->estimate;
	const struct idle_side *s = result->side;
	json_t *trials = json_array();
	const struct idle_trial *t;
	size_t i;

	for (i = 0; i < s->n; i++) {
		t = &s->trials[i];
		json_array_append_new(trials,
		    json_pack("{s:I, s:s, s:i}", "silence_us",
			(json_int_t)t->silence_us, "outcome",
			idle_outcome_name(t->outcome), "round", t->round));
	}
	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:s, "
			 "s:o, s:o}",
	    "rounds", result->rounds, "opened", (json_int_t)s->opened,
	    "not_opened", (json_int_t)s->not_opened, "lived",
	    (json_int_t)e->lived, "died", (json_int_t)e->died, "contrary",
	    (json_int_t)e->contrary, "far_end_spoke", (json_int_t)s->spoken,
	    "far_end_keepalives", (json_int_t)s->kept, "rounds_agree",
	    (int)e->agreed, "whose", idle_whose_name(result->whose),
	    "keepalive_us", json_measured(result->keepalive_us), "trials",
	    trials);
}

/* ------------------------------------------------------------------ text */

/* "15.3 s", "20 min 0 s": three digits that count, no more. */
static void
print_time(FILE *f, int64_t us)
{
	double s = (double)us / 1e6;

	if (s < 100)
		fprintf(f, "%.1f s", s);
	else if (s < 3600)
		fprintf(f, "%.0f s", s);
	else
		fprintf(f, "%.2f h", s / 3600);
}

static const char *
manner_text(enum measurement_finding finding)
{
	switch ((int)finding) {
	case IDLE_SILENT:
		return "It is gone without a word: what is sent after that is "
		       "not answered.";
	case IDLE_RESET:
		return "It is ended by a reset.";
	case IDLE_FAR_END:
		return "It is closed in good order (FIN), as a far end does.";
	default:
		return "";
	}
}

static void
print_limit(FILE *f, const struct idle_estimate *e)
{
	if (e->low_us == NOT_MEASURED) {
		fputs("dead after ", f);
		print_time(f, e->high_us);
		fputs(" of silence, the shortest that was tried.\n", f);
	} else {
		fputs("lives through ", f);
		print_time(f, e->low_us);
		fputs(" of silence, dead after ", f);
		print_time(f, e->high_us);
		fputs(": the limit is ", f);
		print_time(f, e->best_us);
		fputs(".\n", f);
	}
	fprintf(f, "  %s\n", manner_text(e->finding));
	if (!e->agreed)
		fputs("  No second round has confirmed it.\n", f);
}

static void
print_remarks(FILE *f, const struct idle_side *s)
{
	if (s->spoken > 0)
		fprintf(f,
		    "  The far end spoke first on %zu of %zu connections: only "
		    "silences between its\n  words were measured.\n",
		    s->spoken, s->opened);
	if (s->kept > 0)
		fprintf(f,
		    "  The far end's TCP keep-alives were seen on %zu of %zu "
		    "connections, which do not\n  count: they may have kept "
		    "them alive.\n",
		    s->kept, s->opened);
	if (s->not_opened > 0)
		fprintf(
		    f, "  %zu connections could not be had.\n", s->not_opened);
}

void
idle_print(FILE *f, const struct idle_result *result)
{
	const struct idle_estimate *e = &result->estimate;

	fprintf(f, "path %s to %s, %zu connections in %d round%s: ",
	    result->side->path->name, result->destination, result->side->opened,
	    result->rounds, result->rounds == 1 ? "" : "s");
	if (e->finding == IDLE_NO_LIMIT) {
		fputs("lives through ", f);
		print_time(f, e->low_us);
		fputs(" of silence.\n", f);
	} else if (e->finding != IDLE_INCONCLUSIVE) {
		print_limit(f, e);
	} else if (e->lived + e->died == 0) {
		fputs("nothing measured.\n", f);
	} else {
		fprintf(f,
		    "%zu lived and %zu died without\n  regard to their "
		    "silence: it is not an idle limit that ends them.\n",
		    e->lived, e->died);
	}
	print_remarks(f, result->side);
}

static void
print_whose(
    FILE *f, const struct idle_result *nat, const struct idle_result *direct)
{
	if (nat->whose == IDLE_WHOSE_NAT) {
		fputs("The limit is of the NAT's path: the direct path lived "
		      "through ",
		    f);
		print_time(f, direct->estimate.low_us);
		fputs(".\n", f);
	} else if (nat->whose == IDLE_WHOSE_FAR_END) {
		fputs("The direct path has the limit as well: it is the far "
		      "end's, not the NAT's.\n",
		    f);
	} else {
		fputs("Whether it is the NAT's or the far end's is not told: "
		      "the same from a direct path\ntells (--path).\n",
		    f);
	}
}

/* A far end that counts messages does not count TCP's keep-alives. */
static void
print_keepalive(FILE *f, const struct idle_result *result)
{
	int64_t seconds = result->keepalive_us / 1000000;

	if (result->estimate.finding == IDLE_FAR_END ||
	    result->whose == IDLE_WHOSE_FAR_END)
		fprintf(f,
		    "Keep-alive: a WebSocket ping every %" PRId64
		    " s or more often, which is half of what\nlives. TCP's "
		    "own keep-alives may not count at the far end.\n",
		    seconds);
	else
		fprintf(f,
		    "Keep-alive: a WebSocket ping, or TCP keep-alive "
		    "(TCP_KEEPIDLE), every %" PRId64
		    " s or more\noften, which is half of what lives. TCP's own "
		    "default is 7200 s: too late for limits\nbelow.\n",
		    seconds);
}

void
idle_print_advice(FILE *f, const struct idle_run *r, enum measurement_end end)
{
	struct idle_result first, beside;
	bool is_limit;

	idle_result_find(&first, r, 0);
	idle_result_find(&beside, r, r->n_sides - 1);
	is_limit = first.estimate.finding != IDLE_INCONCLUSIVE &&
	    first.estimate.finding != IDLE_NO_LIMIT;
	if (is_limit && first.side->path->role == ROLE_NAT)
		print_whose(f, &first, &beside);
	if (first.keepalive_us != NOT_MEASURED && is_limit)
		print_keepalive(f, &first);
	else if (first.estimate.finding == IDLE_NO_LIMIT)
		fputs("Keep-alive: none is needed for shorter silences than "
		      "that.\n",
		    f);
	if (end == MEASUREMENT_INTERRUPTED)
		fputs("Interrupted: this is what was known by then.\n", f);
}
