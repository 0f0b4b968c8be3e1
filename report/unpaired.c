/*
 * Why nothing pairs: each thing that attempts must share, in turn.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/unpaired.h"

#define NAMES_MAX 4 /* in one sentence */

/* What the attempts of one role have. */
struct side {
	size_t attempts, in_dns;
	int64_t first_us, last_us;
	struct names endpoints, intervals, targets;
};

static void
add_attempt(struct side *s, const struct dataset *d, const struct endpoint *ep,
    size_t i)
{
	const struct attempts *a = &ep->attempts;
	int64_t at_us = attempt_started_us(d, a, i);
	char interval[WALLTIME_TEXT_SIZE];

	if (s->attempts++ == 0 || at_us < s->first_us)
		s->first_us = at_us;
	if (s->attempts == 1 || at_us > s->last_us)
		s->last_us = at_us;
	names_add(&s->endpoints, ep->name);
	names_add(&s->intervals,
	    duration_format(
		d->series[attempt_series(d, a, i)].interval_us, interval));
	if (attempt_target(a, i) == NO_INDEX)
		s->in_dns++;
	else
		names_add(&s->targets, d->targets.text[attempt_target(a, i)]);
}

static void
read_sides(struct side side[2], const struct dataset *d)
{
	const struct attempts *a;
	size_t e, i;

	memset(side, 0, 2 * sizeof(*side));
	for (e = 0; e < d->n_endpoints; e++) {
		a = &d->endpoints[e].attempts;
		for (i = 0; i < a->n; i++)
			add_attempt(&side[attempt_role(d, a, i)], d,
			    &d->endpoints[e], i);
	}
}

static void
clear_sides(struct side side[2])
{
	int role;

	for (role = ROLE_DIRECT; role <= ROLE_NAT; role++) {
		names_clear(&side[role].endpoints);
		names_clear(&side[role].intervals);
		names_clear(&side[role].targets);
	}
}

static bool
share_one(const struct names *a, const struct names *b)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (names_find(b, a->text[i]) != UINT32_MAX)
			return true;
	return false;
}

/* The first names, in new memory. */
static char *
list(const struct names *names)
{
	char *text = x_strdup(""), *longer;
	size_t i;

	for (i = 0; i < names->n && i < NAMES_MAX; i++) {
		longer = x_asprintf(
		    "%s%s%s", text, i > 0 ? ", " : "", names->text[i]);
		free(text);
		text = longer;
	}
	if (names->n > NAMES_MAX) {
		longer = x_asprintf("%s, ...", text);
		free(text);
		text = longer;
	}
	return text;
}

/* "WHAT (direct: ...; nat: ...): ADVICE" */
static char *
differ(const char *what, const struct names *direct, const struct names *nat,
    const char *advice)
{
	char *x = list(direct), *y = list(nat), *text;

	text = x_asprintf("%s (direct: %s; nat: %s): %s", what, x, y, advice);
	free(x);
	free(y);
	return text;
}

static char *
other_times(const struct side *direct, const struct side *nat)
{
	char a[WALLTIME_TEXT_SIZE], b[WALLTIME_TEXT_SIZE];
	char c[WALLTIME_TEXT_SIZE], e[WALLTIME_TEXT_SIZE];

	return x_asprintf(
	    "the direct path was measured from %s to %s, the NAT path from %s "
	    "to %s: run both agents at the same time",
	    walltime_format(direct->first_us, 0, a),
	    walltime_format(direct->last_us, 0, b),
	    walltime_format(nat->first_us, 0, c),
	    walltime_format(nat->last_us, 0, e));
}

static char *
reason(const struct side *direct, const struct side *nat)
{
	if (!share_one(&direct->endpoints, &nat->endpoints))
		return differ("no endpoint has the same name on both paths",
		    &direct->endpoints, &nat->endpoints,
		    "name it alike in both configurations");
	if (!share_one(&direct->intervals, &nat->intervals))
		return differ("the intervals differ", &direct->intervals,
		    &nat->intervals,
		    "only attempts with the same one pair, so give both "
		    "agents the same");
	if (direct->in_dns == direct->attempts || nat->in_dns == nat->attempts)
		return x_asprintf("no name resolved on the %s path, so that no "
				  "connection was tried there",
		    nat->in_dns == nat->attempts ? "NAT" : "direct");
	if (direct->last_us < nat->first_us || nat->last_us < direct->first_us)
		return other_times(direct, nat);
	if (!share_one(&direct->targets, &nat->targets))
		return differ("the names resolve to other addresses on each "
			      "path",
		    &direct->targets, &nat->targets,
		    "pin one (addresses: in the configuration)");
	return x_strdup("no two attempts have the same endpoint, address and "
			"slot: were both agents running in the same minutes, "
			"with clocks that agree?");
}

char *
unpaired_reason(const struct dataset *d)
{
	struct side side[2];
	char *text;

	read_sides(side, d);
	text = reason(&side[ROLE_DIRECT], &side[ROLE_NAT]);
	clear_sides(side);
	return text;
}
