/*
 * What active commands measured, as far as it bears on a verdict: a ceiling
 * that the application's own connections reached, an idle limit that only the
 * NAT path has, how soon ports come back.  Pure.
 */
#ifndef NATDIFF_EVIDENCE_MEASURED_H
#define NATDIFF_EVIDENCE_MEASURED_H

#include <stdbool.h>
#include <stddef.h>

#include "report/dataset.h"
#include "report/evidence/facts.h"
#include "report/pairs.h"

/*
 * Attempts on the NAT path, by whether their host then held nearly as many
 * sockets as a ramp of its own had found room for.
 */
struct ceiling {
	const struct measurement *ramp; /* the one met last; NULL: none */
	size_t silent_known; /* met silence, with a census near them */
	size_t silent_reached;
	size_t clean_reached; /* connected at once, although it was reached */
};

/*
 * For RAMP_DESTINATION_LIMIT the sockets to the busiest destination count,
 * for RAMP_TOTAL_LIMIT all of them.  A ramp of another host says nothing.
 */
void measured_ceiling(struct ceiling *c, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs,
    const struct scope *scope, enum measurement_finding finding);

/* So many met silence at the ceiling, and most that came to it did. */
bool measured_ceiling_is_reached(const struct ceiling *c);

/* The last one on the NAT path, of that host or (ALL_SERIES) any; or NULL. */
const struct measurement *measured_last(const struct dataset *d,
    const struct scope *scope, enum measurement_finding finding);

/*
 * The last idle limit of the NAT path, by silence or reset, where a direct
 * path to the same destination, tried beside it, lived on.  *direct is that.
 */
const struct measurement *measured_idle(const struct dataset *d,
    const struct scope *scope, const struct measurement **direct);

#endif
