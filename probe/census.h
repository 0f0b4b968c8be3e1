/*
 * Who eats the ports: this host's own TCP sockets by destination and state,
 * from the kernel's sock_diag(7), without root.
 */
#ifndef NATDIFF_PROBE_CENSUS_H
#define NATDIFF_PROBE_CENSUS_H

#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"

/*
 * Count the sockets that have a far end: one record a wanted destination, in
 * their order, then one for all of them (family 0).  *records is new memory,
 * n_wanted + 1 long; 0, or -1 and e where the kernel refuses.
 * ports_in_use, where not NULL, gets the distinct local ports within
 * first..last.  own is left 0.
 */
int census_count(const struct endpoint_address *wanted, size_t n_wanted,
    int64_t first, int64_t last, struct census_record **records,
    int64_t *ports_in_use, struct err *e);

/*
 * The busiest destinations, most sockets first, at most max of them: for
 * "natdiff-probe census".  *records is new memory.
 */
int census_busiest(size_t max, struct census_record **records, size_t *n,
    struct err *e);

#endif
