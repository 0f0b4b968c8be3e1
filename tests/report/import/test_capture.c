#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/text.h"
#include "natdiff/xalloc.h"
#include "report/import/capfile.h"
#include "report/import/flows.h"

#define BEGUN_US INT64_C(1773147900000000)

enum {
	A = TCP_ACK,
	S = TCP_SYN,
	SA = TCP_SYN | TCP_ACK,
	R = TCP_RST,
	F = TCP_FIN | TCP_ACK
};

/* What the sink was given, a line a connection. */
static struct text rows, targets;

static int
on_flow(void *arg, const struct capture_flow_record *f, struct err *e)
{
	char from[ENDPOINT_ADDRESS_TEXT_SIZE], to[ENDPOINT_ADDRESS_TEXT_SIZE];

	(void)arg;
	(void)e;
	text_addf(&rows, "%s>%s", endpoint_address_text(&f->client, from),
	    endpoint_address_text(&f->destination, to));
	if (f->syn_retransmits > 0)
		text_addf(&rows, " again %d (%s)", (int)f->syn_retransmits,
		    f->syn_times);
	if (f->has_syn && f->syn_ack_us == NOT_MEASURED)
		text_addf(&rows, " unanswered");
	else if (f->syn_ack_us != NOT_MEASURED)
		text_addf(&rows, " answered %d", (int)f->syn_ack_us);
	if (f->client_resets + f->server_resets > 0)
		text_addf(&rows, " resets %d/%d", (int)f->client_resets,
		    (int)f->server_resets);
	if (f->challenge_us != NOT_MEASURED)
		text_addf(&rows, " challenged %d%s", (int)f->challenge_us,
		    f->challenge_reset ? " reset" : "");
	if (f->reuse != CAPTURE_REUSE_NONE)
		text_addf(&rows, " reuse %s %d", capture_reuse_name(f->reuse),
		    (int)f->reuse_us);
	if (f->ended != CAPTURE_OPEN)
		text_addf(&rows, " %s", capture_end_name(f->ended));
	text_addf(&rows, "\n");
	return 0;
}

static int
on_target(void *arg, const struct capture_target_record *t, struct err *e)
{
	char from[INET6_ADDRSTRLEN], to[ENDPOINT_ADDRESS_TEXT_SIZE];

	(void)arg;
	(void)e;
	text_addf(&targets, "%s>%s %d/%d again %d\n",
	    endpoint_address_ip(&t->client, from),
	    endpoint_address_text(&t->destination, to), (int)t->answered,
	    (int)t->connections, (int)t->syn_retransmits);
	return 0;
}

static struct flows *
begin(void)
{
	static const struct flows_sink sink = { NULL, on_flow, on_target };
	static const uint64_t seeds[2] = { 1, 2 };
	struct flows *f;
	struct err e;

	text_init(&rows, 1 << 20);
	text_init(&targets, 1 << 20);
	text_addf(&rows, "%s", "");
	text_addf(&targets, "%s", "");
	f = flows_new(&sink, seeds, &e);
	cr_assert_not_null(f, "%s", e.msg);
	return f;
}

/* A segment of 10.0.0.1:1000 and 10.0.0.2:443; to the latter, or back. */
struct segment {
	int64_t ms;
	bool back;
	unsigned flags;
	uint32_t seq, ack;
};

static void
add(struct flows *f, const struct segment *s)
{
	struct packet p = { .at_us = BEGUN_US + s->ms * 1000,
		.source = s->back ? 0x0a000002 : 0x0a000001,
		.destination = s->back ? 0x0a000001 : 0x0a000002,
		.source_port = s->back ? 443 : 1000,
		.destination_port = s->back ? 1000 : 443,
		.seq = s->seq,
		.ack = s->ack,
		.tcp_flags = (uint8_t)s->flags };
	struct err e;

	cr_assert_eq(flows_add(f, &p, 1, &e), 0);
}

