/*
 * One table a mapping: name, reader, field, bounds.  A reader types one value
 * and says what is wrong with it; nothing here stops at the first error.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/conf_header.h"
#include "probe/conf_url.h"
#include "probe/conf_schema.h"

#define KEYS_MAX 16 /* of one table */

struct reader {
	struct conf *c;
	struct conf_remarks *remarks;
	char *(*environment)(const char *);
	size_t times_line; /* of the first interval or timeout written */
};

struct key {
	const char *name;
	void (*read)(struct reader *r, const struct conf_node *v, void *field,
	    const struct key *k);
	size_t offset; /* of the field in what the mapping fills */
	int64_t min;
	int64_t max;
	const char *const *choices; /* read_choice(): ended by NULL */
};

/* The lines on which the keys of a table stand; 0: they do not. */
struct seen {
	size_t lines[KEYS_MAX];
};

typedef void reading(
    struct reader *, const struct conf_node *, void *, const struct key *);

static reading read_text, read_file_name, read_bool, read_duration, read_int,
    read_int64, read_choice, read_pool, read_role, read_interface, read_source,
    read_mark, read_url, read_headers, read_record, read_addresses, read_agent,
    read_paths, read_endpoints, read_schedule, read_timeouts, read_special,
    read_gateway;

static const char *const providers[] = { "gcp", "aws", "azure", "azure-lb",
	"linux", "asa", "fortigate", "panos", "other", NULL };
static const char *const pools[] = { "per-destination", "per-address",
	"unknown", NULL };
static const char *const roles[] = { "direct", "nat", NULL };

static const struct key root_keys[] = {
	{ "agent", read_agent, 0, 0, 0, NULL },
	{ "paths", read_paths, 0, 0, 0, NULL },
	{ "endpoints", read_endpoints, 0, 0, 0, NULL },
	{ "schedule", read_schedule, 0, 0, 0, NULL },
	{ "timeouts", read_timeouts, 0, 0, 0, NULL },
	{ "witness", read_special, 0, 0, 0, NULL },
	{ "whoami", read_special, 0, 0, 0, NULL },
	{ "gateway", read_gateway, offsetof(struct conf, gateway), 0, 0, NULL },
	{ NULL, NULL, 0, 0, 0, NULL },
};

static const struct key agent_keys[] = {
	{ "database", read_file_name, offsetof(struct conf, database), 0, 0,
	    NULL },
	{ "retain", read_duration, offsetof(struct conf, retain_us),
	    CONF_RETAIN_MIN_US, CONF_RETAIN_MAX_US, NULL },
	{ NULL, NULL, 0, 0, 0, NULL },
};

static const struct key path_keys[] = {
	{ "role", read_role, offsetof(struct conf_path, role), 0, 0, roles },
	{ "interface", read_interface, offsetof(struct conf_path, interface), 0,
	    0, NULL },
	{ "source", read_source, offsetof(struct conf_path, source), 0, 0,
	    NULL },
	{ "mark", read_mark, 0, 1, UINT32_MAX, NULL },
	{ NULL, NULL, 0, 0, 0, NULL },
};

static const struct key endpoint_keys[] = {
	{ "url", read_url, 0, 0, 0, NULL },
	{ "headers", read_headers, 0, 0, 0, NULL },
	{ "record", read_record, 0, 0, 0, NULL },
	{ "ca", read_file_name, offsetof(struct conf_endpoint, ca), 0, 0,
	    NULL },
	{ "verify", read_bool, offsetof(struct conf_endpoint, verify), 0, 0,
	    NULL },
	{ "addresses", read_addresses, 0, 0, 0, NULL },
	{ "control", read_bool, offsetof(struct conf_endpoint, control), 0, 0,
	    NULL },
	{ NULL, NULL, 0, 0, 0, NULL },
};

static const struct key schedule_keys[] = {
	{ "interval", read_duration, offsetof(struct conf, interval_us),
	    CONF_INTERVAL_MIN_US, CONF_INTERVAL_MAX_US, NULL },
	{ "burst", read_int, offsetof(struct conf, burst), 1, CONF_BURST_MAX,
	    NULL },
	{ "port-budget", read_int64, offsetof(struct conf, port_budget), 1,
	    CONF_BUDGET_MAX, NULL },
	{ "fleet", read_int64, offsetof(struct conf, fleet), 1, CONF_FLEET_MAX,
	    NULL },
	{ NULL, NULL, 0, 0, 0, NULL },
};

