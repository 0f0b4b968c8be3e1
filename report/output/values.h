/*
 * Values as people read them, three digits and a unit.
 */
#ifndef NATDIFF_OUTPUT_VALUES_H
#define NATDIFF_OUTPUT_VALUES_H

#include <stddef.h>

#include "report/stats/interval.h"

struct value {
	char s[48];
};

struct value value_duration(double us);       /* "37.4 ms", "-" for NaN */
struct value value_percent(double share);     /* "1.33 %" */
struct value value_percents(struct interval); /* "0.52-3.38 %" */

/* Differences, with their sign and interval: "+91.3 (84.6 to 95.0)". */
struct value value_points(double difference, struct interval ci);
struct value value_shift(double us, struct interval ci);

struct value value_p(double p);             /* "p=0.012", "p<0.001" */
struct value value_factor(double log10_bf); /* "x12", "/3.2" */

#endif