static const struct story {
	const char *name;
	struct segment segment[12];
	const char *says; /* after the tuple; "": no row */
} stories[] = {
	{ "a connection that is well leaves no row",
	    { { 0, 0, S, 5, 0 }, { 9, 1, SA, 70, 6 }, { 10, 0, A, 6, 71 },
		{ 20, 0, F, 6, 71 }, { 30, 1, F, 71, 7 }, { 31, 0, A, 7, 72 } },
	    "" },
	{ "SYNs are sent again, then answered late",
	    { { 0, 0, S, 5, 0 }, { 1000, 0, S, 5, 0 }, { 3000, 0, S, 5, 0 },
		{ 3009, 1, SA, 70, 6 } },
	    " again 2 (1000000 3000000) answered 3009000" },
	{ "a SYN at two interfaces was sent once",
	    { { 0, 0, S, 5, 0 }, { 0, 0, S, 5, 0 }, { 9, 1, SA, 70, 6 } }, "" },
	{ "no answer at all", { { 0, 0, S, 5, 0 } }, " unanswered" },
	{ "a refusal", { { 0, 0, S, 5, 0 }, { 9, 1, R | A, 0, 6 } },
	    " unanswered resets 0/1 reset_by_server" },
	{ "an old connection answers, our RST ends it, the SYN comes again",
	    { { 0, 0, S, 5, 0 }, { 9, 1, A, 900, 800 }, { 10, 0, R, 800, 0 },
		{ 1000, 0, S, 5, 0 }, { 1009, 1, SA, 70, 6 } },
	    " again 1 (1000000) answered 1009000 resets 1/0 challenged 9000 "
	    "reset" },
	{ "a tuple used again while it is alive",
	    { { 0, 0, S, 5, 0 }, { 9, 1, SA, 70, 6 }, { 10, 0, A, 6, 71 },
		{ 500, 0, S, 77, 0 }, { 509, 1, SA, 8, 78 } },
	    " answered 9000 reuse alive 490000" },
	{ "a tuple used again within TIME_WAIT of the server",
	    { { 0, 0, S, 5, 0 }, { 9, 1, SA, 70, 6 }, { 10, 1, F, 71, 6 },
		{ 11, 0, F, 6, 72 }, { 20, 1, A, 72, 7 }, { 3020, 0, S, 77, 0 },
		{ 3029, 1, SA, 8, 78 } },
	    " answered 9000 reuse time_wait 3000000" },
	{ "a tuple used again after TIME_WAIT",
	    { { 0, 0, S, 5, 0 }, { 9, 1, SA, 70, 6 }, { 10, 1, F, 71, 6 },
		{ 20, 0, F, 6, 72 }, { 60020, 0, S, 77, 0 },
		{ 60029, 1, SA, 8, 78 } },
	    " answered 9000 reuse after 60000000" },
	{ "a tuple used again after a SYN that nobody answered",
	    { { 0, 0, S, 5, 0 }, { 9000, 0, S, 77, 0 },
		{ 9009, 1, SA, 8, 78 } },
	    " unanswered\n"
	    "10.0.0.1:1000>10.0.0.2:443 answered 9000 reuse unanswered "
	    "9000000" },
	{ "a reset within a connection",
	    { { 0, 0, S, 5, 0 }, { 9, 1, SA, 70, 6 }, { 50, 0, R, 6, 0 } },
	    " answered 9000 resets 1/0 reset_by_client" },
	{ "a reset after both have closed is nothing",
	    { { 0, 0, S, 5, 0 }, { 9, 1, SA, 70, 6 }, { 10, 0, F, 6, 71 },
		{ 20, 1, F, 71, 7 }, { 21, 0, R, 7, 0 } },
	    "" },
	{ "what began before the capture is told by its ports",
	    { { 0, 1, A, 5, 9 }, { 9, 1, R, 5, 0 } },
	    " resets 0/1 reset_by_server" },
	{ "a SYN-ACK of an older SYN is none of this one's",
	    { { 0, 0, S, 5, 0 }, { 9, 1, SA, 70, 99 } }, " unanswered" },
	{ "a SYN again after somebody else's is a use of its own",
	    { { 0, 0, S, 5, 0 }, { 1000, 0, S, 77, 0 }, { 1009, 1, SA, 8, 78 },
		{ 1010, 0, F, 78, 9 }, { 1020, 1, F, 9, 79 },
		{ 3020, 0, S, 5, 0 }, { 3029, 1, SA, 70, 6 } },
	    " unanswered\n"
	    "10.0.0.1:1000>10.0.0.2:443 answered 9000 reuse unanswered "
	    "1000000 closed_by_client\n"
	    "10.0.0.1:1000>10.0.0.2:443 answered 9000 reuse time_wait "
	    "2000000" },
	{ "a SYN-ACK to the SYN before the last answers neither",
	    { { 0, 0, S, 5, 0 }, { 9, 0, S, 77, 0 }, { 18, 1, SA, 70, 6 } },
	    " unanswered\n"
	    "10.0.0.1:1000>10.0.0.2:443 unanswered reuse unanswered 9000" },
	{ "a SYN behind its SYN-ACK is no second connection",
	    { { 1, 1, SA, 70, 6 }, { 0, 0, S, 5, 0 }, { 2, 0, A, 6, 71 } },
	    "" },
	{ "it takes the time of its SYN-ACK",
	    { { 9, 1, SA, 70, 6 }, { 0, 0, S, 5, 0 }, { 10, 1, R, 71, 0 } },
	    " answered 9000 resets 0/1 reset_by_server" },
	{ "a SYN of another number behind a SYN-ACK is a connection",
	    { { 1, 1, SA, 70, 6 }, { 2, 0, S, 77, 0 } },
	    " unanswered reuse alive 1000" },
	{ "a SYN that uses a tuple again stands behind its SYN-ACK",
	    { { 0, 0, S, 5, 0 }, { 9, 1, SA, 70, 6 }, { 10, 0, F, 6, 71 },
		{ 20, 1, F, 71, 7 }, { 3020, 1, SA, 8, 78 },
		{ 3020, 0, S, 77, 0 }, { 3030, 0, A, 78, 9 } },
	    " answered 0 reuse time_wait 3000000" },
};

