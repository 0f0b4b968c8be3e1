#include "config.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/schema.h"
#include "natdiff/xalloc.h"
#include "probe/attempt_json.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The line parsed again; one line, and strict JSON, or the test fails. */
static json_t *
parse(const struct attempt_record *a, const char *path, const char *endpoint)
{
	char *line = attempt_json(a, path, endpoint);
	json_error_t why;
	json_t *o;

	cr_assert_not_null(line);
	cr_expect_null(strpbrk(line, "\r\n"), "%s", line);
	o = json_loads(line, JSON_REJECT_DUPLICATES, &why);
	cr_assert(json_is_object(o), "%s: %s", why.text, line);
	free(line);
	return o;
}

static const char *
text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "(no text)";
}

/* Keys that are there whatever was measured. */
static const char *const always[] = { "attempt_id", "path", "endpoint", "slot",
	"seq", "started_at", "response_headers" };

static bool
is_one_of(const char *key, const char *const *keys, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

Test(attempt_json, what_was_not_measured_is_null)
{
	struct attempt_record a;
	const char *key;
	json_t *o, *value;

	attempt_record_init(&a);
	o = parse(&a, "nat", "listen");
	json_object_foreach(o, key, value) cr_expect_eq(json_is_null(value),
	    !is_one_of(key, always, COUNT(always)), "%s", key);
	cr_expect_eq(
	    json_array_size(json_object_get(o, "response_headers")), 0);
	json_decref(o);
}

/* Every number, each with a value of its own. */
static const struct {
	const char *key;
	size_t offset;
} numbers[] = {
	{ "http_status", offsetof(struct attempt_record, http_status) },
	{ "connect_us", offsetof(struct attempt_record, connect_us) },
	{ "tls_us", offsetof(struct attempt_record, tls_us) },
	{ "request_us", offsetof(struct attempt_record, request_us) },
	{ "done_us", offsetof(struct attempt_record, done_us) },
	{ "other_us", offsetof(struct attempt_record, other_us) },
	{ "total_us", offsetof(struct attempt_record, total_us) },
	{ "ws_ping_us", offsetof(struct attempt_record, ws_ping_us) },
	{ "kernel_rtt_us", offsetof(struct attempt_record, kernel_rtt_us) },
	{ "loop_lag_us", offsetof(struct attempt_record, loop_lag_us) },
	{ "syn_retransmits", offsetof(struct attempt_record, syn_retransmits) },
	{ "connect_segs_in", offsetof(struct attempt_record, connect_segs_in) },
	{ "late_retransmits",
	    offsetof(struct attempt_record, late_retransmits) },
	{ "dsack_dups", offsetof(struct attempt_record, dsack_dups) },
	{ "server_date_offset_us",
	    offsetof(struct attempt_record, server_date_offset_us) },
	{ "bytes_in", offsetof(struct attempt_record, bytes_in) },
	{ "bytes_out", offsetof(struct attempt_record, bytes_out) },
	{ "curl_code", offsetof(struct attempt_record, curl_code) },
	{ "os_errno", offsetof(struct attempt_record, os_errno) },
	{ "tls_alert", offsetof(struct attempt_record, tls_alert) },
	{ "cert_verify", offsetof(struct attempt_record, cert_verify) },
};

static void
set_number(struct attempt_record *a, size_t i, int64_t value)
{
	memcpy((char *)a + numbers[i].offset, &value, sizeof(value));
}

Test(attempt_json, every_number_is_under_its_key)
{
	struct attempt_record a;
	json_t *o, *value;
	size_t i;

	attempt_record_init(&a);
	for (i = 0; i < COUNT(numbers); i++)
		set_number(&a, i, (int64_t)i * 1000000007);
	o = parse(&a, "nat", "listen");
	for (i = 0; i < COUNT(numbers); i++) {
		value = json_object_get(o, numbers[i].key);
		/* 0 is a measurement. */
		cr_expect(json_is_integer(value), "%s", numbers[i].key);
		cr_expect_eq(json_integer_value(value), (int64_t)i * 1000000007,
		    "%s", numbers[i].key);
	}
	json_decref(o);
}

Test(attempt_json, a_number_may_be_below_zero)
{
	struct attempt_record a;
	json_t *o;

	attempt_record_init(&a);
	a.server_date_offset_us = -1500000;
	o = parse(&a, "nat", "listen");
	cr_expect_eq(
	    json_integer_value(json_object_get(o, "server_date_offset_us")),
	    -1500000);
	json_decref(o);
}

/* Of the store alone: what run it was, and the ids of its rows. */
static const char *const of_the_store[] = { "role", "agent", "host",
	"interval_us", "run_id", "resolution_id", "id" };

Test(attempt_json, has_the_columns_of_the_view)
{
	sqlite3_stmt *stmt = NULL;
	struct attempt_record a;
	sqlite3 *db = NULL;
	const char *column;
	int i, wanted = 0;
	json_t *o;

	attempt_record_init(&a);
	o = parse(&a, "nat", "listen");
	cr_assert_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
	for (i = 0; i < schema_version; i++)
		cr_assert_eq(
		    sqlite3_exec(db, schema_steps[i], NULL, NULL, NULL),
		    SQLITE_OK, "%s", sqlite3_errmsg(db));
	cr_assert_eq(
	    sqlite3_prepare_v2(db, "SELECT * FROM attempts", -1, &stmt, NULL),
	    SQLITE_OK, "%s", sqlite3_errmsg(db));
	for (i = 0; i < sqlite3_column_count(stmt); i++) {
		column = sqlite3_column_name(stmt, i);
		if (is_one_of(column, of_the_store, COUNT(of_the_store)))
			continue;
		wanted++;
		cr_expect_not_null(
		    json_object_get(o, column), "no key %s", column);
	}
	/* The headers have a table of their own. */
	cr_expect_eq((int)json_object_size(o), wanted + 1);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	json_decref(o);
}

static void
fill(struct attempt_record *a)
{
	size_t i;

	attempt_record_init(a);
	for (i = 0; i < ATTEMPT_ID_SIZE; i++)
		a->id[i] = (uint8_t)(i * 17);
	cr_assert_eq(endpoint_address_parse("203.0.113.10", &a->target), 0);
	a->target.port = 443;
	cr_assert_eq(endpoint_address_parse("2001:db8::1", &a->local), 0);
	a->local.port = 40001;
	cr_assert_eq(endpoint_address_parse("198.51.100.7", &a->observed), 0);
	a->slot = 179522370;
	a->seq = 3;
	a->started_at_us = 1795236300000123;
	a->failure = FAILURE_TLS_TIMEOUT;
	a->failed_phase = PHASE_TLS;
	a->failure_text = x_strdup("Connection timed out");
	a->tls_version = x_strdup("TLSv1.3");
	a->tls_cipher = x_strdup("TLS_AES_256_GCM_SHA384");
	a->cert_issuer = x_strdup("CN = R10");
	a->has_cert = true;
	for (i = 0; i < SHA256_SIZE; i++)
		a->cert_sha256[i] = (uint8_t)(255 - i);
}

Test(attempt_json, says_what_is_known_of_an_attempt)
{
	static const struct {
		const char *key;
		const char *value;
	} texts[] = {
		{ "attempt_id", "00112233445566778899aabbccddeeff" },
		{ "path", "nat" },
		{ "endpoint", "listen" },
		{ "target_address", "203.0.113.10" },
		{ "local_address", "2001:db8::1" },
		{ "observed_address", "198.51.100.7" },
		{ "started_at", "2026-11-21T04:45:00.000123Z" },
		{ "failure", "tls_timeout" },
		{ "failed_phase", "tls" },
		{ "failure_text", "Connection timed out" },
		{ "tls_version", "TLSv1.3" },
		{ "tls_cipher", "TLS_AES_256_GCM_SHA384" },
		{ "cert_issuer", "CN = R10" },
		{ "cert_sha256",
		    "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0"
		    "efeeedecebeae9e8e7e6e5e4e3e2e1e0" },
	};
	struct attempt_record a;
	json_t *o;
	size_t i;

	fill(&a);
	o = parse(&a, "nat", "listen");
	for (i = 0; i < COUNT(texts); i++)
		cr_expect_str_eq(text_of(o, texts[i].key), texts[i].value,
		    "%s: %s", texts[i].key, text_of(o, texts[i].key));
	cr_expect_eq(json_integer_value(json_object_get(o, "slot")), 179522370);
	cr_expect_eq(json_integer_value(json_object_get(o, "seq")), 3);
	cr_expect_eq(
	    json_integer_value(json_object_get(o, "target_port")), 443);
	cr_expect_eq(
	    json_integer_value(json_object_get(o, "local_port")), 40001);
	/* The far end told the address, not the port. */
	cr_expect(json_is_null(json_object_get(o, "observed_port")));
	json_decref(o);
	attempt_record_clear(&a);
}

Test(attempt_json, a_success_has_no_phase_that_failed)
{
	struct attempt_record a;
	json_t *o;

	fill(&a);
	a.failure = FAILURE_NONE;
	o = parse(&a, "nat", "listen");
	cr_expect(json_is_null(json_object_get(o, "failure")));
	cr_expect(json_is_null(json_object_get(o, "failed_phase")));
	json_decref(o);
	attempt_record_clear(&a);
}

static const struct {
	const char *text;
	bool is_text;
} hostile[] = {
	{ "\"}, {\"failure\": null, \"x\": \"", true },
	{ "back\\slash and \\u0041", true },
	{ "line\r\nbreaks\tand \x01\x1b[31m controls \x7f", true },
	{ "</script>", true },
	{ "\xe2\x80\xa8 \xc3\xa9 \xf0\x9f\x92\xa5", true },
	{ "", true },
	/* No UTF-8: left out. */
	{ "\xff\xfe", false },
	{ "cut \xe2\x82", false },
	{ "overlong \xc0\xaf", false },
	{ "surrogate \xed\xa0\x80", false },
	{ "latin \xe9t\xe9", false },
};

Test(attempt_json, hostile_texts_stay_texts)
{
	struct header_record header;
	struct attempt_record a;
	const json_t *text;
	json_t *o, *h;
	size_t i;

	for (i = 0; i < COUNT(hostile); i++) {
		attempt_record_init(&a);
		a.failure = FAILURE_UNKNOWN;
		a.failure_text = x_strdup(hostile[i].text);
		a.cert_issuer = x_strdup(hostile[i].text);
		header.name = header.value = a.failure_text;
		a.headers = &header;
		a.n_headers = 1;
		o = parse(&a, hostile[i].text, hostile[i].text);
		h = json_array_get(json_object_get(o, "response_headers"), 0);
		cr_assert(json_is_object(h), "%s", hostile[i].text);
		text = json_object_get(o, "failure_text");
		cr_expect_eq(
		    json_is_string(text), hostile[i].is_text, "case %zu", i);
		cr_expect_eq(
		    json_is_null(text), !hostile[i].is_text, "case %zu", i);
		if (hostile[i].is_text) {
			cr_expect_str_eq(
			    json_string_value(text), hostile[i].text);
			cr_expect_str_eq(
			    text_of(o, "cert_issuer"), hostile[i].text);
			cr_expect_str_eq(text_of(o, "path"), hostile[i].text);
			cr_expect_str_eq(text_of(h, "name"), hostile[i].text);
			cr_expect_str_eq(text_of(h, "value"), hostile[i].text);
		}
		cr_expect_str_eq(text_of(o, "failure"), "unknown_failure");
		json_decref(o);
		a.headers = NULL;
		a.n_headers = 0;
		attempt_record_clear(&a);
	}
}

Test(attempt_json, headers_keep_their_order)
{
	char a_name[] = "x-request-id", a_value[] = "1", b_value[] = "2";
	struct header_record headers[] = { { a_name, a_value },
		{ a_name, b_value } };
	struct attempt_record a;
	json_t *o, *list;

	attempt_record_init(&a);
	a.headers = headers;
	a.n_headers = COUNT(headers);
	o = parse(&a, "nat", "listen");
	list = json_object_get(o, "response_headers");
	cr_assert_eq(json_array_size(list), 2);
	cr_expect_str_eq(text_of(json_array_get(list, 0), "name"), a_name);
	cr_expect_str_eq(text_of(json_array_get(list, 0), "value"), "1");
	cr_expect_str_eq(text_of(json_array_get(list, 1), "value"), "2");
	json_decref(o);
}
