/*
 * When an agent was silent.  A slot without a direct attempt says nothing
 * about the nat path, and a reader must see which times those are.
 */
#ifndef NATDIFF_REPORT_GAPS_H
#define NATDIFF_REPORT_GAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"

/* The silences of one series. */
struct gap {
	size_t count;     /* of those between two of its attempts */
	int64_t from_us;  /* the longest: from the attempt before it */
	int64_t to_us;    /* ... to that behind it */
	bool begins_late; /* long behind the first attempt of all */
	bool ends_early;
	int64_t first_us; /* its first and last attempt */
	int64_t last_us;
};

/*
 * The gaps of each series of d, in new memory.  A gap is a distance between
 * two slots that is more than four times what is usual for the series (a
 * fleet takes turns, cron may fire every sixth slot), in the endpoint that it
 * fires at the most.
 */
struct gap *gaps_find(const struct dataset *d);

#endif
