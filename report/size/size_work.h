/*
 * What the parts of size_plan() share: one computation, the steps of it that
 * several providers have, and the providers that compute.
 */
#ifndef NATDIFF_SIZE_SIZE_WORK_H
#define NATDIFF_SIZE_SIZE_WORK_H

#include "report/size/size.h"

/* One computation: with the steps written down, or for its result alone. */
struct work {
	struct size_plan *plan;
	const struct provider *provider;
	const struct demand *m;
	double hold_s; /* 0: connections are used again */
	double room;
	bool written;
	struct demand_peak peak;
	struct size_answer a;
	struct err *e;
};

/*
 * The providers: they set a, but for 0 in what they do not have, and write the
 * steps down.  -1 and e where a limit is missing.
 */
int size_gcp(struct work *w);
int size_azure_lb(struct work *w);
int size_shared(struct work *w);
int size_linux(struct work *w);

/* Write down, where anything is written: a step; limit may be NULL. */
void size_add_step(struct work *w, const char *what, double value,
    const char *unit, const struct provider_item *limit, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
void size_add_remark(struct work *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A command of the provider's data with n numbers for a word, in order. */
void size_add_command(struct work *w, const char *name, const char *word,
    const int64_t values[], size_t n);

/* A limit of the provider, or NULL; need says in e that it is not there. */
const struct provider_item *size_find_limit(
    const struct work *w, const char *name);
const struct provider_item *size_need_limit(struct work *w, const char *name);

/* Whole ones: not one more because of a rounding error. */
int64_t size_whole(double x);

/* Ports for so many open connections and new ones a second. */
double size_wanted(double open, double rate, const struct work *w);

/* Ports to one destination, of all hosts: they go into a. */
void size_ports_of_all(struct work *w);

/* Those of the busiest host, at least 1. */
int64_t size_ports_of_busiest(struct work *w);

/* Addresses, so that each holds what one can; at least what there was. */
void size_addresses_for(struct work *w, double ports,
    const struct provider_item *per, const char *how);

/* Gateways, where one takes only so many addresses. */
void size_gateways(struct work *w);

#endif