#define TIMEOUT(name, phase)                                                   \
	{                                                                      \
		name, read_duration, offsetof(struct conf, timeout_us[phase]), \
		    CONF_TIMEOUT_MIN_US, CONF_TIMEOUT_MAX_US, NULL             \
	}

static const struct key timeout_keys[] = {
	TIMEOUT("dns", PHASE_DNS),
	TIMEOUT("connect", PHASE_CONNECT),
	TIMEOUT("tls", PHASE_TLS),
	TIMEOUT("request", PHASE_REQUEST),
	TIMEOUT("done", PHASE_DONE),
	{ NULL, NULL, 0, 0, 0, NULL },
};

static const struct key gateway_keys[] = {
	{ "provider", read_choice, offsetof(struct conf_gateway, provider), 0,
	    0, providers },
	{ "pool", read_pool, offsetof(struct conf_gateway, pool), 0, 0, pools },
	{ "addresses", read_int64, offsetof(struct conf_gateway, addresses), 1,
	    65536, NULL },
	{ "ports-per-host", read_int64,
	    offsetof(struct conf_gateway, ports_per_host), 1, CONF_BUDGET_MAX,
	    NULL },
	{ "time-wait", read_duration,
	    offsetof(struct conf_gateway, time_wait_us), 0,
	    INT64_C(86400000000), NULL },
	{ "idle", read_duration, offsetof(struct conf_gateway, idle_us),
	    1000000, INT64_C(2592000000000), NULL },
	{ NULL, NULL, 0, 0, 0, NULL },
};

/* Where a key that is unknown here may belong. */
static const struct {
	const char *section;
	const struct key *keys;
} sections[] = {
	{ "agent", agent_keys },
	{ "schedule", schedule_keys },
	{ "timeouts", timeout_keys },
	{ "gateway", gateway_keys },
	{ "an endpoint", endpoint_keys },
	{ "a path", path_keys },
};

/* ------------------------------------------------------------- mappings */

/* Edit distance (Levenshtein), as far as it matters for words. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[32], na = strlen(a), nb = strlen(b), i, j, diagonal, up;

	if (na > 31 || nb > 31)
		return SIZE_MAX;
	for (j = 0; j <= nb; j++)
		row[j] = j;
	for (i = 1; i <= na; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= nb; j++) {
			up = row[j];
			row[j] = diagonal + (a[i - 1] != b[j - 1]);
			if (row[j] > up + 1)
				row[j] = up + 1;
			if (row[j] > row[j - 1] + 1)
				row[j] = row[j - 1] + 1;
			diagonal = up;
		}
	}
	return row[nb];
}

/* The known key that was probably meant, or NULL. */
static const char *
nearest(const struct key *keys, const char *name)
{
	size_t best = strlen(name) < 5 ? 2 : 3, d;
	const char *found = NULL;

	for (; keys->name != NULL; keys++) {
		d = distance(keys->name, name);
		if (d < best && d < strlen(keys->name)) {
			best = d;
			found = keys->name;
		}
	}
	return found;
}

