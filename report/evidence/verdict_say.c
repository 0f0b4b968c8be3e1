/*
 * What a verdict says, and what it leaves open.
 */
#include "config.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/verdict_work.h"

/* Hosts that a statement names; the JSON report has all. */
#define HOSTS_NAMED 5

void
verdict_miss(struct verdict *v, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = x_vasprintf(fmt, ap);
	va_end(ap);
	v->missing =
	    x_reallocarray(v->missing, v->n_missing + 1, sizeof(*v->missing));
	v->missing[v->n_missing++] = text;
}

static void
add_open(struct open_cause **list, size_t *n, enum cause cause, char *text)
{
	size_t i;

	for (i = 0; i < *n; i++) {
		if ((*list)[i].cause == cause) {
			free(text);
			return;
		}
	}
	*list = x_reallocarray(*list, *n + 1, sizeof(**list));
	(*list)[*n].cause = cause;
	(*list)[(*n)++].text = text;
}

/* What would tell whether it is this cause. */
static const char *const asks[CAUSE_COUNT] = {
	[CAUSE_NAT_PORT_EXHAUSTION] =
	    "the gateway's counters or logs of failed port allocations in "
	    "these slots",
	[CAUSE_NAT_PORT_REUSE] =
	    "a capture of the SYNs outside the NAT, with what answers them",
	[CAUSE_NAT_TABLE_FULL] =
	    "a control endpoint behind the same NAT (control: yes), or the "
	    "gateway's counters",
	[CAUSE_NAT_IDLE_TIMEOUT] = "connections that stay open and silent",
	[CAUSE_NAT_PATH_LOSS] =
	    "loss on the same path to other destinations: a control endpoint",
	[CAUSE_NAT_PATH_BLOCKED] =
	    "the rules of the gateway and of firewalls for this destination",
	[CAUSE_NAT_PATH_INTERFERENCE] =
	    "a capture on both sides of the NAT: who sends the reset?",
	[CAUSE_EDGE_ADDRESS_LIMIT] =
	    "the gateway's counters or logs, a capture outside the NAT, or the "
	    "vendor's word that no SYN came",
	[CAUSE_HOST_LIMIT] =
	    "the host's own limits: ports in use, connection table, "
	    "allowances (natdiff-probe census)",
	[CAUSE_ENDPOINT_DOWN] = "the vendor's own view of these minutes",
	[CAUSE_DNS_TROUBLE] = "the name server's log",
	[CAUSE_LATENCY_ONLY] = "more slots",
};

void
verdict_state(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	free(v->statement);
	va_start(ap, fmt);
	v->statement = x_vasprintf(fmt, ap);
	va_end(ap);
}

static const char *
item_says(const struct verdict *v, const char *endpoint, size_t episode,
    bool of_host, const char *name)
{
	size_t i;

	for (i = 0; i < v->evidence.n; i++)
		if (v->evidence.item[i].episode == episode &&
		    (v->evidence.item[i].host != NULL) == of_host &&
		    v->evidence.item[i].endpoint == endpoint &&
		    strcmp(v->evidence.item[i].name, name) == 0)
			return v->evidence.item[i].says;
	return name;
}

/* Which evidence excluded the cause at rank most. */
static char *
excluded_by(const struct work *w, const struct judgement *j, size_t rank,
    const char *endpoint, size_t episode)
{
	double most, against;
	const char *name = "kind";
	int c;

	most = scorecard_kind(w->card, j->clues.kind, j->ranked[0]) -
	    scorecard_kind(w->card, j->clues.kind, j->ranked[rank]);
	for (c = 0; c < CLUE_COUNT; c++) {
		against =
		    judgement_clue_against(j, w->card, rank, (enum clue)c);
		if (against > most) {
			most = against;
			name = clue_name((enum clue)c);
		}
	}
	return x_asprintf("%s: %s", name,
	    item_says(w->v, endpoint, episode, w->v->host != NULL, name));
}

/* What the judgement leaves open and rules out goes into the verdict. */
void
verdict_tell_rivals(struct work *w, const struct judgement *j,
    const char *endpoint, size_t episode)
{
	struct verdict *v = w->v;
	size_t i;

	for (i = 0; i < j->n_ranked; i++) {
		if (judgement_leaves_open(j, i))
			add_open(&v->not_ruled_out, &v->n_not_ruled_out,
			    j->ranked[i], x_strdup(asks[j->ranked[i]]));
		else if (i > 0)
			add_open(&v->ruled_out, &v->n_ruled_out, j->ranked[i],
			    excluded_by(w, j, i, endpoint, episode));
	}
}

