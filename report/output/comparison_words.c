/*
 * Why before and after are not compared, in sentences.
 */
#include "config.h"

#include <stdlib.h>

#include "natdiff/text.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/output/comparison_words.h"

#define WORDS_MAX 4096

/* "04, 05, 11": the hours that one period has and the other one lacks. */
static void
add_hours(struct text *t, const uint64_t has[DIDIFF_HOURS],
    const uint64_t lacks[DIDIFF_HOURS], const char *period)
{
	const char *between = "";
	int h;

	for (h = 0; h < DIDIFF_HOURS; h++) {
		if (has[h] == 0 || lacks[h] > 0)
			continue;
		if (between[0] == '\0')
			text_addf(t, "; %s lacks the hours from ", period);
		text_addf(t, "%s%02d", between, h);
		between = ", ";
	}
}

static char *
hours_refusal(const struct comparison_endpoint *e)
{
	struct text t;

	text_init(&t, WORDS_MAX);
	text_addf(&t,
	    "only %d of %d hours of the day were seen both before and after, "
	    "and %.0f %% are asked for, as what a NAT must carry differs by "
	    "the hour",
	    e->hours_matched, e->hours_seen, 100 * DIDIFF_MATCH);
	add_hours(&t, e->hours[BEFORE], e->hours[AFTER], "after");
	add_hours(&t, e->hours[AFTER], e->hours[BEFORE], "before");
	text_addf(&t, " (UTC).  Measure in these hours as well%s",
	    e->hours_matched > 0
		? ", or narrow the window by --since and --until"
		: "");
	return t.s;
}

static char *
overlap_refusal(const struct comparison_endpoint *e)
{
	char end[WALLTIME_TEXT_SIZE], start[WALLTIME_TEXT_SIZE];

	return x_asprintf("after begins at %s, and before goes on until %s.  "
			  "Give all databases and --split TIME instead, or "
			  "other ones",
	    walltime_format(e->from_us[AFTER], 0, start),
	    walltime_format(e->to_us[BEFORE], 0, end));
}

/* "; after has 40 slots with pairs and needs about 20 more". */
static void
add_missing(
    struct text *t, const struct comparison_part *part, const char *period)
{
	size_t missing = comparison_pairs_missing(part);

	if (missing > 0)
		text_addf(t,
		    "; %s has %zu slots with pairs and needs about %zu more",
		    period, part->pairs, missing);
}

static char *
few_refusal(const struct comparison_change *c)
{
	struct text t;

	text_init(&t, WORDS_MAX);
	text_addf(&t, "too little data, as failures come in bursts");
	add_missing(&t, &c->part[BEFORE], "before");
	add_missing(&t, &c->part[AFTER], "after");
	return t.s;
}

char *
comparison_refusal_words(
    const struct comparison_endpoint *e, enum comparison_measure measure)
{
	switch (e->change[measure].refused) {
	case REFUSAL_NO_PAIRS:
		return x_asprintf(
		    "%s has no pair of a direct and a nat attempt.  Both paths "
		    "are needed in both periods",
		    e->pairs[BEFORE] == 0 && e->pairs[AFTER] == 0
			? "neither period"
			: e->pairs[BEFORE] == 0 ? "before"
						: "after");
	case REFUSAL_OVERLAP:
		return overlap_refusal(e);
	case REFUSAL_HOURS:
		return hours_refusal(e);
	case REFUSAL_LOAD:
		return x_asprintf(
		    "the hosts behind the NAT held %.3g connections at the "
		    "median before and %.3g after, a factor above %.3g: less "
		    "trouble may only mean less load.  Compare hours with like "
		    "load (--since, --until), or measure again under like load",
		    e->load[BEFORE], e->load[AFTER], DIDIFF_LOAD_MOST);
	case REFUSAL_TOO_FEW:
		return few_refusal(&e->change[measure]);
	case REFUSAL_NONE:
	case REFUSAL_COUNT:
	default:
		return NULL;
	}
}
