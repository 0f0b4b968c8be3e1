/*
 * Pages and tables, whatever their style.
 */
#include "config.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/output/page.h"

/* ---------------------------------------------------------------- tables */

void
table_init(struct table *t, size_t n_columns)
{
	memset(t, 0, sizeof(*t));
	t->n_columns =
	    n_columns < TABLE_COLUMNS_MAX ? n_columns : TABLE_COLUMNS_MAX;
}

void
table_clear(struct table *t)
{
	size_t i, k;

	for (i = 0; i < t->n; i++) {
		for (k = 0; k < t->row[i].n; k++)
			free(t->row[i].cell[k]);
		free(t->row[i].cell);
		free(t->row[i].share);
	}
	free(t->row);
	memset(t, 0, sizeof(*t));
}

void
table_row(struct table *t, const char *label)
{
	struct table_row *row;
	size_t i;

	t->row = x_grow(t->row, t->n, &t->capacity, sizeof(*t->row));
	row = &t->row[t->n++];
	memset(row, 0, sizeof(*row));
	row->cell = x_calloc(t->n_columns, sizeof(*row->cell));
	row->share = x_calloc(t->n_columns, sizeof(*row->share));
	for (i = 0; i < t->n_columns; i++)
		row->share[i] = NAN;
	row->cell[row->n++] = x_strdup(label);
}

void
table_group(struct table *t, const char *label)
{
	table_row(t, label);
	t->row[t->n - 1].group = true;
}

void
table_cell(struct table *t, const char *fmt, ...)
{
	struct table_row *row = &t->row[t->n - 1];
	va_list ap;

	if (row->n == t->n_columns)
		return;
	va_start(ap, fmt);
	row->cell[row->n++] = x_vasprintf(fmt, ap);
	va_end(ap);
}

void
table_share(struct table *t, double share)
{
	struct table_row *row = &t->row[t->n - 1];

	row->share[row->n - 1] = share;
}

/* ----------------------------------------------------------------- pages */

void
page_title(struct page *p, const char *text)
{
	p->style->title(p, text);
	p->begun = true;
	p->in_text = false;
}

void
page_heading(struct page *p, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = x_vasprintf(fmt, ap);
	va_end(ap);
	p->style->heading(p, text);
	p->begun = true;
	p->in_text = false;
	free(text);
}

void
page_paragraph(struct page *p, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = x_vasprintf(fmt, ap);
	va_end(ap);
	p->style->paragraph(p, text);
	p->begun = p->in_text = true;
	free(text);
}

void
page_item(struct page *p, const char *lead, size_t width, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = x_vasprintf(fmt, ap);
	va_end(ap);
	p->style->item(p, lead, width, text);
	p->in_text = false;
	free(text);
}

void
page_detail(struct page *p, size_t width, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = x_vasprintf(fmt, ap);
	va_end(ap);
	p->style->detail(p, width, text);
	free(text);
}

void
page_query(struct page *p, const char *text)
{
	p->style->query(p, text);
	p->in_text = true;
}

void
page_table(struct page *p, const struct table *t)
{
	if (t->n < 2)
		return;
	p->style->table(p, t);
	p->begun = p->in_text = true;
}

void
page_gap(struct page *p)
{
	fputc('\n', p->out);
	p->in_text = false;
}
