/*
 * Attempts as JSON.
 */
#include "config.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>

#include "natdiff/json_values.h"
#include "natdiff/walltime.h"
#include "probe/attempt_json.h"

/* Text from outside may be no UTF-8: then it is left out. */
static json_t *
string(const char *s)
{
	json_t *j = s != NULL ? json_string(s) : NULL;

	return j != NULL ? j : json_null();
}

static json_t *
hex(const uint8_t *bytes, size_t size)
{
	char text[2 * SHA256_SIZE + 1];
	size_t i;

	for (i = 0; i < size && i < SHA256_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return json_string(text);
}

static void
add_address(json_t *o, const char *ip_key, const char *port_key,
    const struct endpoint_address *a)
{
	char ip[INET6_ADDRSTRLEN];
	bool known = a->family != 0;

	json_object_set_new(o, ip_key,
	    known ? json_string(endpoint_address_ip(a, ip)) : json_null());
	json_object_set_new(o, port_key,
	    known && a->port != 0 ? json_integer(a->port) : json_null());
}

static void
add_numbers(json_t *o, const struct attempt_record *a)
{
	const struct {
		const char *key;
		int64_t value;
	} numbers[] = {
		{ "http_status", a->http_status },
		{ "connect_us", a->connect_us },
		{ "tls_us", a->tls_us },
		{ "request_us", a->request_us },
		{ "done_us", a->done_us },
		{ "other_us", a->other_us },
		{ "total_us", a->total_us },
		{ "ws_ping_us", a->ws_ping_us },
		{ "kernel_rtt_us", a->kernel_rtt_us },
		{ "loop_lag_us", a->loop_lag_us },
		{ "syn_retransmits", a->syn_retransmits },
		{ "connect_segs_in", a->connect_segs_in },
		{ "late_retransmits", a->late_retransmits },
		{ "dsack_dups", a->dsack_dups },
		{ "server_date_offset_us", a->server_date_offset_us },
		{ "bytes_in", a->bytes_in },
		{ "bytes_out", a->bytes_out },
		{ "curl_code", a->curl_code },
		{ "os_errno", a->os_errno },
		{ "tls_alert", a->tls_alert },
		{ "cert_verify", a->cert_verify },
	};
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		json_object_set_new(
		    o, numbers[i].key, json_measured(numbers[i].value));
}

static void
add_headers(json_t *o, const struct attempt_record *a)
{
	json_t *headers = json_array();
	size_t i;

	for (i = 0; i < a->n_headers; i++)
		json_array_append_new(headers,
		    json_pack("{s:o, s:o}", "name", string(a->headers[i].name),
			"value", string(a->headers[i].value)));
	json_object_set_new(o, "response_headers", headers);
}

char *
attempt_json(
    const struct attempt_record *a, const char *path, const char *endpoint)
{
	bool failed = a->failure != FAILURE_NONE;
	char at[WALLTIME_TEXT_SIZE], *line;
	json_t *o = json_object();

	json_object_set_new(o, "attempt_id", hex(a->id, sizeof(a->id)));
	json_object_set_new(o, "path", string(path));
	json_object_set_new(o, "endpoint", string(endpoint));
	add_address(o, "target_address", "target_port", &a->target);
	json_object_set_new(o, "slot", json_integer(a->slot));
	json_object_set_new(o, "seq", json_integer(a->seq));
	json_object_set_new(o, "started_at",
	    json_string(walltime_format(a->started_at_us, 6, at)));
	json_object_set_new(o, "failure", string(failure_name(a->failure)));
	json_object_set_new(o, "failed_phase",
	    failed ? json_string(phase_name(a->failed_phase)) : json_null());
	json_object_set_new(o, "failure_text", string(a->failure_text));
	add_numbers(o, a);
	add_address(o, "local_address", "local_port", &a->local);
	add_address(o, "observed_address", "observed_port", &a->observed);
	json_object_set_new(o, "tls_version", string(a->tls_version));
	json_object_set_new(o, "tls_cipher", string(a->tls_cipher));
	json_object_set_new(o, "cert_issuer", string(a->cert_issuer));
	json_object_set_new(o, "cert_sha256",
	    a->has_cert ? hex(a->cert_sha256, SHA256_SIZE) : json_null());
	add_headers(o, a);
	line = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return line;
}
