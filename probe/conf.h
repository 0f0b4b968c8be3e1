/*
 * The configuration: YAML in, plain data out.  Scalars are text until the
 * schema here types them.  Secrets stay in memory: values of request headers
 * are the only place for them.
 */
#ifndef NATDIFF_PROBE_CONF_H
#define NATDIFF_PROBE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"

/* Bounds; each error message that meets one states it. */
#define CONF_FILE_BYTES_MAX (1024 * 1024)
#define CONF_ENDPOINTS_MAX  100
#define CONF_PATHS_MAX      16
#define CONF_ADDRESSES_MAX  64
#define CONF_HEADERS_MAX    32
#define CONF_BURST_MAX      1000
#define CONF_FLEET_MAX      100000
#define CONF_BUDGET_MAX     1000000
#define CONF_NAME_MAX       64 /* of a path or an endpoint */
#define CONF_URL_MAX        2048
#define CONF_HEADER_MAX     8192 /* bytes of one header, secret included */

/* Shorter slots pair badly over two clocks; a longer one is no series. */
#define CONF_INTERVAL_MIN_US INT64_C(100000)
#define CONF_INTERVAL_MAX_US INT64_C(86400000000)
#define CONF_TIMEOUT_MIN_US  INT64_C(10000)
#define CONF_TIMEOUT_MAX_US  INT64_C(600000000)
/* "retain: 30", meant as days, is 30 s: the least keeps it from deleting. */
#define CONF_RETAIN_MIN_US     INT64_C(3600000000)
#define CONF_RETAIN_MAX_US     INT64_C(315360000000000)
#define CONF_RETAIN_DEFAULT_US (INT64_C(30) * 86400 * 1000000)

/* Where conf_default_file() looks. */
#define CONF_FILE        "/etc/natdiff/natdiff.yaml"
#define CONF_ENVIRONMENT "NATDIFF_CONFIG"

/* Where rows go unless something else is said. */
#define CONF_DATABASE "/var/lib/natdiff/natdiff.db"

enum scheme { SCHEME_HTTPS, SCHEME_WSS, SCHEME_HTTP, SCHEME_WS };

struct conf_path {
	char *name;
	enum role role;
	char *interface;                /* NULL: any */
	struct endpoint_address source; /* family 0: any */
	bool has_mark;
	uint32_t mark;
};

struct conf_endpoint {
	char *name;
	char *url; /* as written */
	enum scheme scheme;
	char *host; /* without brackets */
	uint16_t port;
	char *resource; /* path and query, "/" at least */
	char **headers; /* "Name: value", secrets filled in; never print */
	size_t n_headers;
	char **record; /* response headers to keep, lower case */
	size_t n_record;
	char *ca; /* NULL: the system's */
	bool verify;
	bool control;
	const char *kind; /* endpoint | witness | whoami */
	/* Pinned, with port; the one address of a url that has no name. */
	struct endpoint_address *addresses;
	size_t n_addresses;
};

enum pool { POOL_PER_DESTINATION, POOL_PER_ADDRESS, POOL_UNKNOWN };

/* What is known of the NAT; NOT_MEASURED and NULL where not stated. */
struct conf_gateway {
	bool present;
	char *provider;
	enum pool pool;
	int64_t addresses;
	int64_t ports_per_host;
	int64_t time_wait_us;
	int64_t idle_us;
};

struct conf {
	char *file;
	char digest[2 * SHA256_SIZE + 1]; /* of the file's bytes */
	char *database;
	int64_t retain_us; /* 0: for ever */
	struct conf_path *paths;
	size_t n_paths;
	/* witness and whoami are here too, as the last ones. */
	struct conf_endpoint *endpoints;
	size_t n_endpoints;
	int64_t interval_us;
	int burst;
	int64_t port_budget;
	int64_t fleet;
	int64_t timeout_us[PHASE_COUNT];
	struct conf_gateway gateway;
};

/*
 * What reading found, in the order of lines: "FILE:LINE: what, expected
 * what" and "FILE:LINE: warning: what".
 */
struct conf_notes {
	char **errors;
	size_t n_errors;
	char **warnings;
	size_t n_warnings;
};

/* The file of $NATDIFF_CONFIG, else the one in /etc. */
const char *conf_default_file(void);

/*
 * Read a configuration, all errors of it.  -1 where there is one; *c is
 * cleared then.  environment is asked for ${NAME}: getenv() but in tests.
 */
int conf_load(struct conf *c, const char *file, struct conf_notes *notes,
    char *(*environment)(const char *));

/* The same from memory; file is the name in messages. */
int conf_parse(struct conf *c, const char *file, const char *bytes, size_t size,
    struct conf_notes *notes, char *(*environment)(const char *));

/* Keep only the named path; -1 and e, *c as it was, if there is none. */
int conf_keep_path(struct conf *c, const char *name, struct err *e);

void conf_clear(struct conf *c);
void conf_notes_clear(struct conf_notes *n);

/* https and wss. */
bool conf_endpoint_uses_tls(const struct conf_endpoint *ep);
bool conf_endpoint_is_websocket(const struct conf_endpoint *ep);

/* witness and whoami: asked for the address that the far end sees. */
bool conf_endpoint_is_special(const struct conf_endpoint *ep);
bool conf_endpoint_is_whoami(const struct conf_endpoint *ep);

/* "host", "host:8443", "[2001:db8::1]:8443", as Host wants it; free(). */
char *conf_endpoint_host_header(const struct conf_endpoint *ep);

/* The gateway section as a JSON object, NULL where there is none; free(). */
char *conf_gateway_json(const struct conf *c);

#endif
