/*
 * Fuzzes reading a configuration, and the plan made of it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "probe/conf.h"
#include "probe/plan.h"

/* libFuzzer's entry; tests/fuzz/replay.c calls it too. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char *
environment(const char *name)
{
	static char key[] = "sesame";

	return strcmp(name, "API_KEY") == 0 ? key : NULL;
}

static void
use(const struct conf *c)
{
	struct footprint f;
	struct shot *shots;
	struct text words;
	struct err e;
	size_t n, i;

	free(conf_gateway_json(c));
	if (plan_footprint(c, &f, &e) == 0 && f.rotation < 1)
		abort();
	text_init(&words, 1024 * 1024);
	plan_describe(c, &f, &words);
	text_clear(&words);
	if ((int64_t)c->n_endpoints * c->burst > 1000)
		return;
	shots = plan_slot_shots(c, 179523630, true, &n);
	for (i = 0; i < n; i++)
		if (shots[i].offset_us < 0 ||
		    shots[i].offset_us >= c->interval_us ||
		    shots[i].endpoint >= (int)c->n_endpoints)
			abort();
	free(shots);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct conf_notes notes;
	struct conf c;
	size_t i;

	if (conf_parse(
		&c, "f", (const char *)bytes, size, &notes, environment) == 0) {
		if (notes.n_errors > 0 || c.n_paths == 0 || c.n_endpoints == 0)
			abort();
		use(&c);
		conf_clear(&c);
	} else if (notes.n_errors == 0)
		abort();
	for (i = 0; i < notes.n_errors; i++)
		if (strpbrk(notes.errors[i], "\r\n\x1b") != NULL)
			abort();
	conf_notes_clear(&notes);
	return 0;
}
