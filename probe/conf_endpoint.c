/*
 * The endpoints of the configuration, witness and whoami among them.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "natdiff/xalloc.h"
#include "probe/conf_header.h"
#include "probe/conf_reader.h"
#include "probe/conf_schema.h"
#include "probe/conf_url.h"

void
conf_read_url(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	const char *text = conf_text_of(r, v, k->name, "https://HOST/...");
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
is_list(struct conf_reader *r, const struct conf_node *v,
    const struct conf_key *k, size_t max)
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
    struct conf_reader *r, const struct conf_node *v, struct conf_endpoint *ep)
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

void
conf_read_headers(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	struct conf_endpoint *ep = field;
	size_t i;

	if (!is_list(r, v, k, CONF_HEADERS_MAX))
		return;
	ep->headers = x_calloc(v->n, sizeof(*ep->headers));
	for (i = 0; i < v->n; i++)
		read_header(r, &v->items[i], ep);
}

void
conf_read_record(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
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
		text = conf_text_of(r, &v->items[i], k->name, expected);
		if (text == NULL)
			continue;
		if (!conf_header_is_name(text) ||
		    strlen(text) > CONF_NAME_MAX) {
			conf_tell_bad(r, &v->items[i], k, expected);
			continue;
		}
		if (strcasecmp(text, "set-cookie") == 0) {
			conf_tell_bad(r, &v->items[i], k,
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

void
conf_read_addresses(struct conf_reader *r, const struct conf_node *v,
    void *field, const struct conf_key *k)
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
		if (conf_host_address(r, &v->items[i], k, &a) != 0)
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
check_endpoint(struct conf_reader *r, size_t line, const struct conf_seen *seen,
    struct conf_endpoint *ep)
{
	size_t at, i;
	struct endpoint_address literal;

	if (conf_line_of(seen, conf_endpoint_keys, "url") == 0)
		conf_remark_error(r->remarks, line,
		    "endpoint %s has no url, expected url: https://HOST/...",
		    ep->name);
	for (i = 0; i < ep->n_addresses; i++)
		ep->addresses[i].port = ep->port;
	if (ep->url == NULL)
		return;
	at = conf_line_of(seen, conf_endpoint_keys, "addresses");
	if (at > 0 && endpoint_address_parse(ep->host, &literal) == 0)
		conf_remark_error(r->remarks, at,
		    "addresses beside a url with an address, expected a name "
		    "in the url or no addresses");
	at = conf_line_of(seen, conf_endpoint_keys, "ca");
	if (at > 0 && ep->ca != NULL && access(ep->ca, R_OK) != 0)
		conf_remark_error(r->remarks, at,
		    "ca: %s: %s, expected a readable PEM file", ep->ca,
		    strerror(errno));
	if (at > 0 && !conf_endpoint_uses_tls(ep))
		conf_remark_warning(
		    r->remarks, at, "ca is not used: the url has no TLS");
	at = conf_line_of(seen, conf_endpoint_keys, "verify");
	if (!ep->verify)
		conf_remark_warning(r->remarks, at,
		    "verify: no: endpoint %s may be anybody's, its "
		    "certificate is not checked",
		    ep->name);
}

static void
add_endpoint(struct conf_reader *r, const struct conf_endpoint *ep)
{
	struct conf *c = r->c;

	c->endpoints = x_reallocarray(
	    c->endpoints, c->n_endpoints + 1, sizeof(*c->endpoints));
	c->endpoints[c->n_endpoints++] = *ep;
}

static void
read_endpoint(struct conf_reader *r, const struct conf_node *key,
    const struct conf_node *v, const char *kind)
{
	struct conf_endpoint ep = { .verify = true, .kind = kind };
	struct conf_seen seen = { { 0 } };

	if (!conf_node_is_empty(v) && !conf_is_mapping(r, v, key->text))
		return;
	ep.name = x_strdup(key->text);
	if (v->type == CONF_MAPPING)
		conf_read_mapping(r, v, conf_endpoint_keys, &ep, &seen);
	check_endpoint(r, key->line, &seen, &ep);
	add_endpoint(r, &ep);
}

static bool
read_named(struct conf_reader *r, const struct conf_node *key,
    const struct conf_node *v)
{
	if (strcmp(key->text, "witness") == 0 ||
	    strcmp(key->text, "whoami") == 0) {
		conf_remark_error(r->remarks, key->line,
		    "endpoint named %s, expected another name: %s: "
		    "is a key of its own",
		    key->text, key->text);
		return true;
	}
	if (r->c->n_endpoints == CONF_ENDPOINTS_MAX) {
		conf_remark_error(r->remarks, key->line,
		    "too many endpoints, expected at most %d",
		    CONF_ENDPOINTS_MAX);
		return false;
	}
	read_endpoint(r, key, v, "endpoint");
	return true;
}

void
conf_read_endpoints(struct conf_reader *r, const struct conf_node *v,
    void *field, const struct conf_key *k)
{
	(void)field;
	conf_each_name(r, v, k, "an endpoint", read_named);
}

/* witness and whoami: a url, or a mapping with the keys of an endpoint. */
void
conf_read_special(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
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

bool
conf_endpoint_uses_tls(const struct conf_endpoint *ep)
{
	return ep->scheme == SCHEME_HTTPS || ep->scheme == SCHEME_WSS;
}

bool
conf_endpoint_is_websocket(const struct conf_endpoint *ep)
{
	return ep->scheme == SCHEME_WSS || ep->scheme == SCHEME_WS;
}

char *
conf_endpoint_host_header(const struct conf_endpoint *ep)
{
	bool v6 = strchr(ep->host, ':') != NULL;
	uint16_t usual = conf_endpoint_uses_tls(ep) ? 443 : 80;

	if (ep->port == usual)
		return x_asprintf(
		    "%s%s%s", v6 ? "[" : "", ep->host, v6 ? "]" : "");
	return x_asprintf(
	    "%s%s%s:%u", v6 ? "[" : "", ep->host, v6 ? "]" : "", ep->port);
}

bool
conf_endpoint_is_special(const struct conf_endpoint *ep)
{
	return strcmp(ep->kind, "endpoint") != 0;
}

bool
conf_endpoint_is_whoami(const struct conf_endpoint *ep)
{
	return strcmp(ep->kind, "whoami") == 0;
}

void
conf_move_special(struct conf *c)
{
	struct conf_endpoint special[2];
	size_t kept = 0, n = 0, i;

	for (i = 0; i < c->n_endpoints; i++) {
		if (conf_endpoint_is_special(&c->endpoints[i]))
			special[n++] = c->endpoints[i];
		else
			c->endpoints[kept++] = c->endpoints[i];
	}
	if (n == 2 && conf_endpoint_is_whoami(&special[0])) {
		c->endpoints[kept++] = special[1];
		n = 1;
	}
	for (i = 0; i < n; i++)
		/* cppcheck-suppress uninitvar; there are n of them */
		c->endpoints[kept++] = special[i];
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
