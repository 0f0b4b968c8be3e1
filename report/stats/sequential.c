/*
 * Confidence sequence, e-process.
 */
#include "config.h"

#include "report/stats/rmath.h"
#include "report/stats/sequential.h"

#define ALPHA    0.05
#define TIGHTEST 30 /* blocks */
#define LEAST    10 /* blocks before the asymptotics are trusted */
#define E_REJECT 20

struct state {
	double t, mean, ss; /* Welford */
	double above, below;
};

/* log10 of the mixture likelihood against a fair coin. */
static double
log10_e(double above, double below)
{
	return (lbeta(above + 0.5, below + 0.5) - lbeta(0.5, 0.5) +
		   (above + below) * M_LN2) /
	    M_LN10;
}

static double
half_width(const struct state *s)
{
	double r = (-2 * log(ALPHA) + log(1 - 2 * log(ALPHA))) / TIGHTEST;
	double var = s->ss / (s->t - 1), tr = s->t * r + 1;

	return sqrt(var * 2 * tr / (s->t * s->t * r) * log(sqrt(tr) / ALPHA));
}

static void
take(struct state *s, double sum, struct sequential *out)
{
	double delta = sum - s->mean, e;

	s->t++;
	s->mean += delta / s->t;
	s->ss += delta * (sum - s->mean);
	s->above += sum > 0;
	s->below += sum < 0;
	e = log10_e(s->above, s->below);
	if (s->t < 2 || e > out->log10_e)
		out->log10_e = e;
	if (out->e_first == 0 && e >= log10(E_REJECT))
		out->e_first = (size_t)s->t;
	if (out->excluded_at == 0 && s->t >= LEAST &&
	    fabs(s->mean) > half_width(s))
		out->excluded_at = (size_t)s->t;
}

void
sequential_run(const int32_t *x, size_t n, int32_t unit, struct sequential *out)
{
	struct state s = { 0, 0, 0, 0, 0 };
	int64_t sum;
	size_t k, i;

	*out = (struct sequential){ .blocks = n / SEQUENTIAL_BLOCK,
		.log10_e = NAN,
		.mean = NAN,
		.half = NAN };
	for (k = 0; k < out->blocks; k++) {
		sum = 0;
		for (i = 0; i < SEQUENTIAL_BLOCK; i++)
			sum += x[k * SEQUENTIAL_BLOCK + i];
		take(&s, (double)sum / unit, out);
	}
	if (out->blocks < 2)
		return;
	out->mean = s.mean / SEQUENTIAL_BLOCK;
	out->half = half_width(&s) / SEQUENTIAL_BLOCK;
}
