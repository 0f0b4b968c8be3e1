/*
 * Starting and releasing records; IP addresses in them.
 */
#include "config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/record.h"

void
attempt_record_init(struct attempt_record *a)
{
	memset(a, 0, sizeof(*a));
	a->connect_us = a->tls_us = a->request_us = NOT_MEASURED;
	a->done_us = a->other_us = a->total_us = NOT_MEASURED;
	a->ws_ping_us = a->kernel_rtt_us = a->loop_lag_us = NOT_MEASURED;
	a->curl_code = a->os_errno = a->tls_alert = NOT_MEASURED;
	a->http_status = NOT_MEASURED;
	a->syn_retransmits = a->connect_segs_in = NOT_MEASURED;
	a->late_retransmits = a->dsack_dups = NOT_MEASURED;
	a->server_date_offset_us = NOT_MEASURED;
	a->bytes_in = a->bytes_out = NOT_MEASURED;
	a->cert_verify = NOT_MEASURED;
}

void
edge_entry_record_init(struct edge_entry_record *en)
{
	memset(en, 0, sizeof(*en));
	en->import_id = NOT_MEASURED;
	en->status = NOT_MEASURED;
}

void
app_failure_record_init(struct app_failure_record *f)
{
	memset(f, 0, sizeof(*f));
	f->import_id = NOT_MEASURED;
}

void
gateway_event_record_init(struct gateway_event_record *ev)
{
	memset(ev, 0, sizeof(*ev));
	ev->import_id = ev->value = ev->protocol = NOT_MEASURED;
}

void
attempt_record_clear(struct attempt_record *a)
{
	size_t i;

	free(a->failure_text);
	free(a->tls_version);
	free(a->tls_cipher);
	free(a->cert_issuer);
	for (i = 0; i < a->n_headers; i++) {
		free(a->headers[i].name);
		free(a->headers[i].value);
	}
	free(a->headers);
	attempt_record_init(a);
}

void
resolution_record_clear(struct resolution_record *r)
{
	free(r->failure_text);
	free(r->addresses);
	r->failure_text = r->addresses = NULL;
}

void
host_sample_record_clear(struct host_sample_record *s)
{
	free(s->census);
	s->census = NULL;
	s->n_census = 0;
}

char *
endpoint_address_ip(const struct endpoint_address *a, char *out)
{
	if (a->family == 0 ||
	    inet_ntop(a->family, &a->ip, out, INET6_ADDRSTRLEN) == NULL)
		memcpy(out, "-", 2);
	return out;
}

char *
endpoint_address_text(
    const struct endpoint_address *a, char out[ENDPOINT_ADDRESS_TEXT_SIZE])
{
	char ip[INET6_ADDRSTRLEN];

	endpoint_address_ip(a, ip);
	snprintf(out, ENDPOINT_ADDRESS_TEXT_SIZE,
	    a->family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip, a->port);
	return out;
}

int
endpoint_address_parse(const char *text, struct endpoint_address *a)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, &a->ip.v4) == 1)
		a->family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a->ip.v6) == 1)
		a->family = AF_INET6;
	else
		return -1;
	return 0;
}

bool
endpoint_address_same_ip(
    const struct endpoint_address *a, const struct endpoint_address *b)
{
	if (a->family != b->family)
		return false;
	if (a->family == AF_INET)
		return a->ip.v4.s_addr == b->ip.v4.s_addr;
	return memcmp(&a->ip.v6, &b->ip.v6, sizeof(a->ip.v6)) == 0;
}

bool
endpoint_address_equal(
    const struct endpoint_address *a, const struct endpoint_address *b)
{
	return a->port == b->port && endpoint_address_same_ip(a, b);
}

static const char *const arrival_ends[] = {
	[ARRIVAL_OPEN] = NULL,
	[ARRIVAL_CLOSED] = "closed",
	[ARRIVAL_RESET] = "reset",
	[ARRIVAL_BROKEN] = "broken",
	[ARRIVAL_TIMEOUT] = "timeout",
	[ARRIVAL_REFUSED] = "refused",
	[ARRIVAL_STOPPED] = "stopped",
};

const char *
arrival_end_name(enum arrival_end end)
{
	return arrival_ends[end];
}

enum arrival_end
arrival_end_parse(const char *name)
{
	unsigned i;

	for (i = ARRIVAL_CLOSED; name != NULL && i <= ARRIVAL_STOPPED; i++)
		if (strcmp(arrival_ends[i], name) == 0)
			return (enum arrival_end)i;
	return ARRIVAL_OPEN;
}
