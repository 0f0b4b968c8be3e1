/*
 * Sample sizes.
 */
#include "config.h"

#include "report/stats/block.h"
#include "report/stats/power.h"
#include "report/stats/rmath.h"

double
power_pairs(double p10, double p01, double power, double alpha, double deff)
{
	double psi = p10 + p01, d = p10 - p01, za, zb, root;

	if (!(psi >= 0) || !(psi <= 1) || p10 < 0 || p01 < 0)
		return NAN;
	if (d == 0)
		return INFINITY;
	za = qnorm(1 - alpha / 2, 0, 1, 1, 0);
	zb = qnorm(power, 0, 1, 1, 0);
	root = za * sqrt(psi) + zb * sqrt(psi - d * d);
	return ceil(deff * (root * root) / (d * d));
}

double
power_more_pairs(
    double p10, double p01, double power, double alpha, double deff, double n)
{
	double need = power_pairs(p10, p01, power, alpha, deff);

	return isnan(need) ? NAN : fmax(0, need - n);
}

double
power_gate_pairs(double tau, double n)
{
	if (isnan(tau))
		tau = 1;
	return fmax(0, ceil(BLOCK_LEAST * (BLOCK_TAU_PER_BLOCK * tau)) - n);
}

double
power_zero_bound(double n, double deff)
{
	return n > 0 ? 1 - pow(0.05, fmax(1, deff) / n) : NAN;
}
