/*
 * Urls of endpoints.
 */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "natdiff/xalloc.h"
#include "probe/conf_url.h"

#define HOST_MAX  253 /* RFC 1035, without the final dot */
#define LABEL_MAX 63

static const struct {
	const char *name;
	enum scheme scheme;
	uint16_t port;
} schemes[] = {
	{ "https", SCHEME_HTTPS, 443 },
	{ "wss", SCHEME_WSS, 443 },
	{ "http", SCHEME_HTTP, 80 },
	{ "ws", SCHEME_WS, 80 },
};

#define N_SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

/* The index of the scheme that text begins with, N_SCHEMES for none. */
static size_t
find_scheme(const char *text)
{
	size_t i, n;

	for (i = 0; i < N_SCHEMES; i++) {
		n = strlen(schemes[i].name);
		if (strncasecmp(text, schemes[i].name, n) == 0 &&
		    strncmp(text + n, "://", 3) == 0)
			break;
	}
	return i;
}

/* What no url of ours holds, before libcurl sees it. */
static int
check_characters(const char *text, struct err *e)
{
	const char *authority = strstr(text, "://") + 3;
	size_t n = strcspn(authority, "/?#"), i;

	if (strlen(text) > CONF_URL_MAX)
		return err_set(e, "url is too long, expected at most %d bytes",
		    CONF_URL_MAX);
	for (i = 0; text[i] != '\0'; i++) {
		if ((unsigned char)text[i] <= 0x20 || text[i] == 0x7f)
			return err_set(e,
			    "url with a blank or control "
			    "character, expected it percent-encoded");
	}
	if (n == 0)
		return err_set(
		    e, "url without a host, expected https://HOST/...");
	if (memchr(authority, '@', n) != NULL)
		return err_set(e,
		    "url with a user or password, expected "
		    "them in headers (Authorization: ...)");
	if (strchr(text, '#') != NULL)
		return err_set(e,
		    "url with a fragment (#...), expected "
		    "none: it is never sent");
	for (i = 0; i < n; i++)
		if ((unsigned char)authority[i] >= 0x80)
			return err_set(e,
			    "url with a host name outside "
			    "ASCII, expected its punycode form (xn--...), "
			    "as \"idn2 NAME\" prints it");
	for (; authority[i] != '\0'; i++)
		if ((unsigned char)authority[i] >= 0x80)
			return err_set(e,
			    "url with a character outside "
			    "ASCII, expected it percent-encoded");
	return 0;
}

/* Letters, digits, '-' and '_' in labels of a sensible length. */
static int
check_host(const char *host, struct err *e)
{
	size_t label = 0, i;

	if (strlen(host) > HOST_MAX)
		return err_set(e,
		    "url with too long a host name, expected "
		    "at most %d bytes",
		    HOST_MAX);
	for (i = 0; host[i] != '\0'; i++) {
		if (host[i] == '.') {
			if (label == 0)
				break;
			label = 0;
			continue;
		}
		if (!isalnum((unsigned char)host[i]) && host[i] != '-' &&
		    host[i] != '_')
			break;
		if (++label > LABEL_MAX)
			break;
	}
	if (host[i] != '\0' || i == 0)
		return err_set(e,
		    "url with a bad host name, expected labels "
		    "of letters, digits and '-', at most %d long each",
		    LABEL_MAX);
	return 0;
}

/* One part of the url, new memory, NULL where it has none. */
static char *
part(CURLU *u, CURLUPart what)
{
	char *from_curl = NULL, *copy;

	if (curl_url_get(u, what, &from_curl, 0) != CURLUE_OK)
		return NULL;
	copy = x_strdup(from_curl);
	curl_free(from_curl);
	return copy;
}

/*
 * The host without brackets, in lower case; an address also becomes the
 * one that is pinned.
 */
static int
take_host(
    CURLU *u, char **host, struct endpoint_address *address, struct err *e)
{
	char *zone = part(u, CURLUPART_ZONEID), *h = part(u, CURLUPART_HOST);
	int result = -1;
	size_t n, i;

	memset(address, 0, sizeof(*address));
	if (h == NULL) {
		err_set(e, "url without a host, expected https://HOST/...");
		goto out;
	}
	if (zone != NULL) {
		err_set(e,
		    "url with an IPv6 zone, expected an address that "
		    "is valid beyond this host");
		goto out;
	}
	n = strlen(h);
	if (h[0] == '[' && n > 2) {
		memmove(h, h + 1, n - 2);
		h[n - 2] = '\0';
		if (endpoint_address_parse(h, address) != 0) {
			err_set(e,
			    "url with a bad IPv6 address, expected "
			    "it as in https://[2001:db8::1]/");
			goto out;
		}
	} else if (endpoint_address_parse(h, address) != 0 &&
	    check_host(h, e) != 0)
		goto out;
	for (i = 0; h[i] != '\0'; i++)
		h[i] = (char)tolower((unsigned char)h[i]);
	*host = h;
	h = NULL;
	result = 0;
out:
	free(zone);
	free(h);
	return result;
}

static int
take_port(CURLU *u, uint16_t otherwise, uint16_t *port, struct err *e)
{
	char *text = part(u, CURLUPART_PORT);
	long value = otherwise;

	if (text != NULL)
		value = strtol(text, NULL, 10);
	free(text);
	if (value < 1 || value > 65535)
		return err_set(e, "url with a bad port, expected 1 to 65535");
	*port = (uint16_t)value;
	return 0;
}

static char *
resource(CURLU *u)
{
	char *path = part(u, CURLUPART_PATH), *query, *all;

	query = part(u, CURLUPART_QUERY);
	all = x_asprintf("%s%s%s", path != NULL ? path : "/",
	    query != NULL ? "?" : "", query != NULL ? query : "");
	free(path);
	free(query);
	return all;
}

int
conf_url_parse(const char *text, struct conf_endpoint *ep, struct err *e)
{
	struct endpoint_address address;
	size_t scheme = find_scheme(text);
	CURLUcode code;
	char *host = NULL;
	uint16_t port = 0;
	int result = -1;
	CURLU *u;

	if (scheme == N_SCHEMES)
		return err_set(e,
		    "url of an unknown scheme, expected "
		    "https://, wss://, http:// or ws://");
	if (check_characters(text, e) != 0)
		return -1;
	u = curl_url();
	if (u == NULL)
		return err_set(e, "out of memory");
	code = curl_url_set(u, CURLUPART_URL, text,
	    CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS | CURLU_DISALLOW_USER);
	if (code != CURLUE_OK) {
		err_set(
		    e, "url that cannot be used: %s", curl_url_strerror(code));
		goto out;
	}
	if (take_host(u, &host, &address, e) != 0 ||
	    take_port(u, schemes[scheme].port, &port, e) != 0)
		goto out;
	ep->url = x_strdup(text);
	ep->scheme = schemes[scheme].scheme;
	ep->host = host;
	host = NULL;
	ep->port = port;
	ep->resource = resource(u);
	if (address.family != 0) {
		ep->addresses = x_calloc(1, sizeof(*ep->addresses));
		ep->addresses[0] = address;
		ep->n_addresses = 1;
	}
	result = 0;
out:
	free(host);
	curl_url_cleanup(u);
	return result;
}
