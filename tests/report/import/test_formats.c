/*
 * One piece of each format, good and bad, as a line of text.
 */
#include "config.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/text.h"
#include "report/import/format.h"

static struct text out;

static void
add_address(const struct endpoint_address *a)
{
	char ip[INET6_ADDRSTRLEN];

	if (a->family == 0)
		text_addf(&out, " -");
	else
		text_addf(&out, " %s:%d", endpoint_address_ip(a, ip), a->port);
}

static int
on_event(void *arg, const struct gateway_event_record *ev, struct err *e)
{
	(void)arg;
	(void)e;
	text_addf(&out, "%s %s %" PRId64 "+%" PRId64, ev->source, ev->kind,
	    ev->from_at_us / 1000000,
	    (ev->to_at_us - ev->from_at_us) / 1000000);
	if (ev->value != NOT_MEASURED)
		text_addf(&out, " =%" PRId64, ev->value);
	if (ev->protocol != NOT_MEASURED)
		text_addf(&out, " p%" PRId64, ev->protocol);
	add_address(&ev->inside);
	add_address(&ev->outside);
	add_address(&ev->destination);
	text_addf(&out, "|");
	return 1;
}

static int
on_edge(void *arg, const struct edge_entry_record *en, struct err *e)
{
	(void)arg;
	(void)e;
	text_addf(&out, "edge %" PRId64 " %d %s", en->at_us / 1000000,
	    (int)en->status, en->has_attempt_id ? "id" : "-");
	add_address(&en->client);
	text_addf(&out, "|");
	return 1;
}

static int
on_failure(void *arg, const struct app_failure_record *f, struct err *e)
{
	(void)arg;
	(void)e;
	text_addf(&out, "app %" PRId64, f->at_us / 1000000);
	add_address(&f->source);
	add_address(&f->destination);
	text_addf(&out, " %s|", f->error != NULL ? f->error : "-");
	return 1;
}

static const struct {
	const char *kind;
	const char *lines;
	const char *result; /* what is said of a bad one in brackets */
} cases[] = {
	{ "gcp-nat",
	    "{\"timestamp\":\"2026-03-10T12:00:05Z\",\"jsonPayload\":{"
	    "\"allocationStatus\":\"DROPPED\",\"connection\":{\"srcIp\":"
	    "\"10.0.0.5\",\"srcPort\":41064,\"destIp\":\"203.0.113.10\","
	    "\"destPort\":443,\"protocol\":\"tcp\"},\"gatewayIdentifiers\":{"
	    "\"cloud_router\":\"r1\"}}}",
	    "r1 allocation_failed 1773144005+0 p6 10.0.0.5:41064 - "
	    "203.0.113.10:443|" },
	{ "gcp-nat", "{\"jsonPayload\":{\"message\":\"other\"}}", "" },
	{ "gcp-nat", "{\"a\":1}",
	    "[no allocation_status, expected an entry of a Cloud NAT log]" },
	{ "gcp-nat", "[1,2]", "[expected a JSON object]" },
	{ "gcp-metrics",
	    "{\"metric\":{\"type\":\"router.googleapis.com/nat/"
	    "nat_allocation_failed\"},\"resource\":{\"labels\":{"
	    "\"gateway_name\":\"g\"}},\"points\":[{\"interval\":{\"endTime\":"
	    "\"2026-03-10T12:01:00Z\"},\"value\":{\"boolValue\":true}}]}",
	    "g address_allocation_failed 1773144060+0 =1 - - -|" },
	{ "aws-metrics",
	    "{\"Label\":\"nat-0a1 ErrorPortAllocation\",\"Timestamps\":["
	    "\"2026-03-10T12:05:00Z\",\"2026-03-10T12:00:00Z\"],\"Values\":["
	    "3,4.0]}",
	    "nat-0a1 ports_refused 1773144300+300 =3 - - -|"
	    "nat-0a1 ports_refused 1773144000+300 =4 - - -|" },
	{ "aws-metrics",
	    "{\"Label\":\"ErrorPortAllocation\",\"Timestamps\":["
	    "\"2026-03-10T12:05:00Z\"],\"Values\":[]}",
	    "[fewer Values than Timestamps]" },
	{ "aws-flow", "2 1 eni-1 10.0.0.1 203.0.113.1 4 443 6 1",
	    "[9 columns, expected the header's 14]" },
	{ "aws-flow",
	    "srcaddr dstaddr action start end protocol log-status\n"
	    "10.0.0.1 203.0.113.1 REJECT 1773144005 1773144010 6 OK",
	    "vpc flow log flow_rejected 1773144005+5 p6 10.0.0.1:0 - "
	    "203.0.113.1:0|" },
	{ "conntrack",
	    "[1773144005.5]\t    [NEW] tcp      6 120 SYN_SENT src=10.0.0.2 "
	    "dst=198.51.100.2 sport=41000 dport=8080 [UNREPLIED] "
	    "src=198.51.100.2 dst=198.51.100.1 sport=8080 dport=20005 id=1",
	    "conntrack connection_new 1773144005+0 p6 10.0.0.2:41000 "
	    "198.51.100.1:20005 198.51.100.2:8080|" },
	{ "syslog",
	    "<190>Mar 10 12:00:08.562: %IOSXE-6-PLATFORM: R0/0: cpp_cp: "
	    "%NAT-6-ADDR_ALLOC_FAILURE: Address allocation failed",
	    "ios-xe allocation_failed 1773144008+0 - - -|" },
	{ "syslog",
	    "<186>date=2026-03-10 time=14:00:09 tz=\"+0200\" devname=\"F\" "
	    "logid=\"0100020007\" srcip=\"10.0.0.5\" srcport=4 "
	    "dstip=203.0.113.10 dstport=443 proto=6 "
	    "msg=\"NAT port is exhausted.\"",
	    "fortigate F allocation_failed 1773144009+0 p6 10.0.0.5:4 - "
	    "203.0.113.10:443|" },
	{ "syslog", "NAT port is exhausted",
	    "[no time in front, expected \"Mar 10 12:00:06\" or "
	    "2026-03-10T12:00:06Z]" },
	{ "nginx", "x - - [1/Mar", "[no address in front]" },
	{ "envoy", "[2026-03-10T12:00:05Z] \"GET",
	    "[expected Envoy's default format]" },
	{ "edge", "{\"time\":\"2026-03-10T12:00:05Z\",\"status\":\"abc\"}",
	    "[abc: no status]" },
	{ "edge",
	    "Time,Remote_Addr,Port,Status\n1773144005,198.51.100.1,1024,403",
	    "edge 1773144005 403 - 198.51.100.1:1024|" },
	{ "app", "time,error\n1773144005,\"a,b\"", "app 1773144005 - - a,b|" },
	{ "app", "when,error\n1773144005,x",
	    "[no time, expected a column \"time\" (or name it with --columns "
	    "time=NAME)]" },
	{ "settings",
	    "{\"name\":\"out\",\"allocatedOutboundPorts\":1024,"
	    "\"idleTimeoutInMinutes\":4}",
	    "out settings 1773147900+0 - - -|" },
	{ "settings", "{}",
	    "[expected the JSON of gcloud compute routers nats describe, az "
	    "network nat gateway show or aws ec2 describe-nat-gateways]" },
};

