/*
 * Rules over what was imported: lines of the gateway about single attempts,
 * the far end's own log, the application's failures, settings.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/finding.h"
#include "report/evidence/verdict.h"

/* Of the successes that a log should have: it is as good as complete. */
#define EDGE_COMPLETE 0.95
/* Fewer say nothing of what it lacks. */
#define EDGE_PARTLY 0.5
#define EDGE_LEAST  10
/* Of the failures: as good as none of them, and most of them. */
#define EDGE_NONE 0.05
#define EDGE_MOST 0.5

static bool
has_trouble(const struct attempts *a, size_t i)
{
	return outcome_kind(a, i) != KIND_NONE || attempt_resent(a, i);
}

/* NAT sides in trouble, and how many of them a line of that bit is about. */
static void
count_lines(
    const struct finding *n, uint8_t bit, size_t *joined, size_t *trouble)
{
	const struct attempts *a = &n->scene->endpoint->attempts;
	struct pairs pairs = finding_pairs(n);
	uint32_t nat;
	size_t i;

	*joined = *trouble = 0;
	for (i = 0; i < pairs.n; i++) {
		nat = pair_at(&pairs, i).nat;
		if (!finding_asks(n, nat) || !has_trouble(a, nat))
			continue;
		++*trouble;
		*joined += (attempt_seen(a, nat) & bit) != 0;
	}
}

static void
join_rule(struct finding *n, enum clue clue, uint8_t bit, const char *kind,
    const char *what)
{
	size_t joined, trouble;
	struct evidence *item;
	char *select;

	if (!imports_any(&n->scene->d->imports))
		return;
	count_lines(n, bit, &joined, &trouble);
	/* What a sampled log lacks proves nothing. */
	if (joined < KIND_LEAST)
		return;
	item = finding_set(n, clue, STATE_YES, NULL,
	    "%zu of the NAT path's %zu attempts in trouble have a line of "
	    "their own, with their addresses, ports and seconds: %s%s",
	    joined, trouble, what,
	    joined < trouble ? "; that the others have none proves nothing, "
			       "as logs may be sampled"
			     : "");
	select = x_asprintf("SELECT source, inside_address, inside_port, "
			    "destination_address, destination_port FROM "
			    "gateway_event WHERE kind = '%s' AND",
	    kind);
	finding_with_query(item, finding_times_query(n, select, "from_at"));
	free(select);
	finding_number(item, "joined", (double)joined);
	finding_number(item, "trouble", (double)trouble);
}

void
rule_lines(struct finding *n)
{
	join_rule(n, CLUE_NAT_LOG_JOINED, SEEN_REFUSED, "allocation_failed",
	    "the gateway refused them a port");
	join_rule(n, CLUE_FLOW_REJECTED, SEEN_REJECTED, "flow_rejected",
	    "a rule of the network rejected them");
}

/* ------------------------------------------------------------------ edge */

struct edge_counts {
	size_t ok, ok_found;
	size_t failed, failed_found; /* of the NAT path */
};

static void
count_edge(const struct finding *n, size_t i, bool nat, struct edge_counts *c)
{
	const struct scene *sc = n->scene;
	const struct attempts *a = &sc->endpoint->attempts;
	const struct imports *im = &sc->d->imports;
	bool found = (attempt_seen(a, i) & (SEEN_EDGE | SEEN_ADDRESS)) != 0;
	int64_t at = attempt_started_us(sc->d, a, i);

	if (at < im->edge_from_us - JOIN_SLACK_US ||
	    at > im->edge_to_us + JOIN_SLACK_US)
		return;
	if (!attempt_failed(a, i)) {
		c->ok++;
		c->ok_found += found;
	} else if (nat && outcome_of(a, i, OUTCOME_FAILED) == 1) {
		c->failed++;
		c->failed_found += found;
	}
}

/*
 * A log is worth what it has of the successes: all of them and no failure
 * says that the failures never came.
 */
