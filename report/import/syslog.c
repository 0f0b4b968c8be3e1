/*
 * Syslog of boxes that translate: the messages by which they say that a port
 * or a place in a table was refused, each by what it is worth.  Other lines
 * are no trouble of a NAT and are skipped.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/import/fields.h"
#include "report/import/formats.h"

/*
 * A message by what stands in it.  Kinds: allocation_failed says that a port
 * was refused; host_limit_reached that one host has all it may have;
 * slots_exhausted ports or memory; translation_failed also a mistake in the
 * configuration; table_full the table; pool_threshold that it nearly is.
 */
static const struct message {
	const char *text;
	const char *also; /* NULL: nothing else is needed */
	const char *source;
	const char *kind; /* NULL: skipped */
} messages[] = {
	{ "-202010:", NULL, "asa", "allocation_failed" },
	{ "PAT pool exhausted", NULL, "asa", "allocation_failed" },
	{ "-202001:", NULL, "asa", "slots_exhausted" },
	{ "-305006:", NULL, "asa", "translation_failed" },
	{ "-305016:", NULL, "asa", "host_limit_reached" },
	{ "%NAT-6-ADDR_ALLOC_FAILURE", NULL, "ios-xe", "allocation_failed" },
	{ "%IPNAT-4-ADDR_ALLOC_FAILURE", NULL, "ios", "allocation_failed" },
	{ "NAT port is exhausted", NULL, "fortigate", "allocation_failed" },
	{ "0100020007", "exhausted", "fortigate", "allocation_failed" },
	{ "RT_SRC_NAT_SUBS_POOL_ALARM_RAISE", "current: 100%", "srx",
	    "host_limit_reached" },
	{ "RT_SRC_NAT_SUBS_POOL_ALARM_RAISE", NULL, "srx", "pool_threshold" },
	{ "RT_SRC_NAT_SUBS_POOL_ALARM_CLEAR", NULL, "srx",
	    "pool_threshold_cleared" },
	{ "RT_SRC_NAT_PBA_ALLOC", NULL, "srx", "port_block_given" },
	{ "JSERVICES_NAT_OUTOF_PORTS", NULL, "mx", "allocation_failed" },
	{ "NAT proxy port allocation", "failed", "pf", "allocation_failed" },
	{ "table full", "conntrack", "linux", "table_full" },
};

static const struct message *
find_message(const char *line)
{
	size_t i;

	for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (strstr(line, messages[i].text) != NULL &&
		    (messages[i].also == NULL ||
			strstr(line, messages[i].also) != NULL))
			return &messages[i];
	return NULL;
}

/* "<163>" in front is no part of what follows. */
static const char *
skip_priority(const char *s)
{
	size_t n;

	if (*s != '<')
		return s;
	n = strspn(s + 1, "0123456789");
	return n >= 1 && n <= 3 && s[n + 1] == '>' ? s + n + 2 : s;
}

static bool
knows(const char *line)
{
	static const struct import_hints none = { NULL, NOT_MEASURED, 0,
		INT64_C(1000000000000000), NULL };
	const char *s = skip_priority(line), *rest;
	int64_t at_us;

	return s != line || find_message(line) != NULL ||
	    field_syslog_time(&none, s, &at_us, &rest) ||
	    (strncmp(s, "date=", 5) == 0 && strstr(s, " time=") != NULL);
}

/* date=2026-03-10 time=12:00:09 ... tz="-0700": FortiGate's. */
static bool
pair_time(const struct parse *p, const char *s, int64_t *at_us)
{
	char date[16], clock[24], zone[16], all[64];

	if (!field_pair(s, "date", date, sizeof(date)) ||
	    !field_pair(s, "time", clock, sizeof(clock)))
		return false;
	if (!field_pair(s, "tz", zone, sizeof(zone)))
		zone[0] = '\0';
	snprintf(all, sizeof(all), "%sT%s%s", date, clock, zone);
	return field_time(p->hints, all, at_us);
}

/* RFC 5424's "1 2026-03-10T12:00:04.101Z host", or the time alone. */
static bool
iso_time(
    const struct parse *p, const char *s, int64_t *at_us, const char **rest)
{
	char text[48];
	size_t n;

	if (s[0] == '1' && s[1] == ' ')
		s += 2;
	n = strcspn(s, " ");
	if (n < 19 || n >= sizeof(text) || !isdigit((unsigned char)*s))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	*rest = s + n;
	return field_time(p->hints, text, at_us);
}

