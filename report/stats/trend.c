/*
 * Failures against load.
 */
#include "config.h"

#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/rmath.h"
#include "report/stats/trend.h"

void
trend_load(
    const uint8_t *failed, const int64_t *load, size_t n, struct trend *out)
{
	double *score, p = 0, mean = 0, together = 0, spread = 0, all, l;
	size_t i;

	out->correlation = out->armitage_p = NAN;
	if (n == 0) {
		block_test_real(NULL, 0, &out->block);
		return;
	}
	for (i = 0; i < n; i++) {
		p += failed[i];
		mean += (double)load[i];
	}
	score = x_calloc(n, sizeof(*score));
	p /= (double)n;
	mean /= (double)n;
	for (i = 0; i < n; i++) {
		l = (double)load[i] - mean;
		score[i] = (failed[i] - p) * l;
		together += score[i];
		spread += l * l;
	}
	block_test_real(score, n, &out->block);
	free(score);
	/* The Armitage statistic is n r^2. */
	all = (double)n * p * (1 - p) * spread;
	if (!(all > 0))
		return;
	out->correlation = together / sqrt(all);
	out->armitage_p =
	    pchisq((double)n * together * together / all, 1, 0, 0);
}
