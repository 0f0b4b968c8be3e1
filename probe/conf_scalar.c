/*
 * Values of one type each: a reader says what is wrong with one, by the bounds
 * or the choices of its key.
 */
#include "config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/conf_reader.h"

const char *
conf_text_of(struct conf_reader *r, const struct conf_node *v, const char *name,
    const char *expected)
{
	if (v->type == CONF_SCALAR && v->text[0] != '\0')
		return v->text;
	if (v->type == CONF_SCALAR)
		conf_remark_error(r->remarks, v->line,
		    "%s is empty, expected %s", name, expected);
	else if (v->type != CONF_REFUSED)
		conf_remark_error(r->remarks, v->line,
		    "%s holds %s, expected %s", name, conf_node_kind(v),
		    expected);
	return NULL;
}

void
conf_tell_bad(struct conf_reader *r, const struct conf_node *v,
    const struct conf_key *k, const char *expected)
{
	char quoted[CONF_QUOTE_SIZE];

	conf_remark_error(r->remarks, v->line, "%s: %s, expected %s", k->name,
	    conf_quote(v->text, quoted), expected);
}

void
conf_set_text(void *field, const char *text)
{
	char **p = field;

	free(*p);
	*p = x_strdup(text);
}

static void
read_text(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	const char *text = conf_text_of(r, v, k->name, "text");

	if (text != NULL)
		conf_set_text(field, text);
}

void
conf_read_file_name(struct conf_reader *r, const struct conf_node *v,
    void *field, const struct conf_key *k)
{
	if (v->type == CONF_SCALAR && v->text[0] == '~')
		conf_tell_bad(r, v, k, "a path without '~'");
	else if (v->type == CONF_SCALAR && strlen(v->text) >= PATH_MAX)
		conf_tell_bad(r, v, k, "a shorter path");
	else
		read_text(r, v, field, k);
}

void
conf_read_bool(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	const char *text = conf_text_of(r, v, k->name, "yes or no");
	bool *value = field;

	if (text == NULL)
		return;
	if (strcmp(text, "yes") == 0)
		*value = true;
	else if (strcmp(text, "no") == 0)
		*value = false;
	else
		conf_tell_bad(r, v, k, "yes or no, in these words only");
}

void
conf_read_duration(struct conf_reader *r, const struct conf_node *v,
    void *field, const struct conf_key *k)
{
	const char *text =
	    conf_text_of(r, v, k->name, "a duration such as 10s");
	char expected[160], min[WALLTIME_TEXT_SIZE], max[WALLTIME_TEXT_SIZE];
	bool zero = k->min == CONF_RETAIN_MIN_US;
	int64_t us;

	if (text == NULL)
		return;
	if (duration_parse(text, &us) == 0 &&
	    ((us >= k->min && us <= k->max) || (zero && us == 0))) {
		memcpy(field, &us, sizeof(us));
		return;
	}
	snprintf(expected, sizeof(expected),
	    "a duration of %s to %s%s, written like 1.5s, 250ms, 5m, 2h, 30d",
	    duration_format(k->min, min), duration_format(k->max, max),
	    zero ? " (or 0: keep all)" : "");
	conf_tell_bad(r, v, k, expected);
}

/* A whole number in digits alone: no sign, blank, exponent or octal. */
static int
parse_whole(const char *text, int64_t min, int64_t max, int64_t *value)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 12 || text[n] != '\0' || (text[0] == '0' && n > 1))
		return -1;
	*value = strtoll(text, NULL, 10);
	return *value >= min && *value <= max ? 0 : -1;
}

int
conf_whole(struct conf_reader *r, const struct conf_node *v,
    const struct conf_key *k, int64_t *value)
{
	const char *text = conf_text_of(r, v, k->name, "a whole number");
	char expected[96];

	if (text == NULL)
		return -1;
	if (parse_whole(text, k->min, k->max, value) == 0)
		return 0;
	snprintf(expected, sizeof(expected),
	    "a whole number of %" PRId64 " to %" PRId64 " in plain digits",
	    k->min, k->max);
	conf_tell_bad(r, v, k, expected);
	return -1;
}

void
conf_read_int64(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	int64_t *out = field, value;

	if (conf_whole(r, v, k, &value) == 0)
		*out = value;
}

void
conf_read_int(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	int *out = field;
	int64_t value;

	if (conf_whole(r, v, k, &value) == 0)
		*out = (int)value;
}

/* The index of the choice that v makes; -1, told, where it makes none. */
static int
choice(
    struct conf_reader *r, const struct conf_node *v, const struct conf_key *k)
{
	char expected[160] = "";
	const char *text;
	size_t used;
	int i;

	for (i = 0; k->choices[i] != NULL; i++) {
		used = strlen(expected);
		snprintf(expected + used, sizeof(expected) - used, "%s%s",
		    i == 0                          ? ""
			: k->choices[i + 1] == NULL ? " or "
						    : ", ",
		    k->choices[i]);
	}
	text = conf_text_of(r, v, k->name, expected);
	if (text == NULL)
		return -1;
	for (i = 0; k->choices[i] != NULL; i++)
		if (strcmp(k->choices[i], text) == 0)
			return i;
	conf_tell_bad(r, v, k, expected);
	return -1;
}

void
conf_read_choice(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	int i = choice(r, v, k);

	if (i >= 0)
		conf_set_text(field, k->choices[i]);
}

void
conf_read_pool(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	static const enum pool values[] = { POOL_PER_DESTINATION,
		POOL_PER_ADDRESS, POOL_UNKNOWN };
	enum pool *pool = field;
	int i = choice(r, v, k);

	if (i >= 0)
		*pool = values[i];
}

void
conf_read_role(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	enum role *role = field;
	int i = choice(r, v, k);

	if (i >= 0)
		*role = i == 0 ? ROLE_DIRECT : ROLE_NAT;
}

static bool
is_unspecified(const struct endpoint_address *a)
{
	if (a->family == AF_INET)
		return a->ip.v4.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&a->ip.v6);
}

static bool
is_multicast(const struct endpoint_address *a)
{
	if (a->family == AF_INET)
		return IN_MULTICAST(ntohl(a->ip.v4.s_addr)) ||
		    a->ip.v4.s_addr == htonl(INADDR_BROADCAST);
	return IN6_IS_ADDR_MULTICAST(&a->ip.v6);
}

int
conf_host_address(struct conf_reader *r, const struct conf_node *v,
    const struct conf_key *k, struct endpoint_address *a)
{
	const char *expected = "one host's IP address such as 203.0.113.10 "
			       "or 2001:db8::1, without a port";
	const char *text = conf_text_of(r, v, k->name, expected);

	if (text == NULL)
		return -1;
	if (endpoint_address_parse(text, a) == 0 && !is_unspecified(a) &&
	    !is_multicast(a))
		return 0;
	conf_tell_bad(r, v, k, expected);
	return -1;
}
