/*
 * What is known of providers' NAT gateways: limits, timers, names of settings
 * and commands, each with its source.  The data ship as providers.conf, where
 * their form is described.
 */
#ifndef NATDIFF_PROVIDERS_H
#define NATDIFF_PROVIDERS_H

#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/text.h"

#define PROVIDER_SOURCES_MAX 4 /* of one item */

enum item_kind {
	ITEM_POOL,
	ITEM_LIMIT,
	ITEM_TIMER,
	ITEM_SETTING,
	ITEM_METRIC,
	ITEM_COMMAND,
	ITEM_KINDS
};

struct provider_source {
	char *id;
	char *date; /* its own; NULL: see read_on */
	char *text; /* an address, or a title */
};

struct provider_item {
	enum item_kind kind;
	char *name;
	int64_t value; /* limit: the number; timer: microseconds */
	char *unit;    /* limit: of the number; else NULL */
	char *text;    /* a command: itself; else a remark, or NULL */
	size_t sources[PROVIDER_SOURCES_MAX]; /* numbers in providers.source */
	size_t n_sources;
};

struct provider {
	char *name;  /* as the configuration spells it: "gcp" */
	char *title; /* "Google Cloud NAT" */
	struct provider_item *item;
	size_t n_items;
};

struct providers {
	char *read_on; /* "2026-11-21": when sources without a date were read */
	struct provider_source *source;
	size_t n_sources;
	struct provider *provider;
	size_t n_providers;
};

/* The word of a kind in the file: "limit". */
const char *item_kind_name(enum item_kind k);

/* What is built in: providers.conf as it shipped. */
void providers_default(struct providers *p);

/* Read another file; -1 and e, "FILE:LINE: what, expected what". */
int providers_read(struct providers *p, const char *file, struct err *e);

/* The same from memory. */
int providers_parse(struct providers *p, const char *file, const char *text,
    size_t size, struct err *e);

void providers_clear(struct providers *p);

/* NULL where there is none of that name; name may be NULL. */
const struct provider *providers_find(
    const struct providers *p, const char *name);
const struct provider_item *provider_item(
    const struct provider *p, enum item_kind kind, const char *name);

/* Add an item's value as people read it: "64512 ports", "120s", a name. */
void provider_item_say(const struct provider_item *i, struct text *out);

/* Add a source, by its number: "https://... (2026-04-08)". */
void providers_cite(const struct providers *p, size_t source, struct text *out);

/* Add where an item was read: "https://... (2026-04-08); ... (read ...)". */
void provider_item_cite(
    const struct providers *p, const struct provider_item *i, struct text *out);

#endif
