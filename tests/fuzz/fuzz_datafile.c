/*
 * Fuzz the reading of data files: the first byte picks which.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/providers.h"
#include "natdiff/text.h"
#include "report/evidence/advice.h"
#include "report/evidence/scorecard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
fuzz_scorecard(const char *text, size_t size)
{
	enum cause ranked[CAUSE_COUNT];
	double total[CAUSE_COUNT];
	struct scorecard s;
	struct clues clues;
	struct err e;
	size_t n, i;

	if (scorecard_parse(&s, "f", text, size, &e) != 0) {
		check(strlen(e.msg) > 0);
		return;
	}
	for (i = 0; i < CLUE_COUNT; i++)
		clues.state[i] = i % 2 == 0 ? STATE_YES : STATE_NO;
	clues.kind = KIND_CONNECT_SILENT;
	scorecard_rank(&s, &clues, ranked, total, &n);
	check(n > 0 && n <= CAUSE_COUNT);
	/* A probability is at most 1; no value is NaN. */
	for (i = 0; i < n; i++)
		check(total[i] <= 0);
}

static void
fuzz_providers(const char *text, size_t size)
{
	struct providers p;
	struct text words;
	struct err e;
	size_t i, j;

	if (providers_parse(&p, "f", text, size, &e) != 0) {
		check(strlen(e.msg) > 0);
		return;
	}
	text_init(&words, 16 * 1024 * 1024);
	for (i = 0; i < p.n_providers; i++)
		for (j = 0; j < p.provider[i].n_items; j++) {
			provider_item_say(&p.provider[i].item[j], &words);
			provider_item_cite(&p, &p.provider[i].item[j], &words);
		}
	text_clear(&words);
	providers_clear(&p);
}

static void
fuzz_advice(const char *text, size_t size)
{
	struct advice_table *t;
	struct advice_list list;
	struct providers p;
	struct err e;
	int c;

	providers_default(&p);
	t = advice_parse(&p, "f", text, size, &e);
	check(t != NULL || strlen(e.msg) > 0);
	for (c = 0; t != NULL && c < CAUSE_COUNT; c++) {
		advice_give(t, (enum cause)c, "gcp", &list);
		advice_list_clear(&list);
	}
	advice_table_free(t);
	providers_clear(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;

	if (size == 0)
		return 0;
	if (data[0] == 's')
		fuzz_scorecard(text, size - 1);
	else if (data[0] == 'p')
		fuzz_providers(text, size - 1);
	else if (data[0] == 'a')
		fuzz_advice(text, size - 1);
	return 0;
}
