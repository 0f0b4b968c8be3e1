/*
 * Imported captures as the attempts of one endpoint see them, whatever is
 * asked of these: found once, so that a finding costs its own length.
 */
#ifndef NATDIFF_EVIDENCE_CAPTURE_VIEW_H
#define NATDIFF_EVIDENCE_CAPTURE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/pairs.h"

struct capture_view {
	const struct captures *c;
	bool *outside;    /* by captures.addresses: one of the NAT's */
	uint32_t *target; /* by dataset.targets: in captures, or UINT32_MAX */
	uint32_t *mine;   /* the endpoint's, in captures.targets */
	size_t n_mine;
	uint32_t *complete; /* its clients outside, of complete captures */
	size_t n_complete;
	/*
	 * By pair: a complete capture from outside saw its target for as long
	 * as its NAT side connected.  Of these, how many did.
	 */
	uint8_t *covered;
	size_t ok;
	int64_t seen;           /* connections to its targets, from outside */
	int64_t from_us, to_us; /* between the first and the last capture's */
	uint32_t *taken;        /* by flow: the finding that took it last */
	uint32_t finding;       /* number of the finding at hand */
};

/* NULL where there are no captures; pairs are all of the endpoint's. */
struct capture_view *capture_view_make(const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs);

void capture_view_free(struct capture_view *v);

/* When attempt i began to connect and was over with it. */
void capture_view_times(const struct dataset *d, const struct attempts *a,
    size_t i, int64_t *from_us, int64_t *to_us);

#endif
