/*
 * Resolving all names of a configuration.
 */
#include "config.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "probe/check_names.h"
#include "probe/resolve.h"

static void
on_answer(void *arg, const struct resolve_answer *answer)
{
	struct checked_name *name = arg;

	name->failure = answer->failure;
	name->addresses = resolve_answer_text(answer);
}

/* Neither pinned nor an address, and not asked for an earlier endpoint. */
static bool
needs_asking(const struct conf *c, size_t endpoint)
{
	const struct conf_endpoint *ep = &c->endpoints[endpoint];
	struct endpoint_address literal;
	size_t i;

	for (i = 0; i < endpoint; i++)
		if (strcmp(c->endpoints[i].host, ep->host) == 0 &&
		    c->endpoints[i].n_addresses == 0)
			return false;
	return ep->n_addresses == 0 &&
	    endpoint_address_parse(ep->host, &literal) != 0;
}

/* All that is to be asked on one path; the loop ends with the last answer. */
static int
ask_on_path(struct event_base *base, const struct conf *c,
    const struct conf_path *path, struct checked_name *names, size_t *n,
    struct err *e)
{
	struct resolver *r =
	    resolver_new(base, path, c->timeout_us[PHASE_DNS], e);
	size_t i;

	if (r == NULL)
		return -1;
	for (i = 0; i < c->n_endpoints; i++) {
		if (!needs_asking(c, i))
			continue;
		names[*n].path = path;
		names[*n].host = c->endpoints[i].host;
		resolver_ask(r, c->endpoints[i].host, c->endpoints[i].port,
		    on_answer, &names[(*n)++]);
	}
	/* Without open questions the resolver has no event left. */
	event_base_dispatch(base);
	resolver_free(r);
	return 0;
}

int
check_names(
    const struct conf *c, struct checked_name **names, size_t *n, struct err *e)
{
	struct event_base *base = event_base_new();
	size_t i;
	int result = 0;

	*n = 0;
	*names = x_calloc(c->n_paths * c->n_endpoints, sizeof(**names));
	if (base == NULL)
		result = err_set(e, "names: libevent cannot start");
	for (i = 0; i < c->n_paths && result == 0; i++)
		result = ask_on_path(base, c, &c->paths[i], *names, n, e);
	if (base != NULL)
		event_base_free(base);
	if (result != 0) {
		check_names_free(*names, *n);
		*names = NULL;
		*n = 0;
	}
	return result;
}

void
check_names_free(struct checked_name *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(names[i].addresses);
	free(names);
}
