/*
 * Reading a configuration: its bytes, its defaults, and letting go of it.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "natdiff/json_values.h"
#include "natdiff/xalloc.h"
#include "probe/conf_remarks.h"
#include "probe/conf_schema.h"
#include "probe/conf_yaml.h"
#include "probe/conf.h"

const char *
conf_default_file(void)
{
	const char *file = getenv(CONF_ENVIRONMENT);

	return file != NULL && file[0] != '\0' ? file : CONF_FILE;
}

static void
set_defaults(struct conf *c, const char *file)
{
	memset(c, 0, sizeof(*c));
	c->file = x_strdup(file);
	c->database = x_strdup(CONF_DATABASE);
	c->retain_us = CONF_RETAIN_DEFAULT_US;
	c->interval_us = 10000000;
	c->burst = 1;
	c->port_budget = 16;
	c->fleet = 1;
	c->timeout_us[PHASE_DNS] = 5000000;
	c->timeout_us[PHASE_CONNECT] = 10000000;
	c->timeout_us[PHASE_TLS] = 5000000;
	c->timeout_us[PHASE_REQUEST] = 10000000;
	c->timeout_us[PHASE_DONE] = 5000000;
	c->gateway.pool = POOL_UNKNOWN;
	c->gateway.addresses = c->gateway.ports_per_host = NOT_MEASURED;
	c->gateway.time_wait_us = c->gateway.idle_us = NOT_MEASURED;
}

static void
set_digest(struct conf *c, const char *bytes, size_t size)
{
	unsigned char digest[SHA256_SIZE];
	size_t i;

	if (EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL) != 1)
		memset(digest, 0, sizeof(digest));
	for (i = 0; i < sizeof(digest); i++)
		snprintf(c->digest + 2 * i, 3, "%02x", digest[i]);
}

/*
 * The length of the UTF-8 sequence at p (RFC 3629: shortest form, no
 * surrogates), 0 if it is none.
 */
static size_t
utf8_sequence(const unsigned char *p, size_t left)
{
	uint32_t value, least;
	size_t n, i;

	if (p[0] < 0x80)
		return 1;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
		return 0;
	value = p[0] & (0xffu >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3f);
	}
	least = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;
	if (value < least || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	return n;
}

/* What libyaml would not tell well. */
static int
check_bytes(const char *bytes, size_t size, struct conf_remarks *remarks)
{
	size_t line = 1, i = 0, n;

	while (i < size) {
		n = utf8_sequence((const unsigned char *)bytes + i, size - i);
		if (bytes[i] == '\0' || n == 0) {
			conf_remark_error(remarks, line,
			    bytes[i] == '\0'
				? "a NUL byte, expected a text file"
				: "bytes that are no UTF-8, expected a text file");
			return -1;
		}
		if (bytes[i] == '\n')
			line++;
		i += n;
	}
	return 0;
}

static void
check_proxies(struct conf_remarks *remarks, char *(*environment)(const char *))
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY",
		"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY" };
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		value = environment(names[i]);
		if (value != NULL && value[0] != '\0')
			conf_remark_warning(remarks, 0,
			    "the environment sets %s, which is not used: "
			    "an attempt goes through no proxy",
			    names[i]);
	}
}

int
conf_parse(struct conf *c, const char *file, const char *bytes, size_t size,
    struct conf_notes *notes, char *(*environment)(const char *))
{
	struct conf_remarks remarks = { .file = file };
	struct conf_node root = { .type = CONF_REFUSED };

	set_defaults(c, file);
	set_digest(c, bytes, size);
	if (size > CONF_FILE_BYTES_MAX)
		conf_remark_error(&remarks, 0,
		    "too large, expected at most %d bytes",
		    CONF_FILE_BYTES_MAX);
	else if (check_bytes(bytes, size, &remarks) == 0 &&
	    conf_yaml_read(bytes, size, &root, &remarks) == 0)
		conf_schema_read(&root, c, &remarks, environment);
	if (remarks.n_errors == 0)
		check_proxies(&remarks, environment);
	conf_node_clear(&root);
	conf_remarks_tell(&remarks, notes);
	if (notes->n_errors == 0)
		return 0;
	conf_clear(c);
	return -1;
}

