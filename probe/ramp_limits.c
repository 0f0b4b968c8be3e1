/*
 * Looking a ceiling up among the providers' limits.
 */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "probe/ramp_limits.h"

/* Whether an item limits what a ramp measures. */
static bool
is_ceiling(const struct provider_item *i)
{
	if (i->kind != ITEM_LIMIT)
		return false;
	if (strcmp(i->unit, "ports") == 0)
		return true;
	return strcmp(i->unit, "connections") == 0 &&
	    strcmp(i->name, "connections-per-destination") == 0;
}

size_t
ramp_limits(const struct providers *p, const char *provider, int64_t low,
    int64_t high, struct ramp_limit out[RAMP_LIMITS_MAX])
{
	const struct provider *only = providers_find(p, provider);
	const struct provider_item *item;
	size_t i, k, n = 0;

	for (i = 0; i < p->n_providers; i++) {
		if (only != NULL && only != &p->provider[i])
			continue;
		for (k = 0; k < p->provider[i].n_items; k++) {
			item = &p->provider[i].item[k];
			if (!is_ceiling(item) || item->value < low ||
			    item->value > high || n == RAMP_LIMITS_MAX)
				continue;
			out[n++] = (struct ramp_limit){ &p->provider[i], item };
		}
	}
	return n;
}