Test(capture, connections_tell_what_stands_out)
{
	const struct story *s;
	struct flows *f;
	struct err e;
	char *expected;
	size_t i, k;

	for (i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		s = &stories[i];
		f = begin();
		for (k = 0; k < 12 && s->segment[k].flags != 0; k++)
			add(f, &s->segment[k]);
		cr_assert_eq(flows_end(f, &e), 0);
		expected = *s->says == '\0'
		    ? x_strdup("")
		    : x_asprintf("10.0.0.1:1000>10.0.0.2:443%s\n", s->says);
		cr_expect_str_eq(
		    rows.s, expected, "%s: got %s", s->name, rows.s);
		free(expected);
		flows_free(f);
		text_clear(&rows);
		text_clear(&targets);
	}
}

/* ---------------------------------------------------------------- files */

/* A SYN on each link layer, as its frame's bytes before IP. */
static const struct link_case {
	uint32_t link;
	size_t n;
	const char *before;
} link_cases[] = {
	{ LINK_ETHERNET, 14, "\1\1\1\1\1\1\2\2\2\2\2\2\x08" },
	{ LINK_ETHERNET, 18, "\1\1\1\1\1\1\2\2\2\2\2\2\x81\0\0\7\x08" },
	{ LINK_ETHERNET, 22,
	    "\1\1\1\1\1\1\2\2\2\2\2\2\x88\xa8\0\7\x81\0\0\x09\x08" },
	{ LINK_COOKED, 16, "\0\0\0\1\0\6\1\1\1\1\1\1\0\0\x08" },
	{ LINK_COOKED_2, 20, "\x08\0\0\0\0\0\0\1\0\1\0\6\1\1\1\1\1\1\0" },
	{ LINK_RAW, 0, "" },
	{ LINK_IPV4, 0, "" },
	{ LINK_NULL, 4, "\2\0\0" },
};

