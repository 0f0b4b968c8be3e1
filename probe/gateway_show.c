#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "natdiff/json_values.h"
#include "natdiff/record.h"
#include "natdiff/text.h"
#include "natdiff/walltime.h"
#include "probe/conntrack_log.h"
#include "probe/gateway_show.h"
#include "probe/progress.h"

void
gateway_seen_add(struct gateway_seen *seen, const struct conntrack_sample *s,
    const struct gateway_table *t)
{
	int i;

	if (seen->samples++ == 0)
		seen->from_us = s->from_us;
	seen->to_us = s->to_us;
	for (i = 0; i < CONNTRACK_COUNTERS; i++)
		if (s->increase[i] != NOT_MEASURED)
			seen->increase[i] += s->increase[i];
	if (s->entries > seen->most_entries)
		seen->most_entries = s->entries;
	if (t == NULL || t->ranked == 0)
		return;
	seen->last = t->ports->uses[0];
	if (seen->last.ports > seen->busiest.ports)
		seen->busiest = seen->last;
}

static const char *
protocol_name(const struct conntrack_use *use)
{
	return use->protocol == IPPROTO_TCP ? "tcp" : "udp";
}

/* ------------------------------------------------------------------ JSON */

static json_t *
json_time(int64_t at_us)
{
	char text[WALLTIME_TEXT_SIZE];

	return json_string(walltime_format(at_us, 6, text));
}

static json_t *
json_ports(const struct gateway_table *t)
{
	char outside[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];
	json_t *list = json_array();
	const struct conntrack_use *use;
	size_t i;

	for (i = 0; i < t->ranked; i++) {
		use = &t->ports->uses[i];
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:s, s:i, s:I, s:I}", "protocol",
			protocol_name(use), "outside",
			endpoint_address_ip(&use->outside, outside),
			"destination",
			endpoint_address_ip(&use->destination, destination),
			"port", (int)use->destination.port,
			CONNTRACK_PORTS_KIND, (json_int_t)use->ports,
			CONNTRACK_CLOSED_KIND, (json_int_t)use->closed));
	}
	return json_pack("{s:I, s:o}", CONNTRACK_TRANSLATED_KIND,
	    (json_int_t)t->ports->translated, "destinations", list);
}

void
gateway_show_json(const struct conntrack_sample *s,
    const struct gateway_table *t, const char *source)
{
	json_t *o = json_object(), *increase = json_object();
	char *text;
	int i;

	json_object_set_new(o, "from", json_time(s->from_us));
	json_object_set_new(o, "to", json_time(s->to_us));
	json_object_set_new(o, "source", json_string(source));
	for (i = 0; i < CONNTRACK_COUNTERS; i++)
		json_object_set_new(increase,
		    conntrack_counter_name((enum conntrack_counter)i),
		    json_measured(s->increase[i]));
	json_object_set_new(o, "increase", increase);
	json_object_set_new(
	    o, CONNTRACK_ENTRIES_KIND, json_measured(s->entries));
	json_object_set_new(
	    o, CONNTRACK_MAX_KIND, json_measured(s->entries_max));
	json_object_set_new(
	    o, "ports", t == NULL ? json_null() : json_ports(t));
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	puts(text);
	free(text);
}

/* ------------------------------------------------------------------ text */

/* "812 ports to 198.51.100.1:443 tcp", with brackets where it is IPv6. */
static void
add_use(struct text *t, const struct conntrack_use *use)
{
	char ip[INET6_ADDRSTRLEN];
	bool six = use->destination.family == AF_INET6;

	text_addf(t, "%" PRId64 " ports to %s%s%s:%u %s", use->ports,
	    six ? "[" : "", endpoint_address_ip(&use->destination, ip),
	    six ? "]" : "", use->destination.port, protocol_name(use));
}

void
gateway_show_line(
    const struct conntrack_sample *s, const struct gateway_seen *seen)
{
	char at[WALLTIME_TEXT_SIZE];
	struct text t;

	text_init(&t, 1024);
	text_addf(&t,
	    "%s  insert_failed %" PRId64 "  drop %" PRId64 "  entries %" PRId64,
	    walltime_format(s->to_us, 0, at),
	    seen->increase[CONNTRACK_INSERT_FAILED],
	    seen->increase[CONNTRACK_DROP],
	    s->entries == NOT_MEASURED ? 0 : s->entries);
	if (s->entries_max != NOT_MEASURED)
		text_addf(&t, " of %" PRId64, s->entries_max);
	if (seen->last.ports > 0) {
		text_addf(&t, "  ");
		add_use(&t, &seen->last);
	}
	progress_draw_text(stderr, t.s);
	text_clear(&t);
}

void
gateway_show_summary(const struct gateway_seen *seen)
{
	int64_t us = seen->to_us - seen->from_us;
	char lasted[WALLTIME_TEXT_SIZE];
	struct text t;

	/* Whole seconds, but for a run that had none. */
	duration_format(
	    us < 1000000 ? us / 1000 * 1000 : (us + 500000) / 1000000 * 1000000,
	    lasted);
	text_init(&t, 1024);
	text_addf(&t,
	    "%" PRId64 " samples in %s: insert_failed %" PRId64
	    ", drop %" PRId64 ", early_drop %" PRId64
	    ", entries at most %" PRId64,
	    seen->samples, lasted, seen->increase[CONNTRACK_INSERT_FAILED],
	    seen->increase[CONNTRACK_DROP],
	    seen->increase[CONNTRACK_EARLY_DROP], seen->most_entries);
	if (seen->busiest.ports > 0) {
		text_addf(&t, ", at most ");
		add_use(&t, &seen->busiest);
	}
	puts(t.s);
	text_clear(&t);
}