void
rule_edge(struct finding *n)
{
	struct edge_counts c = { 0, 0, 0, 0 };
	struct pairs pairs;
	enum clue clue = CLUE_EDGE_LOG_LACKS;
	enum state state = STATE_UNKNOWN;
	struct evidence *item;
	double complete, lost;
	size_t i;

	if (n->scene->d->imports.n_edge == 0)
		return;
	pairs = finding_pairs(n);
	for (i = 0; i < pairs.n; i++) {
		if (!finding_asks(n, pair_at(&pairs, i).nat))
			continue;
		count_edge(n, pair_at(&pairs, i).nat, true, &c);
		count_edge(n, pair_at(&pairs, i).direct, false, &c);
	}
	if (c.ok < EDGE_LEAST || c.failed < KIND_LEAST)
		return;
	complete = finding_rate(c.ok_found, c.ok);
	lost = finding_rate(c.failed_found, c.failed);
	if (complete < EDGE_PARTLY)
		return;
	if (lost <= EDGE_NONE)
		state = STATE_YES;
	else if (lost >= EDGE_MOST)
		state = STATE_NO;
	if (complete < EDGE_COMPLETE && state == STATE_YES)
		clue = CLUE_EDGE_LOG_PARTLY;
	item = finding_with_query(
	    finding_set(n, clue, state, NULL,
		"the far end's own log has %zu of %zu attempts that succeeded "
		"and %zu of the NAT path's %zu that failed",
		c.ok_found, c.ok, c.failed_found, c.failed),
	    finding_times_query(n,
		"SELECT lower(hex(attempt_id)), client_address, client_port, "
		"status FROM edge_entry WHERE",
		"at"));
	finding_number(item, "ok", (double)c.ok);
	finding_number(item, "ok_in_log", (double)c.ok_found);
	finding_number(item, "failed", (double)c.failed);
	finding_number(item, "failed_in_log", (double)c.failed_found);
}

/* --------------------------------------------------- provider's metrics */

/* An item that weighs nothing: it is for people to ask about. */
static struct evidence *
tell(struct finding *n, const char *name, char *says)
{
	struct evidence *item;

	if (n->list == NULL) {
		free(says);
		return NULL;
	}
	item = finding_item(n, name, STATE_YES, NULL);
	item->says = says;
	item->query = finding_times_query(n,
	    "SELECT source, kind, from_at, value FROM gateway_event WHERE",
	    "from_at");
	return item;
}

/* The provider's metric and the attempts cannot both be right. */
void
rule_disagreement(struct finding *n)
{
	const struct contrast *c = &n->f->contrast[OUTCOME_SILENT];
	const struct surroundings *s = n->around;
	struct evidence *item = NULL;

	if (!s->metric_covered)
		return;
	if (s->metric_refused == 0 && c->nat_only >= 10 * KIND_LEAST &&
	    c->direct_only * 10 <= c->nat_only)
		item = tell(n, "metric_disagrees",
		    x_asprintf(
			"the provider's metric counts no refused port in these "
			"minutes, in which %zu attempts on the NAT path alone "
			"got no answer to a SYN: ask the provider what it "
			"leaves out",
			c->nat_only));
	else if (s->metric_refused >= KIND_LEAST && c->pairs >= ABSENCE_PAIRS &&
	    c->nat == 0)
		item = tell(n, "metric_disagrees",
		    x_asprintf(
			"the provider's metric counts %" PRId64 " refused "
			"ports in these minutes, in which all %zu attempts on "
			"the NAT path were answered: others behind it, or "
			"other destinations",
			s->metric_refused, c->pairs));
	if (item == NULL)
		return;
	finding_number(item, "refused", (double)s->metric_refused);
	finding_number(item, "silent", (double)c->nat_only);
}

/* Ports used against those given; counted where nothing counts refusals. */
void
rule_ports_full(struct finding *n)
{
	const struct surroundings *s = n->around;

	if (!s->ports_full_known ||
	    n->clues->state[CLUE_GATEWAY_REFUSES] == STATE_YES ||
	    n->clues->state[CLUE_NAT_LOG_JOINED] == STATE_YES)
		return;
	finding_number(
	    finding_with_query(
		finding_set(n, CLUE_GATEWAY_PORTS_FULL,
		    s->ports_full_share >= FULL_SHARE ? STATE_YES
						      : STATE_UNKNOWN,
		    NULL,
		    "up to %.0f %% of the ports that the gateway gives were "
		    "in use, by the provider's metric",
		    100 * s->ports_full_share),
		finding_times_query(n,
		    "SELECT source, kind, from_at, value FROM gateway_event "
		    "WHERE kind IN ('ports_used', 'ports_allocated', "
		    "'port_use_percent') AND",
		    "from_at")),
	    "share", s->ports_full_share);
}

