/*
 * What this host is and what it has left: read from /proc, /sys and the
 * kernel, without root.  Missing facts are NULL or NOT_MEASURED.
 */
#ifndef NATDIFF_PROBE_HOSTFACTS_H
#define NATDIFF_PROBE_HOSTFACTS_H

#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"

/* Facts that do not change while a process lives; strings are owned. */
struct hostfacts {
	char *host_name;
	char *kernel;
	char *boot_id;
	int64_t boot_at_us;
	char *virtualisation;
	char *facts_json; /* sysctls by name */
	int64_t clock_synchronised;
	int64_t clock_max_error_us;
};

void hostfacts_read(struct hostfacts *f);
void hostfacts_clear(struct hostfacts *f);

/* Fill the limits of a sample (all but run, slot, at_us and the census). */
void hostlimits_read(struct host_sample_record *s);

#endif
