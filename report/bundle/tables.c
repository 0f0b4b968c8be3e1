/*
 * Tables as CSV: what failed, what to ask, what others recorded.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "report/bundle/parts.h"
#include "report/output/csv.h"

static const struct bundle_table {
	const char *name;
	enum rows rows;
	bool always; /* also where there are no rows */
} bundle_tables[] = {
	{ "failures.csv", ROWS_FAILURES, true },
	{ "edge-query.csv", ROWS_EDGE_QUERY, true },
	{ "gateway/events.csv", ROWS_GATEWAY_EVENTS, false },
	{ "edge/entries.csv", ROWS_EDGE_ENTRIES, false },
	{ "edge/arrivals.csv", ROWS_ARRIVALS, false },
	{ "edge/witnesses.csv", ROWS_WITNESSES, false },
	{ "application/failures.csv", ROWS_APP_FAILURES, false },
	{ "measurements.csv", ROWS_MEASUREMENTS, false },
	{ "imports.csv", ROWS_IMPORTS, false },
};

static void
on_head(void *context, const struct export_value *values, size_t n)
{
	FILE *out = context;
	size_t i;

	for (i = 0; i < n; i++)
		csv_field(out, values[i].name, strlen(values[i].name), i == 0);
	fputs("\r\n", out);
}

static int
on_row(void *context, const struct export_value *values, size_t n)
{
	FILE *out = context;
	size_t i;

	for (i = 0; i < n; i++)
		if (values[i].type == EXPORT_TEXT)
			csv_harmless(out, values[i].text, i == 0);
		else
			csv_field(out,
			    values[i].type == EXPORT_NULL ? "" : values[i].text,
			    values[i].type == EXPORT_NULL ? 0 : values[i].size,
			    i == 0);
	fputs("\r\n", out);
	return ferror(out) ? -1 : 0;
}

static int
write_table(struct folder *f, struct rows_source *rows,
    const struct bundle_table *t, struct err *e)
{
	struct export_sink sink = { on_head, on_row, NULL };
	FILE *out = folder_create(f, t->name, e);
	int result;

	if (out == NULL)
		return -1;
	sink.context = out;
	result = rows_each(rows, t->rows, &sink, e);
	if (result == 0)
		return folder_finish(f, out, e);
	fclose(out);
	return -1;
}

int
part_tables(struct folder *f, const struct bundle_source *s, struct err *e)
{
	int result = 0;
	size_t i;

	for (i = 0; i < sizeof(bundle_tables) / sizeof(bundle_tables[0]) &&
	     result == 0;
	     i++)
		if (bundle_tables[i].always ||
		    rows_any(s->rows, bundle_tables[i].rows))
			result = write_table(f, s->rows, &bundle_tables[i], e);
	return result;
}
