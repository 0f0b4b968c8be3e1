/*
 * Request logs of a Google Cloud load balancer: no client port, and sampled
 * as its owner chose.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "report/import/fields.h"
#include "report/import/formats.h"

static bool
knows(const struct jtree *t, const struct jnode *o)
{
	return jtree_get(t, o, "httpRequest") != NULL &&
	    jtree_get(t, o, "timestamp") != NULL;
}

static enum piece_result
read_entry(struct parse *p, const struct jnode *o)
{
	const struct jtree *t = &p->json;
	const struct jnode *r = jtree_get(t, o, "httpRequest");
	const char *trace = jtree_string(t, o, "trace");
	const char *insert = jtree_string(t, o, "insertId");
	const char *at = jtree_string(t, o, "timestamp");
	const char *details =
	    jtree_string(t, jtree_get(t, o, "jsonPayload"), "statusDetails");
	const char *ip = jtree_string(t, r, "remoteIp");
	char identity[160], detail[FIELD_TEXT_SIZE];
	struct edge_entry_record en;

	edge_entry_record_init(&en);
	if (r == NULL)
		return parse_bad(p,
		    "no httpRequest, expected an entry of a "
		    "load balancer's log");
	if (!field_time(p->hints, at, &en.at_us))
		return parse_bad(p, "no good timestamp, expected RFC 3339");
	if (ip != NULL && !field_address(ip, &en.client))
		return parse_bad(p, "no good remoteIp");
	if (jtree_get(t, r, "status") != NULL &&
	    !field_number(jtree_text(t, r, "status"), 0, 999, &en.status))
		return parse_bad(p, "no good status");
	if (trace != NULL && strrchr(trace, '/') != NULL)
		trace = strrchr(trace, '/') + 1;
	en.has_attempt_id = field_attempt_id(trace, en.attempt_id);
	en.request_id = insert;
	if (insert != NULL) {
		snprintf(
		    identity, sizeof(identity), "gcp %.40s %.100s", at, insert);
		en.identity = identity;
	}
	if (details != NULL) {
		snprintf(detail, sizeof(detail), "%s", details);
		en.detail = detail;
	}
	return parse_edge_entry(p, &en);
}

const struct format format_gcp_lb = {
	.name = "gcp-lb",
	.does = "request logs of a Google Cloud load balancer",
	.is_edge = true,
	.knows_json = knows,
	.json = read_entry,
};