Test(formats, read_good_pieces_and_say_what_is_wrong_with_bad_ones)
{
	static const struct record_sink sink = { NULL, on_event, on_edge,
		on_failure };
	static const struct import_hints hints = { .at_us = NOT_MEASURED,
		.written_us = INT64_C(1773147900000000) };
	struct piece piece;
	struct parse p;
	char *copy, *line, *save;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_init(&out, 10000);
		text_addf(&out, "%s", "");
		cr_assert_not_null(format_find(cases[i].kind));
		parse_init(&p, format_find(cases[i].kind), &hints, &sink);
		copy = strdup(cases[i].lines);
		for (line = strtok_r(copy, "\n", &save); line != NULL;
		     line = strtok_r(NULL, "\n", &save)) {
			piece.s = line;
			piece.size = strlen(line);
			piece.line = 1;
			if (parse_piece(&p, &piece) == PIECE_BAD)
				text_addf(&out, "[%s]", p.why);
		}
		cr_expect_str_eq(
		    out.s, cases[i].result, "%s: %s", cases[i].lines, out.s);
		parse_clear(&p);
		text_clear(&out);
		free(copy);
	}
}

Test(formats, equal_lines_of_a_file_are_told_apart)
{
	static const struct record_sink sink = { NULL, on_event, on_edge,
		on_failure };
	static const struct import_hints hints = { .at_us = NOT_MEASURED };
	char first[] = "2026-03-10T12:00:00Z gw1 kernel: nf_conntrack: table "
		       "full, dropping packet",
	     second[sizeof(first)];
	struct piece piece = { first, sizeof(first) - 1, 1 };
	struct parse p;

	text_init(&out, 10000);
	memcpy(second, first, sizeof(first));
	parse_init(&p, format_find("syslog"), &hints, &sink);
	cr_expect_eq(parse_piece(&p, &piece), PIECE_READ);
	piece.s = second;
	cr_expect_eq(parse_piece(&p, &piece), PIECE_READ);
	cr_expect_eq(p.rows, 2);
	parse_clear(&p);
	text_clear(&out);
}
