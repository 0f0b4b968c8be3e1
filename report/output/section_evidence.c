/*
 * The evidence for and against the cause that the verdict names, or the
 * closest one where it names none; strongest first.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/output/sections.h"
#include "report/output/values.h"

/* Weights below this (log10) say nothing worth a line. */
#define WEIGHT_LEAST 0.1
#define LEAD_WIDTH   5

/* Where the judgement is from that the verdict rests on. */
struct focus {
	enum cause cause;     /* CAUSE_COUNT: none */
	const char *endpoint; /* as in the dataset; NULL: none */
	size_t episode;       /* 0: the whole window */
};

/* Whether two judgements saw the same. */
static bool
same_clues(const struct clues *a, const struct clues *b)
{
	return a->kind == b->kind &&
	    memcmp(a->state, b->state, sizeof(a->state)) == 0;
}

/*
 * The episode that j is the judgement of; with j NULL that which comes closest
 * to a cause.  NULL: there is none.
 */
static const struct episode_verdict *
find_episode(const struct verdict *v, const struct judgement *j)
{
	const struct episode_verdict *best = NULL, *e;
	size_t i;

	for (i = 0; i < v->n_episodes; i++) {
		e = &v->episodes[i];
		if (e->episode.role == ROLE_NAT &&
		    (j == NULL || same_clues(&e->judgement.clues, &j->clues)) &&
		    (best == NULL ||
			e->judgement.log10_bf > best->judgement.log10_bf))
			best = e;
	}
	return best;
}

static struct focus
find_focus(const struct verdict *v, const struct dataset *d)
{
	struct focus f = { CAUSE_COUNT, NULL, 0 };
	const struct judgement *j = &v->judgement;
	const struct episode_verdict *e = NULL;
	size_t i;

	for (i = 0; i < v->n_endpoints && j->n_ranked > 0; i++)
		if (v->endpoints[i].troubled &&
		    same_clues(&v->endpoints[i].judgement.clues, &j->clues))
			break;
	if (j->n_ranked > 0 && i < v->n_endpoints) {
		f.endpoint = v->endpoints[i].endpoint->name;
	} else {
		e = find_episode(v, j->n_ranked > 0 ? j : NULL);
		if (e == NULL)
			return f;
		j = &e->judgement;
		f.episode = (size_t)(e - v->episodes) + 1;
		f.endpoint = d->endpoints[e->episode.endpoint].name;
	}
	f.cause = j->ranked[0];
	return f;
}

/* The items of the scope, by what they weigh for the cause. */
struct ranked {
	const struct evidence *item;
	double weight;
};

static int
compare_weights(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (fabs(x->weight) != fabs(y->weight))
		return fabs(x->weight) > fabs(y->weight) ? -1 : 1;
	return strcmp(x->item->name, y->item->name);
}

static size_t
rank_items(struct ranked *ranked, const struct verdict *v, const char *endpoint,
    size_t episode, enum cause cause)
{
	/* Of the whole window there is the evidence of all, and of a host. */
	bool of_host = v->host != NULL && episode == 0;
	const struct evidence *e;
	size_t n = 0, i;

	for (i = 0; i < v->evidence.n; i++) {
		e = &v->evidence.item[i];
		if (e->episode != episode || (e->host != NULL) != of_host ||
		    strcmp(e->endpoint, endpoint) != 0)
			continue;
		ranked[n].item = e;
		ranked[n++].weight =
		    cause == CAUSE_COUNT ? 0 : e->weight[cause];
	}
	if (n > 1)
		qsort(ranked, n, sizeof(*ranked), compare_weights);
	return n;
}

static double
number_of(const struct evidence *e, const char *key)
{
	size_t i;

	for (i = 0; i < e->n_numbers; i++)
		if (strcmp(e->number[i].key, key) == 0)
			return e->number[i].value;
	return NAN;
}

