/*
 * The url of an endpoint, taken apart by libcurl and held to what an attempt
 * can use.
 */
#ifndef NATDIFF_PROBE_CONF_URL_H
#define NATDIFF_PROBE_CONF_URL_H

#include "natdiff/err.h"
#include "probe/conf.h"

/*
 * Fill url, scheme, host, port and resource of ep, and its addresses where
 * the host is an address.  -1 and e (which never holds the url: it may carry
 * a secret), ep unchanged, where it cannot be used.
 */
int conf_url_parse(const char *text, struct conf_endpoint *ep, struct err *e);

#endif