/* ----------------------------------------------------------- application */

/* Whether a moment is in an episode of the NAT path. */
static bool
in_episode(const struct verdict *v, int64_t at_us, int64_t interval_us)
{
	const struct episode *e;
	size_t i;

	for (i = 0; i < v->n_episodes; i++) {
		e = &v->episodes[i].episode;
		if (e->role == ROLE_NAT &&
		    at_us >= e->from_slot * interval_us - JOIN_SLACK_US &&
		    at_us < e->to_slot * interval_us + JOIN_SLACK_US)
			return true;
	}
	return false;
}

/* An item of no episode, that people read in the first place; says is taken. */
static struct evidence *
add_remark(struct verdict *v, const char *name, char *says, const char *query)
{
	struct evidence *item;

	v->evidence.item = x_grow(v->evidence.item, v->evidence.n,
	    &v->evidence.capacity, sizeof(*v->evidence.item));
	item = &v->evidence.item[v->evidence.n++];
	memset(item, 0, sizeof(*item));
	item->name = name;
	item->endpoint = v->endpoints[0].endpoint->name;
	item->state = STATE_YES;
	item->says = says;
	item->query = x_strdup(query);
	v->where = x_reallocarray(v->where, v->n_where + 1, sizeof(*v->where));
	v->where[v->n_where++] = x_strdup(says);
	return item;
}

/* The application's failures in the window, and those in episodes. */
void
evidence_application(
    struct verdict *v, const struct dataset *d, int64_t interval_us)
{
	const struct imports *im = &d->imports;
	size_t n = 0, inside = 0, refused = imports_app_refused(im), i;
	struct evidence *item;
	char *says;

	for (i = 0; i < im->n_app; i++) {
		if (im->app[i].at_us < d->first_us - JOIN_SLACK_US ||
		    im->app[i].at_us > d->last_us + interval_us)
			continue;
		n++;
		inside += in_episode(v, im->app[i].at_us, interval_us);
	}
	if (n == 0 || v->n_endpoints == 0)
		return;
	says = refused > 0
	    ? x_asprintf(
		  "the probe saw the same: %zu of the application's %zu "
		  "failures fall into its episodes, and %zu have their own "
		  "line of a refused port",
		  inside, n, refused)
	    : x_asprintf(inside > 0
		      ? "the probe saw the same: %zu of the application's %zu "
			"failures fall into its episodes"
		      : "the probe saw other trouble or none: %zu of the "
			"application's %zu failures fall into its episodes",
		  inside, n);
	item = add_remark(v, "application_failures", says,
	    "SELECT at, source_address, source_port, destination_address, "
	    "destination_port, error FROM app_failure ORDER BY at");
	finding_number(item, "failures", (double)n);
	finding_number(item, "in_episodes", (double)inside);
	finding_number(item, "refused_lines", (double)refused);
}

/* -------------------------------------------------------------- settings */

/*
 * The ports that the provider says a host has, against the most connections
 * that one of ours had to one destination.  Those that are closed already and
 * still keep their port come on top: size counts them.
 */
void
evidence_settings(struct verdict *v, const struct dataset *d)
{
	int64_t ports = d->gateway.ports_per_host, most = 0;
	const struct host_sample *h;
	struct evidence *item;
	size_t i;

	for (i = 0; i < d->n_samples; i++) {
		h = &d->samples[i];
		if (series_role(d, h->series) == ROLE_NAT && h->busiest > most)
			most = h->busiest;
	}
	if (!d->gateway_described || ports == NOT_MEASURED || ports == 0 ||
	    most == 0 || v->n_endpoints == 0)
		return;
	item = add_remark(v, "gateway_settings",
	    x_asprintf((double)most >= FULL_SHARE * (double)ports
		    ? "by its settings the gateway gives a host %" PRId64
		      " ports to one destination, and a host had %" PRId64
		      " connections to one: too few (natdiff-report size)"
		    : "by its settings the gateway gives a host %" PRId64
		      " ports to one destination, and the busiest host had "
		      "%" PRId64 " connections to one",
		ports, most),
	    "SELECT detail FROM gateway_event WHERE kind = 'settings' ORDER BY "
	    "from_at");
	finding_number(item, "ports_per_host", (double)ports);
	finding_number(item, "connections", (double)most);
}
