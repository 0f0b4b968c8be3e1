/*
 * What this host has left: read from /proc and the kernel, without root.
 * What cannot be read is NOT_MEASURED.
 */
#ifndef NATDIFF_PROBE_HOSTLIMITS_H
#define NATDIFF_PROBE_HOSTLIMITS_H

#include <stdint.h>

#include "natdiff/record.h"

struct ethtool_gstrings;
struct ethtool_stats;

/* Fill the limits of a sample (all but run, slot, at_us and the census). */
void hostlimits_read(struct host_sample_record *s);

/*
 * The part that reads files, below root instead of "/": for tests.  What does
 * not come from a file is left alone.
 */
void hostlimits_read_files(struct host_sample_record *s, const char *root);

/*
 * Add to *sum the values of those of an interface's statistics that are named
 * *_allowance_exceeded; it stays NOT_MEASURED while there is none.
 */
void hostlimits_add_allowances(const struct ethtool_gstrings *names,
    const struct ethtool_stats *values, int64_t *sum);

#endif
