/*
 * The course of one attempt: its phases and their timers, and what is noted
 * on the way.
 */
#include "config.h"

#include <curl/curl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/attempt.h"

/* Bytes of a body in which the address that the far end saw is looked for. */
#define ADDRESS_BODY_MAX 4096

/* Received headers kept per attempt, and the size of a value. */
#define KEPT_HEADERS_MAX      16
#define KEPT_HEADER_BYTES_MAX 256

/* ------------------------------------------------------------ the phases */

static void
arm_timer(struct attempt *a, int64_t wait_us)
{
	struct timeval tv = { wait_us / 1000000, wait_us % 1000000 };

	evtimer_add(a->timer, &tv);
}

static void
on_phase_timer(evutil_socket_t fd, short what, void *arg)
{
	struct attempt *a = arg;
	struct engine *en = a->engine;
	struct symptom s;
	int64_t late_us;

	(void)fd;
	(void)what;
	engine_enter(en);
	late_us = monotonic_now_us() - a->deadline_us;
	if (late_us < 0) {
		/* libevent counts from the begin of its turn. */
		arm_timer(a, -late_us);
		engine_leave(en);
		return;
	}
	if (late_us > a->lag_us)
		a->lag_us = late_us;
	s = attempt_symptom(a);
	s.timed_out = true;
	attempt_fail(a, &s);
	engine_leave(en);
}

void
attempt_begin_phase(struct attempt *a, enum phase phase)
{
	int64_t timeout_us = a->order.timeout_us[phase];

	a->phase = phase;
	a->deadline_us = monotonic_now_us() + timeout_us;
	arm_timer(a, timeout_us);
}

void
attempt_on_socket_known(struct attempt *a)
{
	if (a->record.local.family == 0 && a->fd >= 0)
		a->record.local = pathsocket_local(a->fd);
}

void
attempt_on_socket_ready(struct attempt *a, int64_t lag_us)
{
	/*
	 * The outcome of a connect: read what the kernel counted before
	 * libcurl closes a failed one.  How long a good one waited for us is
	 * known exactly, from tcpi_rtt: attempt_note_connected().
	 */
	if (a->phase == PHASE_CONNECT) {
		if (a->fd >= 0)
			a->facts = pathsocket_facts(a->fd);
		a->connect_lag_us = lag_us;
	} else if (lag_us > a->lag_us) {
		a->lag_us = lag_us;
	}
}

/*
 * The connection is up and nothing was sent on it yet: tcpi_rtt is the time
 * from SYN to SYN-ACK, as the kernel saw it, whatever our loop was doing.
 */
void
attempt_note_connected(struct attempt *a)
{
	struct attempt_record *r = &a->record;
	int64_t waited_us;

	if (a->connected_us != 0)
		return;
	a->connected_us = monotonic_now_us();
	waited_us = a->connected_us - a->opened_us;
	attempt_on_socket_known(a);
	a->facts = pathsocket_facts(a->fd);
	r->connect_us = waited_us;
	r->syn_retransmits = a->facts.retransmits;
	if (!a->facts.established)
		return;
	r->connect_segs_in = a->facts.segs_in;
	/* After a retransmitted SYN tcpi_rtt is not the connect time. */
	if (a->facts.retransmits > 0 || a->facts.rtt_us == NOT_MEASURED)
		return;
	r->kernel_rtt_us = a->facts.rtt_us;
	if (r->kernel_rtt_us < waited_us)
		r->connect_us = r->kernel_rtt_us;
	if (waited_us - r->connect_us > a->lag_us)
		a->lag_us = waited_us - r->connect_us;
}

void
attempt_note_first_byte(struct attempt *a)
{
	if (a->first_byte_us != 0)
		return;
	a->first_byte_us = monotonic_now_us();
	attempt_begin_phase(a, PHASE_DONE);
}

/* ------------------------------------------------------------- beginning */

struct attempt *
attempt_new(struct engine *en, const struct attempt_order *o)
{
	struct attempt *a = x_calloc(1, sizeof(*a));

	a->engine = en;
	a->order = *o;
	a->fd = -1;
	attempt_record_init(&a->record);
	RAND_bytes(a->record.id, sizeof(a->record.id));
	a->record.run = o->run;
	a->record.endpoint = o->endpoint_number;
	a->record.slot = o->slot;
	a->record.seq = o->seq;
	a->record.target = o->target;
	a->record.resolution_serial = o->resolution_serial;
	a->record.started_at_us = walltime_now_us();
	a->opened_us = monotonic_now_us();
	tls_facts_init(&a->tls);
	a->facts = (struct tcp_facts){ false, NOT_MEASURED, NOT_MEASURED,
		NOT_MEASURED, NOT_MEASURED };
	text_init(&a->body, ADDRESS_BODY_MAX);
	a->timer = evtimer_new(engine_base(en), on_phase_timer, a);
	a->easy = curl_easy_init();
	if (a->timer == NULL || a->easy == NULL) {
		fputs("natdiff: out of memory\n", stderr);
		exit(1);
	}
	attempt_set_up(a);
	return a;
}

/* ------------------------------------------------------------- the response */

static void
keep_header(struct attempt *a, const struct http_header *h)
{
	struct attempt_record *r = &a->record;
	struct header_record *kept;
	size_t size = h->value_size;

	if (r->n_headers == KEPT_HEADERS_MAX)
		return;
	if (size > KEPT_HEADER_BYTES_MAX)
		size = KEPT_HEADER_BYTES_MAX;
	r->headers =
	    x_reallocarray(r->headers, r->n_headers + 1, sizeof(*r->headers));
	kept = &r->headers[r->n_headers++];
	kept->name = x_strndup(h->name, h->name_size);
	kept->value = x_strndup(h->value, size);
}

void
attempt_note_header(void *arg, const struct http_header *h)
{
	struct attempt *a = arg;
	const struct conf_endpoint *ep = a->order.endpoint;
	char date[64];
	time_t at;
	size_t i;

	for (i = 0; i < ep->n_record; i++)
		if (http_header_is(h, ep->record[i]))
			keep_header(a, h);
	if (http_header_is(h, "X-Observed-Source") &&
	    conf_endpoint_is_special(ep))
		http_find_address(h->value, h->value_size, &a->record.observed);
	if (http_header_is(h, "Date") && h->value_size < sizeof(date)) {
		memcpy(date, h->value, h->value_size);
		date[h->value_size] = '\0';
		at = curl_getdate(date, NULL);
		if (at != -1)
			a->record.server_date_offset_us =
			    (int64_t)at * 1000000 - walltime_now_us();
	}
}