/* Up to size bytes of a file; -1 and errno. */
static ssize_t
read_all(int fd, char *bytes, size_t size)
{
	size_t n = 0;
	ssize_t got = 1;

	while (got > 0 && n < size) {
		got = read(fd, bytes + n, size - n);
		if (got > 0)
			n += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	return got < 0 ? -1 : (ssize_t)n;
}

int
conf_load(struct conf *c, const char *file, struct conf_notes *notes,
    char *(*environment)(const char *))
{
	/* One byte more than is allowed, to see that it is too large. */
	const size_t room = CONF_FILE_BYTES_MAX + 1;
	struct conf_remarks remarks = { .file = file };
	char *bytes = NULL;
	ssize_t n = -1;
	int fd, result;

	memset(c, 0, sizeof(*c));
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		conf_remark_error(&remarks, 0,
		    "cannot open: %s, expected a readable YAML file",
		    strerror(errno));
	else {
		bytes = x_malloc(room);
		n = read_all(fd, bytes, room);
		if (n < 0)
			conf_remark_error(&remarks, 0,
			    "cannot read: %s, expected a readable YAML file",
			    strerror(errno));
		close(fd);
	}
	if (n < 0) {
		conf_remarks_tell(&remarks, notes);
		free(bytes);
		return -1;
	}
	result = conf_parse(c, file, bytes, (size_t)n, notes, environment);
	explicit_bzero(bytes, (size_t)n);
	free(bytes);
	return result;
}

int
conf_keep_path(struct conf *c, const char *name, struct err *e)
{
	struct conf_path kept;
	size_t i, found = c->n_paths;

	for (i = 0; i < c->n_paths; i++)
		if (strcmp(c->paths[i].name, name) == 0)
			found = i;
	if (found == c->n_paths)
		return err_set(e,
		    "%s: no path \"%.64s\", expected one of "
		    "those under paths:",
		    c->file, name);
	kept = c->paths[found];
	for (i = 0; i < c->n_paths; i++)
		if (i != found)
			conf_path_clear(&c->paths[i]);
	c->paths[0] = kept;
	c->n_paths = 1;
	return 0;
}

void
conf_clear(struct conf *c)
{
	size_t i;

	for (i = 0; i < c->n_paths; i++)
		conf_path_clear(&c->paths[i]);
	for (i = 0; i < c->n_endpoints; i++)
		conf_endpoint_clear(&c->endpoints[i]);
	free(c->paths);
	free(c->endpoints);
	free(c->file);
	free(c->database);
	free(c->gateway.provider);
	memset(c, 0, sizeof(*c));
}

void
conf_notes_clear(struct conf_notes *n)
{
	size_t i;

	for (i = 0; i < n->n_errors; i++)
		free(n->errors[i]);
	for (i = 0; i < n->n_warnings; i++)
		free(n->warnings[i]);
	free(n->errors);
	free(n->warnings);
	memset(n, 0, sizeof(*n));
}

char *
conf_gateway_json(const struct conf *c)
{
	static const char *const pools[] = {
		[POOL_PER_DESTINATION] = "per-destination",
		[POOL_PER_ADDRESS] = "per-address",
		[POOL_UNKNOWN] = "unknown",
	};
	const struct conf_gateway *g = &c->gateway;
	char *text;
	json_t *o;

	if (!g->present)
		return NULL;
	o = json_object();
	json_object_set_new(o, "provider", json_text(g->provider));
	json_object_set_new(o, "pool", json_string(pools[g->pool]));
	json_object_set_new(o, "addresses", json_measured(g->addresses));
	json_object_set_new(
	    o, "ports_per_host", json_measured(g->ports_per_host));
	json_object_set_new(o, "time_wait_us", json_measured(g->time_wait_us));
	json_object_set_new(o, "idle_us", json_measured(g->idle_us));
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}