static void
evidence_item(struct page *p, const struct ranked *x, bool weighed)
{
	double shown_p = number_of(x->item, "p");
	char lead[64];

	snprintf(lead, sizeof(lead), "%s", value_factor(x->weight).s);
	page_item(p, weighed ? lead : NULL, LEAD_WIDTH, "%s%s%s (%s)",
	    x->item->says, isnan(shown_p) ? "" : ", ",
	    isnan(shown_p) ? "" : value_p(shown_p).s, x->item->name);
	if (p->explain && x->item->query != NULL) {
		char *query = x_asprintf("%s;", x->item->query);

		page_query(p, query);
		free(query);
	}
}

/* Said for people to ask about: it weighs for no cause. */
static bool
is_remark(const struct evidence *e)
{
	size_t c;

	for (c = 0; c < CAUSE_COUNT; c++)
		if (e->weight[c] != 0)
			return false;
	return true;
}

static void
scope_items(struct page *p, const struct verdict *v, const char *endpoint,
    size_t episode, enum cause cause)
{
	struct ranked *ranked = x_calloc(v->evidence.n + 1, sizeof(*ranked));
	size_t n = rank_items(ranked, v, endpoint, episode, cause), i;

	for (i = 0; i < n; i++)
		if (p->explain || fabs(ranked[i].weight) >= WEIGHT_LEAST ||
		    is_remark(ranked[i].item))
			evidence_item(p, &ranked[i],
			    cause != CAUSE_COUNT && !is_remark(ranked[i].item));
	free(ranked);
}

/* Of the endpoints that the verdict does not rest on: what they came to. */
static void
other_endpoints(struct page *p, const struct verdict *v, const struct focus *f)
{
	const struct endpoint_verdict *e;
	size_t i;

	for (i = 0; i < v->n_endpoints; i++) {
		e = &v->endpoints[i];
		if (!e->troubled || e->endpoint->name == f->endpoint)
			continue;
		if (same_clues(&e->judgement.clues, &v->judgement.clues))
			page_item(
			    p, NULL, 0, "at %s the same", e->endpoint->name);
		else
			page_item(p, NULL, 0, "at %s: %s, %s",
			    e->endpoint->name, cause_name(e->judgement.cause),
			    strength_name(e->judgement.strength));
	}
}

/* Everything else that was found, with its queries. */
static void
explain_others(struct page *p, const struct report *r, const struct focus *f)
{
	const struct verdict *v = &r->verdict;
	const struct endpoint_verdict *e;
	const struct episode_verdict *ep;
	size_t i;

	for (i = 0; i < v->n_endpoints; i++) {
		e = &v->endpoints[i];
		if (e->judgement.n_ranked == 0 ||
		    (f->episode == 0 && e->endpoint->name == f->endpoint))
			continue;
		page_heading(p, "evidence at %s", e->endpoint->name);
		scope_items(p, v, e->endpoint->name, 0, f->cause);
	}
	for (i = 0; i < v->n_episodes; i++) {
		ep = &v->episodes[i];
		if (ep->episode.role != ROLE_NAT || f->episode == i + 1)
			continue;
		page_heading(p, "evidence at %s, in episode %zu",
		    r->d->endpoints[ep->episode.endpoint].name, i + 1);
		scope_items(p, v, r->d->endpoints[ep->episode.endpoint].name,
		    i + 1, f->cause);
	}
	page_heading(p, "queries");
	page_paragraph(p,
	    "They are for sqlite3 FILE; each database has the attempts of its "
	    "own host.");
}

void
section_evidence(struct page *p, const struct report *r)
{
	struct focus f = find_focus(&r->verdict, r->d);

	if (f.endpoint != NULL) {
		page_heading(p, "evidence at %s%s, for and against %s",
		    f.endpoint, f.episode > 0 ? ", in an episode" : "",
		    cause_name(f.cause));
		page_paragraph(p,
		    "xN: N times likelier under this cause than under the "
		    "others, /N: less likely.");
		scope_items(p, &r->verdict, f.endpoint, f.episode, f.cause);
		other_endpoints(p, &r->verdict, &f);
	}
	if (p->explain)
		explain_others(p, r, &f);
}
