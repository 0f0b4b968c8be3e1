/*
 * What this host is: read from /proc, /sys and the kernel, without root.
 * Missing facts are NULL or NOT_MEASURED.
 */
#ifndef NATDIFF_PROBE_HOSTFACTS_H
#define NATDIFF_PROBE_HOSTFACTS_H

#include <stdint.h>

#include "natdiff/record.h"

/* Facts that do not change while a process lives; strings are owned. */
struct hostfacts {
	char *host_name;
	char *kernel;
	char *boot_id;
	int64_t boot_at_us;
	char *virtualisation; /* "container docker, vm amazon" */
	/*
	 * A JSON object: sysctls by the last part of their name, numbers
	 * where they are one, null where there is none; file_max,
	 * rlimit_nofile_soft and _hard (-1: no limit), dmi_sys_vendor and
	 * dmi_product_name.
	 */
	char *facts_json;
	int64_t clock_synchronised;
	int64_t clock_max_error_us;
};

void hostfacts_read(struct hostfacts *f);
void hostfacts_clear(struct hostfacts *f);

/*
 * The part that reads files, below root instead of "/": for tests.  What does
 * not come from a file is left alone.
 */
void hostfacts_read_files(struct hostfacts *f, const char *root);

#endif
