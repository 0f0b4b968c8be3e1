/*
 * What a witness answers.  The observed address comes first in the body and
 * in a header of its own, for those who look for an address in either.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "natdiff/walltime.h"
#include "probe/witness_conn.h"
#include "probe/wsupgrade.h"

static const char *
reason(int status)
{
	switch (status) {
	case 101:
		return "Switching Protocols";
	case 200:
		return "OK";
	case 403:
		return "Forbidden";
	case 405:
		return "Method Not Allowed";
	case 413:
		return "Content Too Large";
	case 426:
		return "Upgrade Required";
	case 431:
		return "Request Header Fields Too Large";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Bad Request";
	}
}

/* RFC 9110 section 5.6.7; strftime's names of days would be the locale's. */
static void
add_date(struct text *out, time_t now)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;

	gmtime_r(&now, &tm);
	text_addf(out, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
add_body(struct text *out, const struct arrival_record *a, const char *observed,
    int64_t now_us)
{
	char ip[INET6_ADDRSTRLEN], listen[ENDPOINT_ADDRESS_TEXT_SIZE];

	text_addf(out,
	    "{\"observed\": \"%s\", \"address\": \"%s\", \"port\": %u,"
	    " \"listen\": \"%s\", \"arrival\": %" PRId64
	    ", \"accepted_at_us\": %" PRId64 ", \"answered_at_us\": %" PRId64
	    "}\n",
	    observed, endpoint_address_ip(&a->observed, ip), a->observed.port,
	    endpoint_address_text(&a->listen, listen), a->id, a->accepted_at_us,
	    now_us);
}

/* The part of the head that differs from status to status. */
static void
add_special(struct text *out, const struct httprequest *r, int status)
{
	char accept[WS_ACCEPT_SIZE];

	if (status == 101) {
		ws_accept_for(r->ws_key, accept);
		text_addf(out,
		    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
		    "Sec-WebSocket-Accept: %s\r\n",
		    accept);
		return;
	}
	if (status == 405)
		text_addf(out, "Allow: GET, HEAD\r\n");
	if (status == 426)
		text_addf(
		    out, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
	text_addf(out, "Connection: %s\r\n",
	    status == 200 && r->keep_alive ? "keep-alive" : "close");
}

void
witness_answer(struct text *out, const struct httprequest *r, int status,
    const struct arrival_record *a)
{
	char observed[ENDPOINT_ADDRESS_TEXT_SIZE];
	int64_t now_us = walltime_now_us();
	struct text body;

	text_init(&body, 1024);
	endpoint_address_text(&a->observed, observed);
	if (status == 200)
		add_body(&body, a, observed, now_us);
	else if (status == 403)
		text_addf(&body,
		    "{\"error\": \"the shared key is missing or "
		    "wrong (" WITNESS_KEY_HEADER ")\"}\n");
	else if (status != 101)
		text_addf(&body, "{\"error\": \"%s\"}\n", reason(status));
	text_addf(out, "HTTP/1.1 %d %s\r\nServer: natdiff-witness\r\n", status,
	    reason(status));
	add_date(out, (time_t)(now_us / 1000000));
	if (status == 200 || status == 101)
		text_addf(out, "X-Observed-Source: %s\r\n", observed);
	add_special(out, r, status);
	if (status != 101)
		text_addf(out,
		    "Content-Type: application/json\r\n"
		    "Cache-Control: no-store\r\nContent-Length: %zu\r\n",
		    body.size);
	text_add(out, "\r\n", 2);
	if (!r->is_head && body.size > 0)
		text_add(out, body.s, body.size);
	text_clear(&body);
}