static const uint8_t ipv4_syn[] = { 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10,
	0, 0, 1, 10, 0, 0, 2, 3, 0xe8, 1, 0xbb, 0, 0, 0, 5, 0, 0, 0, 0, 0x50,
	2 };
static const uint8_t ipv6_syn[] = { 0x60, 0, 0, 0, 0, 28, 0, 64, 0xfd, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 2, 6, 0, 0, 0, 0, 0, 0, 0, 3, 0xe8, 1, 0xbb, 0, 0, 0, 5, 0,
	0, 0, 0, 0x50, 2 };

Test(capture, every_link_layer_is_read)
{
	const struct link_case *c;
	struct packet p;
	uint8_t frame[128];
	size_t i, n, cut;

	for (i = 0; i < sizeof(link_cases) / sizeof(link_cases[0]); i++) {
		c = &link_cases[i];
		memcpy(frame, c->before, c->n);
		memcpy(frame + c->n, ipv4_syn, sizeof(ipv4_syn));
		n = c->n + sizeof(ipv4_syn);
		cr_expect_eq(packet_read(&p, c->link, frame, n), PACKET_TCP,
		    "case %zu", i);
		cr_expect_eq(p.source, 0x0a000001);
		cr_expect_eq(p.destination_port, 443);
		cr_expect_eq(p.tcp_flags, TCP_SYN);
		cr_expect_eq(packet_read(&p, c->link, frame, n - 1),
		    PACKET_SHORT, "case %zu", i);
		for (cut = 0; cut < n - 1; cut++)
			cr_expect_neq(
			    packet_read(&p, c->link, frame, cut), PACKET_TCP);
	}
}

Test(capture, ipv6_is_read_behind_extension_headers)
{
	struct packet p;
	uint8_t later[sizeof(ipv6_syn)];

	cr_assert_eq(
	    packet_read(&p, LINK_RAW, ipv6_syn, sizeof(ipv6_syn)), PACKET_TCP);
	cr_expect(p.is_v6);
	cr_expect_eq(p.v6[15], 1);
	cr_expect_eq(p.source_port, 1000);
	/* A fragment that is not the first. */
	memcpy(later, ipv6_syn, sizeof(later));
	later[6] = 44;
	later[43] = 8;
	cr_expect_eq(
	    packet_read(&p, LINK_RAW, later, sizeof(later)), PACKET_OTHER);
}

/* Bytes of a file in the making. */
struct bytes {
	uint8_t s[4096];
	size_t n;
	bool swapped;
};

static void
put(struct bytes *b, const void *s, size_t n)
{
	memcpy(b->s + b->n, s, n);
	b->n += n;
}

static void
put_32(struct bytes *b, uint32_t v)
{
	if (b->swapped)
		v = __builtin_bswap32(v);
	put(b, &v, sizeof(v));
}

static void
put_16(struct bytes *b, uint16_t v)
{
	if (b->swapped)
		v = __builtin_bswap16(v);
	put(b, &v, sizeof(v));
}

/* One IPv4 and one IPv6 SYN, a second and a quarter apart. */
static void
put_pcap(struct bytes *b, uint32_t magic)
{
	uint32_t quarter = magic == 0xa1b2c3d4 ? 250000 : 250000000;

	put_32(b, magic);
	put_16(b, 2);
	put_16(b, 4);
	put_32(b, 0);
	put_32(b, 0);
	put_32(b, 65535);
	put_32(b, LINK_RAW);
	put_32(b, 1773147900);
	put_32(b, 0);
	put_32(b, sizeof(ipv4_syn));
	put_32(b, 40);
	put(b, ipv4_syn, sizeof(ipv4_syn));
	put_32(b, 1773147901);
	put_32(b, quarter);
	put_32(b, sizeof(ipv6_syn));
	put_32(b, 68);
	put(b, ipv6_syn, sizeof(ipv6_syn));
}

