/*
 * How much data is needed.
 */
#ifndef NATDIFF_STATS_POWER_H
#define NATDIFF_STATS_POWER_H

#define POWER_DEFAULT 0.8

/*
 * Pairs needed to see a paired difference with rates p10 (only NAT fails) and
 * p01 (only direct fails) at two-sided level alpha:
 *	deff (za sqrt(psi) + zb sqrt(psi - D^2))^2 / D^2,
 *	psi = p10 + p01, D = p10 - p01  (Connett, Smith and McHugh 1987).
 * Inf at D = 0, NaN where the rates are none.
 */
double power_pairs(
    double p10, double p01, double power, double alpha, double deff);

/* Pairs still missing after n; 0 when there are enough. */
double power_more_pairs(
    double p10, double p01, double power, double alpha, double deff, double n);

/* Pairs that the gate of the block test still asks for. */
double power_gate_pairs(double tau, double n);

/*
 * Upper 95 % limit of a rate of which n pairs showed none:
 * 1 - 0.05^(deff / n).  NaN at n = 0.
 */
double power_zero_bound(double n, double deff);

#endif