/* "at host nat2 (and in trouble as well: nat3, nat7): ", or nothing. */
static char *
where_words(const struct verdict *v)
{
	char *others = NULL, *longer;
	size_t i, named = 0;

	if (v->host == NULL)
		return x_strdup("");
	for (i = 0; i < v->n_hosts && named < HOSTS_NAMED; i++) {
		if (strcmp(v->hosts[i], v->host) == 0)
			continue;
		longer = x_asprintf("%s%s%s", named > 0 ? others : "",
		    named > 0 ? ", " : "", v->hosts[i]);
		free(others);
		others = longer;
		named++;
	}
	longer = others == NULL ? x_asprintf("at host %s: ", v->host)
	    : v->n_hosts > named + 1
	    ? x_asprintf("at host %s (and in trouble as well: %s and %zu "
			 "more): ",
		  v->host, others, v->n_hosts - named - 1)
	    : x_asprintf(
		  "at host %s (and in trouble as well: %s): ", v->host, others);
	free(others);
	return longer;
}

void
verdict_state_cause(struct work *w)
{
	struct verdict *v = w->v;
	size_t i, named = 0;
	char *rivals = NULL, *longer, *where;

	if (v->cause != CAUSE_INCONCLUSIVE) {
		where = where_words(v);
		verdict_state(v, "%s%s", where, cause_words(v->cause));
		free(where);
		return;
	}
	for (i = 0; i < v->n_not_ruled_out && named < 4; i++, named++) {
		longer = x_asprintf("%s%s%s", rivals != NULL ? rivals : "",
		    rivals != NULL ? ", " : "",
		    cause_name(v->not_ruled_out[i].cause));
		free(rivals);
		rivals = longer;
	}
	if (named >= 2)
		verdict_state(v,
		    "the NAT path differs%s%s, but the evidence does not "
		    "tell these causes apart: %s",
		    v->host != NULL ? " at host " : "",
		    v->host != NULL ? v->host : "", rivals);
	else
		verdict_state(v,
		    "the NAT path differs%s%s, but no cause can be named",
		    v->host != NULL ? " at host " : "",
		    v->host != NULL ? v->host : "");
	free(rivals);
}

/* Whether a NAT episode is of this endpoint. */
static bool
has_episode(const struct verdict *v, size_t endpoint)
{
	const struct episode_verdict *e;
	size_t i, k;

	for (i = 0; i < v->n_episodes; i++) {
		e = &v->episodes[i];
		for (k = 0; k < e->n_endpoints; k++)
			if (e->episode.role == ROLE_NAT &&
			    e->endpoints[k] == endpoint)
				return true;
	}
	return false;
}

void
verdict_say_where(struct work *w)
{
	struct verdict *v = w->v;
	struct endpoint_verdict *e;
	size_t mains = 0, i;
	char *prefix;

	for (i = 0; i < v->n_endpoints; i++)
		mains += endpoint_is_judged(v->endpoints[i].endpoint);
	for (i = 0; i < v->n_endpoints; i++) {
		e = &v->endpoints[i];
		if (!endpoint_is_judged(e->endpoint))
			continue;
		prefix = mains > 1 ? x_asprintf("%s: ", e->endpoint->name)
				   : x_strdup("");
		where_say(&v->where, &v->n_where, &e->where, w->d, prefix,
		    e->troubled || has_episode(v, i));
		free(prefix);
	}
}

/* The long run: only where the gate of the block test is open. */
void
verdict_say_how_often(struct work *w)
{
	struct verdict *v = w->v;
	const struct contrast *c, *worst = NULL;
	const char *endpoint = NULL;
	size_t i, nat_episodes = 0;

	v->difference = NAN;
	v->difference_ci = INTERVAL_UNKNOWN;
	for (i = 0; i < v->n_episodes; i++)
		nat_episodes += v->episodes[i].episode.role == ROLE_NAT;
	for (i = 0; i < v->n_endpoints; i++) {
		c = &v->endpoints[i].facts.contrast[OUTCOME_FAILED];
		if (!endpoint_is_judged(v->endpoints[i].endpoint) ||
		    !c->test.gate)
			continue;
		if (worst == NULL || c->test.est > worst->test.est) {
			worst = c;
			endpoint = v->endpoints[i].endpoint->name;
		}
	}
	if (worst != NULL) {
		v->difference = worst->test.est;
		v->difference_ci = worst->ci;
		v->how_often =
		    x_asprintf("at %s %.1f %% more attempts fail "
			       "on the NAT path (95 %% interval %.1f to %.1f)",
			endpoint, 100 * worst->test.est, 100 * worst->ci.lo,
			100 * worst->ci.hi);
	} else if (nat_episodes > 0) {
		v->how_often = x_asprintf("%zu episode%s: says nothing of how "
					  "often",
		    nat_episodes, nat_episodes == 1 ? "" : "s");
	}
}