static void
put_block(struct bytes *b, uint32_t type, const struct bytes *body)
{
	size_t padded = (body->n + 3) / 4 * 4;

	put_32(b, type);
	put_32(b, (uint32_t)padded + 12);
	put(b, body->s, body->n);
	memset(b->s + b->n, 0, padded - body->n);
	b->n += padded - body->n;
	put_32(b, (uint32_t)padded + 12);
}

static void
put_ng_packet(struct bytes *b, uint32_t interface, uint64_t ticks,
    const uint8_t *s, size_t n)
{
	struct bytes body = { .swapped = b->swapped };

	put_32(&body, interface);
	put_32(&body, (uint32_t)(ticks >> 32));
	put_32(&body, (uint32_t)ticks);
	put_32(&body, (uint32_t)n);
	put_32(&body, (uint32_t)n);
	put(&body, s, n);
	put_block(b, 6, &body);
}

/* So, of two interfaces: microseconds, and nanoseconds 10 s behind. */
static void
put_ng(struct bytes *b)
{
	struct bytes body = { .swapped = b->swapped };

	put_32(&body, 0x1a2b3c4d);
	put_16(&body, 1);
	put_16(&body, 0);
	put_32(&body, UINT32_MAX);
	put_32(&body, UINT32_MAX);
	put_block(b, 0x0a0d0d0a, &body);
	body.n = 0;
	put_16(&body, LINK_RAW);
	put_16(&body, 0);
	put_32(&body, 64);
	put_block(b, 1, &body);
	put_16(&body, 9);
	put_16(&body, 1);
	put(&body, "\x09\0\0\0", 4);
	put_16(&body, 14);
	put_16(&body, 8);
	put_32(&body, b->swapped ? 0 : 10);
	put_32(&body, b->swapped ? 10 : 0);
	put_16(&body, 0);
	put_16(&body, 0);
	put_block(b, 1, &body);
	body.n = 0;
	put(&body, "names of hosts, perhaps", 24);
	put_block(b, 4, &body);
	put_ng_packet(
	    b, 0, UINT64_C(1773147900000000), ipv4_syn, sizeof(ipv4_syn));
	put_ng_packet(
	    b, 1, UINT64_C(1773147891250000000), ipv6_syn, sizeof(ipv6_syn));
	put_ng_packet(b, 7, 0, ipv6_syn, sizeof(ipv6_syn));
}

/* Read a file that comes in portions; times and kinds of what is in it. */
static char *
read_file(const struct bytes *b, size_t portion, struct capfile *c)
{
	struct packet packet[2];
	size_t came = 0, done = 0, got, n, i;
	struct text t;

	memset(c, 0, sizeof(*c));
	text_init(&t, 65536);
	text_addf(&t, "%s", "");
	while (came < b->n && !c->ended) {
		came = came + portion < b->n ? came + portion : b->n;
		do {
			n = 0;
			got = capfile_read(
			    c, b->s + done, came - done, packet, 2, &n);
			done += got;
			for (i = 0; i < n; i++)
				text_addf(&t, "%d %s|",
				    (int)(packet[i].at_us - BEGUN_US),
				    packet[i].is_v6 ? "v6" : "v4");
		} while (got > 0);
	}
	return t.s;
}

