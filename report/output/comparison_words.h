/*
 * What the formats share of a comparison of before and after.
 */
#ifndef NATDIFF_OUTPUT_COMPARISON_WORDS_H
#define NATDIFF_OUTPUT_COMPARISON_WORDS_H

#include "report/comparison.h"

/*
 * Why an endpoint is not compared, and what to do; NULL where it is.  New
 * memory.
 */
char *comparison_refusal_words(
    const struct comparison_endpoint *e, enum comparison_measure measure);

#endif