/* "asa asa1": the kind of box, and the name that it gives. */
static void
name_source(const struct message *m, const char *line, const char *rest,
    char *out, size_t size)
{
	char host[64] = "";
	size_t n;

	if (!field_pair(line, "devname", host, sizeof(host)) && rest != NULL) {
		rest += strspn(rest, " ");
		n = strcspn(rest, " :");
		if (n > 0 && n < sizeof(host) && *rest != '%') {
			memcpy(host, rest, n);
			host[n] = '\0';
		}
	}
	snprintf(
	    out, size, "%s%s%s", m->source, host[0] != '\0' ? " " : "", host);
}

/*
 * "inside:10.10.0.5/41064" or "10.10.0.5/41064" after a word, up to a blank;
 * the interface's name is not kept.
 */
static bool
address_after(const char *line, const char *word, struct endpoint_address *a)
{
	const char *s = strstr(line, word), *colon;
	char text[80];
	size_t n;

	if (s == NULL)
		return false;
	s += strlen(word);
	n = strcspn(s, " ,;");
	if (n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	while (n > 0 && text[n - 1] == '.')
		text[--n] = '\0';
	if (field_address(text, a))
		return true;
	colon = strchr(text, ':');
	return colon != NULL && field_address(colon + 1, a);
}

static void
pair_address(const char *line, const char *ip_key, const char *port_key,
    struct endpoint_address *a)
{
	char ip[INET6_ADDRSTRLEN], port[8] = "";

	if (!field_pair(line, ip_key, ip, sizeof(ip)))
		return;
	if (port_key != NULL)
		field_pair(line, port_key, port, sizeof(port));
	if (!field_address_port(ip, port, a))
		a->family = 0;
}

/* Who wanted what, as far as the message tells. */
static void
read_addresses(const char *line, struct gateway_event_record *ev)
{
	struct endpoint_address a;
	char text[16];
	const char *from = strstr(line, "connection from ");

	if (from != NULL &&
	    address_after(from, "connection from ", &ev->inside)) {
		if (address_after(from, " to ", &a))
			ev->destination = a;
	} else if (address_after(line, " src ", &ev->inside)) {
		if (address_after(line, " dst ", &a))
			ev->destination = a;
	} else if (address_after(line, "Subscriber ip: ", &a) ||
	    address_after(line, "failed for ", &a)) {
		ev->inside = a;
	} else {
		pair_address(line, "srcip", "srcport", &ev->inside);
		pair_address(line, "dstip", "dstport", &ev->destination);
		pair_address(line, "nat", NULL, &ev->outside);
		if (ev->inside.family == 0)
			pair_address(line, "internal-ip", NULL, &ev->inside);
	}
	if (address_after(line, "' IP ", &a))
		ev->outside = a;
	if (strstr(line, "TCP connection") != NULL ||
	    strstr(line, " for tcp ") != NULL)
		ev->protocol = 6;
	else if (strstr(line, "UDP connection") != NULL ||
	    strstr(line, " for udp ") != NULL)
		ev->protocol = 17;
	else if (field_pair(line, "proto", text, sizeof(text)))
		ev->protocol = field_protocol(text);
}

/* A block of ports that is a host's last one. */
static bool
is_last_block(const char *line)
{
	char used[16], most[16];

	return field_pair(line, "block-used", used, sizeof(used)) &&
	    field_pair(line, "block-max-per-host", most, sizeof(most)) &&
	    strcmp(used, most) == 0 && strcmp(most, "0") != 0;
}

static enum piece_result
read_line(struct parse *p, char *line)
{
	const struct message *m = find_message(line);
	char identity[LINE_IDENTITY_SIZE], box[80], detail[FIELD_TEXT_SIZE];
	const char *s = skip_priority(line), *rest = NULL;
	struct gateway_event_record ev;

	if (m == NULL)
		return PIECE_SKIPPED;
	gateway_event_record_init(&ev);
	if (!pair_time(p, s, &ev.from_at_us) &&
	    !field_syslog_time(p->hints, s, &ev.from_at_us, &rest) &&
	    !iso_time(p, s, &ev.from_at_us, &rest))
		return parse_bad(p,
		    "no time in front, expected \"Mar 10 "
		    "12:00:06\" or 2026-03-10T12:00:06Z");
	ev.to_at_us = ev.from_at_us;
	ev.kind = m->kind;
	if (strcmp(m->kind, "port_block_given") == 0 && is_last_block(line))
		ev.kind = "host_limit_reached";
	name_source(m, line, rest, box, sizeof(box));
	ev.source = box;
	read_addresses(line, &ev);
	field_line_identity(p, line, identity);
	ev.identity = identity;
	snprintf(detail, sizeof(detail), "%s", strstr(line, m->text));
	ev.detail = detail;
	return parse_gateway_event(p, &ev);
}

const struct format format_syslog = {
	.name = "syslog",
	.does = "ASA, IOS, FortiGate, SRX, pf and Linux kernel messages",
	.knows_line = knows,
	.line = read_line,
};