Test(capture, files_of_any_kind_and_byte_order_are_read_alike)
{
	static const size_t portions[] = { 1, 7, 64, 4096 };
	struct bytes b;
	struct capfile c;
	char *got;
	size_t i, kind;

	for (kind = 0; kind < 6; kind++) {
		memset(&b, 0, sizeof(b));
		b.swapped = kind % 2 != 0;
		if (kind < 4)
			put_pcap(&b, kind < 2 ? 0xa1b2c3d4 : 0xa1b23c4d);
		else
			put_ng(&b);
		cr_expect(capfile_knows(b.s, b.n));
		for (i = 0; i < 4; i++) {
			got = read_file(&b, portions[i], &c);
			cr_expect_str_eq(got, "0 v4|1250000 v6|",
			    "kind %zu in %zu: %s %s", kind, portions[i], got,
			    c.why);
			cr_expect_eq(c.packets, kind < 4 ? 2 : 3);
			cr_expect_eq(c.no_time, kind < 4 ? 0 : 1);
			free(got);
			capfile_clear(&c);
		}
	}
}

Test(capture, damage_ends_a_file_and_says_so)
{
	struct bytes b = { .n = 0 };
	struct capfile c;
	char *got;

	put_pcap(&b, 0xa1b2c3d4);
	memset(b.s + 24 + 16 + sizeof(ipv4_syn) + 8, 0xff, 4);
	got = read_file(&b, 4096, &c);
	cr_expect_str_eq(got, "0 v4|");
	cr_expect_str_eq(
	    c.why, "a packet of 4294967295 bytes, expected at most 262144");
	free(got);
	capfile_clear(&c);

	memset(&b, 0, sizeof(b));
	put_ng(&b);
	memset(b.s + 28 + 4, 0, 4);
	got = read_file(&b, 4096, &c);
	cr_expect_str_eq(got, "");
	cr_expect_str_eq(
	    c.why, "a block of 0 bytes, expected 12 or more in steps of 4");
	free(got);
	capfile_clear(&c);
}

Test(capture, a_full_table_says_what_it_left_out)
{
	struct packet p[FLOWS_BATCH];
	struct flows *f = begin();
	struct err e;
	size_t i, k, left = 1000;

	memset(p, 0, sizeof(p));
	for (i = 0; i < FLOWS_MAX + left; i += FLOWS_BATCH) {
		for (k = 0; k < FLOWS_BATCH; k++) {
			p[k].at_us = BEGUN_US;
			p[k].source = (uint32_t)(i + k);
			p[k].destination = 0xfffffff0;
			p[k].source_port = 1000;
			p[k].destination_port = 443;
			p[k].tcp_flags = TCP_ACK;
		}
		cr_assert_eq(flows_add(f, p, FLOWS_BATCH, &e), 0);
	}
	cr_assert_eq(flows_add(f, NULL, 0, &e), 0);
	cr_expect_eq(flows_totals(f)->flows, FLOWS_MAX);
	cr_expect_eq(
	    flows_totals(f)->packets_left_out, (int64_t)(i - FLOWS_MAX));
	/* What was silent for long makes room. */
	p[0].at_us = BEGUN_US + FLOWS_SILENT_US;
	p[0].source = 0xf0000000;
	cr_assert_eq(flows_add(f, p, 1, &e), 0);
	cr_assert_eq(flows_end(f, &e), 0);
	cr_expect_eq(flows_totals(f)->flows, FLOWS_MAX + 1);
	flows_free(f);
}

Test(capture, destinations_are_counted_by_client)
{
	static const struct segment segments[] = { { 0, 0, S, 5, 0 },
		{ 1000, 0, S, 5, 0 }, { 1009, 1, SA, 70, 6 },
		{ 2000, 0, S, 9, 0 } };
	struct flows *f = begin();
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(segments) / sizeof(segments[0]); i++)
		add(f, &segments[i]);
	cr_assert_eq(flows_end(f, &e), 0);
	cr_expect_str_eq(targets.s, "10.0.0.1>10.0.0.2:443 1/2 again 1\n");
	flows_free(f);
}
