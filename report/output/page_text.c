/*
 * Pages as text for a screen of 80 columns.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/output/page.h"
#include "report/output/printable.h"

#define WIDTH     80
#define INDENT    2
#define LABEL_MAX 34 /* a longer label has a line of its own */
#define GAP       2  /* columns between two cells */

/*
 * Print text in lines of WIDTH columns, each but the first indented; at is
 * the column that the first begins at.
 */
static void
wrap(FILE *out, size_t at, size_t indent, const char *text)
{
	char *shown = printable(text, 0), *word, *save = NULL, *part;
	size_t width;
	bool first = true;

	for (word = strtok_r(shown, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save)) {
		/* No line holds a longer one. */
		part = printable(word, WIDTH - indent);
		width = printable_width(part);
		if (!first && at + 1 + width > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			fputc(' ', out);
			at++;
		}
		first = false;
		fputs(part, out);
		at += width;
		free(part);
	}
	fputc('\n', out);
	free(shown);
}

static void
title(struct page *p, const char *text)
{
	wrap(p->out, 0, INDENT, text);
}

static void
heading(struct page *p, const char *text)
{
	if (p->begun)
		fputc('\n', p->out);
	wrap(p->out, 0, INDENT, text);
}

static void
paragraph(struct page *p, const char *text)
{
	fprintf(p->out, "%*s", INDENT, "");
	wrap(p->out, INDENT, INDENT, text);
}

static void
item(struct page *p, const char *lead, size_t width, const char *text)
{
	size_t indent, used;
	char *shown;

	if (lead == NULL) {
		fprintf(p->out, "%*s- ", INDENT, "");
		wrap(p->out, INDENT + 2, INDENT + 2, text);
		return;
	}
	shown = printable(lead, WIDTH - INDENT);
	used = printable_width(shown);
	indent = INDENT + width + GAP;
	fprintf(p->out, "%*s%s", INDENT, "", shown);
	if (used > width)
		fprintf(p->out, "\n%*s", (int)indent, "");
	else
		fprintf(p->out, "%*s", (int)(width - used + GAP), "");
	wrap(p->out, indent, indent, text);
	free(shown);
}

static void
detail(struct page *p, size_t width, const char *text)
{
	size_t indent = INDENT + width + GAP;

	fprintf(p->out, "%*s- ", (int)indent, "");
	wrap(p->out, indent + 2, indent + 2, text);
}

static void
query(struct page *p, const char *text)
{
	fprintf(p->out, "%*s", 3 * INDENT, "");
	wrap(p->out, 3 * INDENT, 4 * INDENT, text);
}

/* ---------------------------------------------------------------- tables */

/* A cell as it is shown, in new memory; short where it is too wide. */
static char *
shown_cell(const struct table_row *row, size_t column)
{
	if (column >= row->n || row->cell[column] == NULL)
		return x_strdup("");
	return printable(row->cell[column], WIDTH - 2 * INDENT);
}

/* Where a row's label begins: rows of a group are below its heading. */
static size_t
label_indent(const struct table *t, const struct table_row *row)
{
	size_t i;

	if (!row->group)
		for (i = 1; i < t->n; i++)
			if (t->row[i].group)
				return 2 * INDENT;
	return INDENT;
}

/* The widest cell of a column, of those that do not get their own line. */
static size_t
column_width(const struct table *t, size_t column)
{
	size_t width, most = t->least[column], i;
	char *shown;

	for (i = 0; i < t->n; i++) {
		if (column == 0 && t->row[i].group)
			continue;
		shown = shown_cell(&t->row[i], column);
		width = printable_width(shown);
		if (column == 0)
			width += label_indent(t, &t->row[i]);
		if (width > most && (column > 0 || width <= LABEL_MAX))
			most = width;
		free(shown);
	}
	return most;
}

static void
print_label(
    FILE *out, const struct table *t, const struct table_row *row, size_t width)
{
	char *shown = shown_cell(row, 0);
	size_t used = label_indent(t, row);

	if (*shown != '\0')
		fprintf(out, "%*s%s", (int)used, "", shown);
	else
		used = 0;
	used += printable_width(shown);
	free(shown);
	if (used > width)
		fprintf(out, "\n%*s", (int)width, "");
	else
		fprintf(out, "%*s", (int)(width - used), "");
}

static bool
is_empty(const struct table_row *row, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to && i < row->n; i++)
		if (row->cell[i] != NULL && *row->cell[i] != '\0')
			return false;
	return true;
}

/* One row, of the columns from..to. */
static void
print_row(FILE *out, const struct table *t, const struct table_row *row,
    const size_t width[], size_t from, size_t to)
{
	size_t pad, blank, i;
	char *shown;

	/* Nothing to stand beside the label. */
	if (is_empty(row, from, to)) {
		shown = shown_cell(row, 0);
		if (*shown == '\0')
			fputc('\n', out);
		else
			fprintf(out, "%*s%s\n", (int)label_indent(t, row), "",
			    shown);
		free(shown);
		return;
	}
	print_label(out, t, row, width[0]);
	/* Blanks wait until there is something behind them. */
	for (i = from, blank = 0; i < to; i++) {
		shown = shown_cell(row, i);
		pad = width[i] - printable_width(shown);
		blank += t->left[i] ? GAP : GAP + pad;
		if (*shown != '\0') {
			fprintf(out, "%*s%s", (int)blank, "", shown);
			blank = 0;
		}
		blank += t->left[i] ? pad : 0;
		free(shown);
	}
	fputc('\n', out);
}

static void
table(struct page *p, const struct table *t)
{
	size_t width[TABLE_COLUMNS_MAX], from, to, used, i;

	for (i = 0; i < t->n_columns; i++)
		width[i] = column_width(t, i);
	/* As many columns side by side as there is room for. */
	for (from = 1; from < t->n_columns; from = to) {
		used = width[0] + GAP + width[from];
		for (to = from + 1; to < t->n_columns; to++) {
			used += GAP + width[to];
			if (used > WIDTH)
				break;
		}
		if (from > 1)
			fputc('\n', p->out);
		for (i = 0; i < t->n; i++)
			print_row(p->out, t, &t->row[i], width, from, to);
	}
}

const struct page_style page_text = {
	title,
	heading,
	paragraph,
	item,
	detail,
	query,
	table,
};