static const struct key *
find_key(const struct key *keys, const char *name)
{
	for (; keys->name != NULL; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

static void
tell_unknown(
    struct reader *r, const struct conf_node *node, const struct key *keys)
{
	const char *meant = nearest(keys, node->text);
	char quoted[CONF_QUOTE_SIZE], all[256] = "";
	size_t i;

	conf_quote(node->text, quoted);
	if (meant != NULL) {
		conf_remark_error(r->remarks, node->line,
		    "unknown key %s, did you mean '%s'?", quoted, meant);
		return;
	}
	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (sections[i].keys != keys &&
		    find_key(sections[i].keys, node->text) != NULL) {
			conf_remark_error(r->remarks, node->line,
			    "unknown key %s, it belongs in %s", quoted,
			    sections[i].section);
			return;
		}
	for (; keys->name != NULL; keys++) {
		size_t used = strlen(all);

		snprintf(all + used, sizeof(all) - used, "%s%s",
		    used > 0 ? ", " : "", keys->name);
	}
	conf_remark_error(r->remarks, node->line,
	    "unknown key %s, expected one of %s", quoted, all);
}

/* Whether a node that should be a mapping is one; nothing counts as empty. */
static bool
is_mapping(struct reader *r, const struct conf_node *v, const char *what)
{
	if (v->type == CONF_MAPPING)
		return true;
	if (v->type != CONF_REFUSED)
		conf_remark_error(r->remarks, v->line,
		    "%s holds %s, expected a mapping (key: value)", what,
		    conf_node_kind(v));
	return false;
}

static int
compare_keys(const void *a, const void *b)
{
	const struct conf_node *const *x = a, *const *y = b;
	int order = strcmp((*x)->text, (*y)->text);

	if (order != 0)
		return order;
	return (*x)->line < (*y)->line ? -1 : (*x)->line > (*y)->line;
}

/*
 * Tell of keys that are no text or stand there twice; ok says of each pair
 * whether it can be used.
 */
static void
check_keys(struct reader *r, const struct conf_node *mapping, bool *ok)
{
	size_t n_pairs = mapping->n / 2, n = 0, i;
	const struct conf_node **keys = x_calloc(n_pairs, sizeof(*keys));
	char quoted[CONF_QUOTE_SIZE];

	for (i = 0; i < n_pairs; i++) {
		const struct conf_node *k = &mapping->items[2 * i];

		ok[i] = k->type == CONF_SCALAR;
		if (ok[i])
			keys[n++] = k;
		else if (k->type != CONF_REFUSED)
			conf_remark_error(r->remarks, k->line,
			    "%s as a key, expected a name", conf_node_kind(k));
		if (ok[i] && k->plain && strcmp(k->text, "<<") == 0) {
			conf_remark_error(r->remarks, k->line,
			    "a merge key (<<), expected the keys themselves");
			ok[i] = false;
			n--;
		}
	}
	if (n > 1)
		qsort(keys, n, sizeof(*keys), compare_keys);
	for (i = 1; i < n; i++) {
		if (strcmp(keys[i]->text, keys[i - 1]->text) != 0)
			continue;
		conf_remark_error(r->remarks, keys[i]->line,
		    "duplicate key %s, expected it once (line %zu has it)",
		    conf_quote(keys[i]->text, quoted), keys[i - 1]->line);
		ok[(size_t)(keys[i] - mapping->items) / 2] = false;
	}
	free(keys);
}

/* Read the pairs of a mapping by a table into base. */
static void
read_mapping(struct reader *r, const struct conf_node *v,
    const struct key *keys, void *base, struct seen *seen)
{
	bool *ok = x_calloc(v->n / 2, sizeof(*ok));
	struct conf_node value;
	const struct key *k;
	size_t i;

	memset(seen, 0, sizeof(*seen));
	check_keys(r, v, ok);
	for (i = 0; i < v->n / 2; i++) {
		if (!ok[i])
			continue;
		k = find_key(keys, v->items[2 * i].text);
		if (k == NULL) {
			tell_unknown(r, &v->items[2 * i], keys);
			continue;
		}
		/* An empty value has no line of its own. */
		value = v->items[2 * i + 1];
		if (conf_node_is_empty(&value))
			value.line = v->items[2 * i].line;
		seen->lines[k - keys] = v->items[2 * i].line;
		k->read(r, &value, (char *)base + k->offset, k);
	}
	free(ok);
}

static size_t
line_of(const struct seen *seen, const struct key *keys, const char *name)
{
	return seen->lines[find_key(keys, name) - keys];
}

/* -------------------------------------------------------------- scalars */

/* The text of a value that must have one; NULL, told, where it has none. */
static const char *
text_of(struct reader *r, const struct conf_node *v, const char *name,
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

static void
tell_bad(struct reader *r, const struct conf_node *v, const struct key *k,
    const char *expected)
{
	char quoted[CONF_QUOTE_SIZE];

	conf_remark_error(r->remarks, v->line, "%s: %s, expected %s", k->name,
	    conf_quote(v->text, quoted), expected);
}

static void
set_text(void *field, const char *text)
{
	char **p = field;

	free(*p);
	*p = x_strdup(text);
}

static void
read_text(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	const char *text = text_of(r, v, k->name, "text");

	if (text != NULL)
		set_text(field, text);
}

static void
read_file_name(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	if (v->type == CONF_SCALAR && v->text[0] == '~')
		tell_bad(r, v, k, "a path without '~'");
	else if (v->type == CONF_SCALAR && strlen(v->text) >= PATH_MAX)
		tell_bad(r, v, k, "a shorter path");
	else
		read_text(r, v, field, k);
}

static void
read_bool(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	const char *text = text_of(r, v, k->name, "yes or no");
	bool *value = field;

	if (text == NULL)
		return;
	if (strcmp(text, "yes") == 0)
		*value = true;
	else if (strcmp(text, "no") == 0)
		*value = false;
	else
		tell_bad(r, v, k, "yes or no, in these words only");
}

static void
read_duration(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	const char *text = text_of(r, v, k->name, "a duration such as 10s");
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
	tell_bad(r, v, k, expected);
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

static int
whole(struct reader *r, const struct conf_node *v, const struct key *k,
    int64_t *value)
{
	const char *text = text_of(r, v, k->name, "a whole number");
	char expected[96];

	if (text == NULL)
		return -1;
	if (parse_whole(text, k->min, k->max, value) == 0)
		return 0;
	snprintf(expected, sizeof(expected),
	    "a whole number of %" PRId64 " to %" PRId64 " in plain digits",
	    k->min, k->max);
	tell_bad(r, v, k, expected);
	return -1;
}

static void
read_int64(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	int64_t *out = field, value;

	if (whole(r, v, k, &value) == 0)
		*out = value;
}

static void
read_int(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	int *out = field;
	int64_t value;

	if (whole(r, v, k, &value) == 0)
		*out = (int)value;
}

/* The index of the choice that v makes; -1, told, where it makes none. */
static int
choice(struct reader *r, const struct conf_node *v, const struct key *k)
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
	text = text_of(r, v, k->name, expected);
	if (text == NULL)
		return -1;
	for (i = 0; k->choices[i] != NULL; i++)
		if (strcmp(k->choices[i], text) == 0)
			return i;
	tell_bad(r, v, k, expected);
	return -1;
}

static void
read_choice(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	int i = choice(r, v, k);

	if (i >= 0)
		set_text(field, k->choices[i]);
}

static void
read_pool(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	static const enum pool values[] = { POOL_PER_DESTINATION,
		POOL_PER_ADDRESS, POOL_UNKNOWN };
	enum pool *pool = field;
	int i = choice(r, v, k);

	if (i >= 0)
		*pool = values[i];
}

static void
read_role(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	enum role *role = field;
	int i = choice(r, v, k);

	if (i >= 0)
		*role = i == 0 ? ROLE_DIRECT : ROLE_NAT;
}

/* ---------------------------------------------------------------- paths */

static void
read_interface(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	const char *expected = "the name of a network interface, at most 15 "
			       "bytes without blanks, '/' and ':'";
	const char *text = text_of(r, v, k->name, expected);
	size_t i;

	if (text == NULL)
		return;
	for (i = 0; text[i] != '\0'; i++)
		if ((unsigned char)text[i] <= 0x20 || text[i] == 0x7f ||
		    text[i] == '/' || text[i] == ':')
			break;
	if (text[i] != '\0' || i > 15 || strcmp(text, ".") == 0 ||
	    strcmp(text, "..") == 0)
		tell_bad(r, v, k, expected);
	else
		set_text(field, text);
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

/* An address of one host; told, where v is none. */
static int
host_address(struct reader *r, const struct conf_node *v, const struct key *k,
    struct endpoint_address *a)
{
	const char *expected = "one host's IP address such as 203.0.113.10 "
			       "or 2001:db8::1, without a port";
	const char *text = text_of(r, v, k->name, expected);

	if (text == NULL)
		return -1;
	if (endpoint_address_parse(text, a) == 0 && !is_unspecified(a) &&
	    !is_multicast(a))
		return 0;
	tell_bad(r, v, k, expected);
	return -1;
}

static void
read_source(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	struct endpoint_address a;

	if (host_address(r, v, k, &a) == 0)
		memcpy(field, &a, sizeof(a));
}

static void
read_mark(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	struct conf_path *p = field;
	int64_t value = 0;
	const char *text;
	size_t n;

	/* Marks are bit masks to many: ip-rule(8) prints them as 0x7. */
	text = v->type == CONF_SCALAR ? v->text : "";
	if (strncmp(text, "0x", 2) == 0) {
		n = strspn(text + 2, "0123456789abcdefABCDEF");
		if (n > 0 && n <= 8 && text[2 + n] == '\0')
			value = strtoll(text + 2, NULL, 16);
		if (value < k->min) {
			tell_bad(r, v, k, "0x1 to 0xffffffff");
			return;
		}
	} else if (whole(r, v, k, &value) != 0)
		return;
	p->has_mark = true;
	p->mark = (uint32_t)value;
}

/* The name of a path or an endpoint; told, where it is none. */
static bool
is_name(struct reader *r, const struct conf_node *k, const char *what)
{
	size_t n = strspn(k->text, "abcdefghijklmnopqrstuvwxyz0123456789._-");
	char quoted[CONF_QUOTE_SIZE];

	if (n > 0 && n <= CONF_NAME_MAX && k->text[n] == '\0')
		return true;
	conf_remark_error(r->remarks, k->line,
	    "%s as the name of %s, expected 1 to %d of a-z 0-9 . _ -",
	    conf_quote(k->text, quoted), what, CONF_NAME_MAX);
	return false;
}

/* One pair of "paths": an error does not keep the others from being read. */
static void
read_path(struct reader *r, const struct conf_node *key,
    const struct conf_node *v, struct conf_path *p)
{
	struct seen seen;

	if (conf_node_is_empty(v)) {
		conf_remark_error(r->remarks, key->line,
		    "path %s has no role, expected role: direct or role: nat",
		    p->name);
		return;
	}
	if (!is_mapping(r, v, p->name))
		return;
	read_mapping(r, v, path_keys, p, &seen);
	if (line_of(&seen, path_keys, "role") == 0)
		conf_remark_error(r->remarks, key->line,
		    "path %s has no role, expected role: direct or role: nat",
		    p->name);
	if (line_of(&seen, path_keys, "interface") > 0 &&
	    line_of(&seen, path_keys, "source") > 0)
		conf_remark_error(r->remarks, key->line,
		    "path %s has interface and source, expected one of them",
		    p->name);
}

static bool
is_same_way(const struct conf_path *a, const struct conf_path *b)
{
	const char *ai = a->interface != NULL ? a->interface : "";
	const char *bi = b->interface != NULL ? b->interface : "";

	return strcmp(ai, bi) == 0 && a->has_mark == b->has_mark &&
	    a->mark == b->mark && a->source.family == b->source.family &&
	    (a->source.family == 0 ||
		endpoint_address_equal(&a->source, &b->source));
}

static void
read_paths(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	struct conf *c = r->c;
	size_t capacity = 0, i, j;
	bool *ok;

	(void)field;
	if (!is_mapping(r, v, k->name))
		return;
	ok = x_calloc(v->n / 2, sizeof(*ok));
	check_keys(r, v, ok);
	for (i = 0; i < v->n / 2; i++) {
		const struct conf_node *key = &v->items[2 * i];

		if (!ok[i] || !is_name(r, key, "a path"))
			continue;
		if (c->n_paths == CONF_PATHS_MAX) {
			conf_remark_error(r->remarks, key->line,
			    "too many paths, expected at most %d",
			    CONF_PATHS_MAX);
			break;
		}
		c->paths =
		    x_grow(c->paths, c->n_paths, &capacity, sizeof(*c->paths));
		memset(&c->paths[c->n_paths], 0, sizeof(*c->paths));
		c->paths[c->n_paths].name = x_strdup(key->text);
		read_path(r, key, key + 1, &c->paths[c->n_paths]);
		for (j = 0; j < c->n_paths; j++)
			if (is_same_way(&c->paths[j], &c->paths[c->n_paths]))
				conf_remark_warning(r->remarks, key->line,
				    "paths %s and %s leave by the same way",
				    c->paths[j].name, key->text);
		c->n_paths++;
	}
	free(ok);
}

/* ------------------------------------------------------------ endpoints */

static void
read_url(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	const char *text = text_of(r, v, k->name, "https://HOST/...");
	struct conf_endpoint *ep = field, parsed;
	struct err e;

	if (text == NULL)
		return;
	memset(&parsed, 0, sizeof(parsed));
	if (conf_url_parse(text, &parsed, &e) != 0) {
		conf_remark_error(r->remarks, v->line, "%s", e.msg);
		return;
	}
	ep->url = parsed.url;
	ep->scheme = parsed.scheme;
	ep->host = parsed.host;
	ep->port = parsed.port;
	ep->resource = parsed.resource;
	if (parsed.n_addresses > 0 && ep->n_addresses == 0) {
		ep->addresses = parsed.addresses;
		ep->n_addresses = parsed.n_addresses;
	} else
		free(parsed.addresses);
}

/* Whether v is a list of at most max elements. */
static bool
is_list(struct reader *r, const struct conf_node *v, const struct key *k,
    size_t max)
{
	if (v->type == CONF_LIST && v->n <= max)
		return true;
	if (v->type == CONF_LIST)
		conf_remark_error(r->remarks, v->line,
		    "%s holds %zu elements, expected at most %zu", k->name,
		    v->n, max);
	else if (v->type != CONF_REFUSED)
		conf_remark_error(r->remarks, v->line,
		    "%s holds %s, expected a list: [ ... ]", k->name,
		    conf_node_kind(v));
	return false;
}

/* One element; "- Name: value" without quotes is a mapping to YAML. */
static void
read_header(
    struct reader *r, const struct conf_node *v, struct conf_endpoint *ep)
{
	struct conf_header h;
	struct err e;

	if (v->type == CONF_REFUSED)
		return;
	if (v->type == CONF_MAPPING) {
		conf_remark_error(r->remarks, v->line,
		    "header without quotes, expected \"Name: value\" in them "
		    "(YAML reads a mapping otherwise)");
		return;
	}
	if (v->type != CONF_SCALAR) {
		conf_remark_error(r->remarks, v->line,
		    "%s as a header, expected \"Name: value\"",
		    conf_node_kind(v));
		return;
	}
	if (conf_header_make(v->text, r->environment, &h, &e) != 0) {
		conf_remark_error(r->remarks, v->line, "%s", e.msg);
		return;
	}
	if (h.warning != NULL)
		conf_remark_warning(r->remarks, v->line, "%s", h.warning);
	free(h.warning);
	ep->headers[ep->n_headers++] = h.line;
}

static void
read_headers(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	struct conf_endpoint *ep = field;
	size_t i;

	if (!is_list(r, v, k, CONF_HEADERS_MAX))
		return;
	ep->headers = x_calloc(v->n, sizeof(*ep->headers));
	for (i = 0; i < v->n; i++)
		read_header(r, &v->items[i], ep);
}

static void
read_record(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	const char *expected = "the name of a response header";
	struct conf_endpoint *ep = field;
	const char *text;
	char *name, *p;
	size_t i;

	if (!is_list(r, v, k, CONF_HEADERS_MAX))
		return;
	ep->record = x_calloc(v->n, sizeof(*ep->record));
	for (i = 0; i < v->n; i++) {
		text = text_of(r, &v->items[i], k->name, expected);
		if (text == NULL)
			continue;
		if (!conf_header_is_name(text) ||
		    strlen(text) > CONF_NAME_MAX) {
			tell_bad(r, &v->items[i], k, expected);
			continue;
		}
		if (strcasecmp(text, "set-cookie") == 0) {
			tell_bad(r, &v->items[i], k,
			    "a header that holds no "
			    "secret: what is recorded is stored");
			continue;
		}
		name = x_strdup(text);
		for (p = name; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		ep->record[ep->n_record++] = name;
	}
}

static void
read_addresses(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	struct conf_endpoint *ep = field;
	struct endpoint_address a;
	char quoted[CONF_QUOTE_SIZE];
	size_t i, j;

	if (!is_list(r, v, k, CONF_ADDRESSES_MAX))
		return;
	if (v->n == 0) {
		conf_remark_error(r->remarks, v->line,
		    "%s is an empty list, expected an address", k->name);
		return;
	}
	free(ep->addresses);
	ep->addresses = x_calloc(v->n, sizeof(*ep->addresses));
	ep->n_addresses = 0;
	for (i = 0; i < v->n; i++) {
		if (host_address(r, &v->items[i], k, &a) != 0)
			continue;
		for (j = 0; j < ep->n_addresses; j++)
			if (endpoint_address_equal(&a, &ep->addresses[j]))
				break;
		if (j < ep->n_addresses)
			conf_remark_error(r->remarks, v->items[i].line,
			    "%s: %s twice, expected each address once", k->name,
			    conf_quote(v->items[i].text, quoted));
		else
			ep->addresses[ep->n_addresses++] = a;
	}
}

/* What only the whole endpoint shows. */
static void
check_endpoint(struct reader *r, size_t line, const struct seen *seen,
    struct conf_endpoint *ep)
{
	size_t at, i;
	struct endpoint_address literal;

	if (line_of(seen, endpoint_keys, "url") == 0)
		conf_remark_error(r->remarks, line,
		    "endpoint %s has no url, expected url: https://HOST/...",
		    ep->name);
	for (i = 0; i < ep->n_addresses; i++)
		ep->addresses[i].port = ep->port;
	if (ep->url == NULL)
		return;
	at = line_of(seen, endpoint_keys, "addresses");
	if (at > 0 && endpoint_address_parse(ep->host, &literal) == 0)
		conf_remark_error(r->remarks, at,
		    "addresses beside a url with an address, expected a name "
		    "in the url or no addresses");
	at = line_of(seen, endpoint_keys, "ca");
	if (at > 0 && ep->ca != NULL && access(ep->ca, R_OK) != 0)
		conf_remark_error(r->remarks, at,
		    "ca: %s: %s, expected a readable PEM file", ep->ca,
		    strerror(errno));
	if (at > 0 && (ep->scheme == SCHEME_HTTP || ep->scheme == SCHEME_WS))
		conf_remark_warning(
		    r->remarks, at, "ca is not used: the url has no TLS");
	at = line_of(seen, endpoint_keys, "verify");
	if (!ep->verify)
		conf_remark_warning(r->remarks, at,
		    "verify: no: endpoint %s may be anybody's, its "
		    "certificate is not checked",
		    ep->name);
}

static void
add_endpoint(struct reader *r, const struct conf_endpoint *ep)
{
	struct conf *c = r->c;

	c->endpoints = x_reallocarray(
	    c->endpoints, c->n_endpoints + 1, sizeof(*c->endpoints));
	c->endpoints[c->n_endpoints++] = *ep;
}

static void
read_endpoint(struct reader *r, const struct conf_node *key,
    const struct conf_node *v, const char *kind)
{
	struct conf_endpoint ep = { .verify = true, .kind = kind };
	struct seen seen = { { 0 } };

	if (!conf_node_is_empty(v) && !is_mapping(r, v, key->text))
		return;
	ep.name = x_strdup(key->text);
	if (v->type == CONF_MAPPING)
		read_mapping(r, v, endpoint_keys, &ep, &seen);
	check_endpoint(r, key->line, &seen, &ep);
	add_endpoint(r, &ep);
}

static void
read_endpoints(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	bool *ok;
	size_t i;

	(void)field;
	if (!is_mapping(r, v, k->name))
		return;
	ok = x_calloc(v->n / 2, sizeof(*ok));
	check_keys(r, v, ok);
	for (i = 0; i < v->n / 2; i++) {
		const struct conf_node *key = &v->items[2 * i];

		if (!ok[i] || !is_name(r, key, "an endpoint"))
			continue;
		if (strcmp(key->text, "witness") == 0 ||
		    strcmp(key->text, "whoami") == 0) {
			conf_remark_error(r->remarks, key->line,
			    "endpoint named %s, expected another name: %s: "
			    "is a key of its own",
			    key->text, key->text);
			continue;
		}
		if (r->c->n_endpoints == CONF_ENDPOINTS_MAX) {
			conf_remark_error(r->remarks, key->line,
			    "too many endpoints, expected at most %d",
			    CONF_ENDPOINTS_MAX);
			break;
		}
		read_endpoint(r, key, key + 1, "endpoint");
	}
	free(ok);
}

/* witness and whoami: a url, or a mapping with the keys of an endpoint. */
static void
read_special(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	char url[] = "url", *name = x_strdup(k->name);
	struct conf_node pair[2] = { { .line = v->line, .text = url }, *v };
	struct conf_node mapping = { CONF_MAPPING, v->line, NULL, false, pair,
		2 };
	struct conf_node key = { CONF_SCALAR, v->line, name, true, NULL, 0 };

	(void)field;
	if (v->type == CONF_MAPPING)
		read_endpoint(r, &key, v, k->name);
	else if (v->type == CONF_SCALAR)
		read_endpoint(r, &key, &mapping, k->name);
	else if (v->type != CONF_REFUSED)
		conf_remark_error(r->remarks, v->line,
		    "%s holds %s, expected a url", k->name, conf_node_kind(v));
	free(name);
}

/* Whether an endpoint is of a kind that stands behind those of the file. */
static bool
is_special(const struct conf_endpoint *ep)
{
	return strcmp(ep->kind, "endpoint") != 0;
}

/* witness and whoami go last, wherever the file has them. */
static void
move_special(struct conf *c)
{
	struct conf_endpoint special[2];
	size_t kept = 0, n = 0, i;

	for (i = 0; i < c->n_endpoints; i++) {
		if (is_special(&c->endpoints[i]))
			special[n++] = c->endpoints[i];
		else
			c->endpoints[kept++] = c->endpoints[i];
	}
	if (n == 2 && strcmp(special[0].kind, "whoami") == 0) {
		c->endpoints[kept++] = special[1];
		n = 1;
	}
	for (i = 0; i < n; i++)
		c->endpoints[kept++] = special[i];
}

/* ------------------------------------------------------------- sections */

static void
read_section(struct reader *r, const struct conf_node *v, const char *name,
    const struct key *keys, void *base, struct seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	if (conf_node_is_empty(v))
		return;
	if (is_mapping(r, v, name))
		read_mapping(r, v, keys, base, seen);
}

static void
read_agent(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	struct seen seen;

	(void)field;
	read_section(r, v, k->name, agent_keys, r->c, &seen);
}

/* Remember the first line that bears on how long attempts take. */
static void
note_times(struct reader *r, size_t line)
{
	if (line > 0 && (r->times_line == 0 || line < r->times_line))
		r->times_line = line;
}

static void
read_schedule(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	struct seen seen;

	(void)field;
	read_section(r, v, k->name, schedule_keys, r->c, &seen);
	note_times(r, line_of(&seen, schedule_keys, "interval"));
}

static void
read_timeouts(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	struct seen seen;
	size_t i;

	(void)field;
	read_section(r, v, k->name, timeout_keys, r->c, &seen);
	for (i = 0; timeout_keys[i].name != NULL; i++)
		note_times(r, seen.lines[i]);
}

static void
read_gateway(struct reader *r, const struct conf_node *v, void *field,
    const struct key *k)
{
	struct conf_gateway *g = field;
	struct seen seen;

	g->present = true;
	read_section(r, v, k->name, gateway_keys, g, &seen);
}

/* ------------------------------------------------------------ the whole */

/* Defaults alone are no reason to warn: only what somebody wrote. */
static void
check_timeouts(struct reader *r)
{
	char sum_text[WALLTIME_TEXT_SIZE], interval[WALLTIME_TEXT_SIZE];
	int64_t sum = 0;
	int i;

	for (i = 0; i < PHASE_COUNT; i++)
		sum += r->c->timeout_us[i];
	if (r->times_line == 0 || sum <= r->c->interval_us)
		return;
	conf_remark_warning(r->remarks, r->times_line,
	    "the timeouts add up to %s, the interval is %s: attempts of "
	    "several slots are under way while they fail",
	    duration_format(sum, sum_text),
	    duration_format(r->c->interval_us, interval));
}

static void
check_endpoints(struct reader *r, const struct seen *seen)
{
	size_t line = line_of(seen, root_keys, "endpoints"), n = 0, i;
	bool has_control = false;

	for (i = 0; i < r->c->n_endpoints; i++) {
		if (is_special(&r->c->endpoints[i]))
			continue;
		n++;
		has_control = has_control || r->c->endpoints[i].control;
	}
	if (line == 0 || (n == 0 && r->remarks->n_errors == 0))
		conf_remark_error(r->remarks, line > 0 ? line : 1,
		    "no endpoint, expected at least one under endpoints:, "
		    "with a url");
	else if (!has_control)
		conf_remark_warning(r->remarks, line > 0 ? line : 1,
		    "no endpoint with control: yes, so a full port pool and "
		    "a bad path will look the same");
}

void
conf_schema_read(const struct conf_node *root, struct conf *c,
    struct conf_remarks *remarks, char *(*environment)(const char *))
{
	struct reader r = { c, remarks, environment, 0 };
	struct seen seen;
	size_t line;

	if (!is_mapping(&r, root, "the file"))
		return;
	read_mapping(&r, root, root_keys, c, &seen);
	move_special(c);
	line = line_of(&seen, root_keys, "paths");
	if (line == 0 || (c->n_paths == 0 && remarks->n_errors == 0))
		conf_remark_error(remarks, line > 0 ? line : 1,
		    "no path, expected at least one under paths:, with a "
		    "role");
	check_endpoints(&r, &seen);
	check_timeouts(&r);
}

void
conf_endpoint_clear(struct conf_endpoint *ep)
{
	size_t i;

	for (i = 0; i < ep->n_headers; i++) {
		explicit_bzero(ep->headers[i], strlen(ep->headers[i]));
		free(ep->headers[i]);
	}
	for (i = 0; i < ep->n_record; i++)
		free(ep->record[i]);
	free(ep->headers);
	free(ep->record);
	free(ep->name);
	free(ep->url);
	free(ep->host);
	free(ep->resource);
	free(ep->ca);
	free(ep->addresses);
	memset(ep, 0, sizeof(*ep));
}

void
conf_path_clear(struct conf_path *p)
{
	free(p->name);
	free(p->interface);
	memset(p, 0, sizeof(*p));
}
