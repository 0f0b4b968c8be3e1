/*
 * A page that people read: headings, paragraphs, lists and tables, set by a
 * style: text of 80 columns or Markdown.  Everything given to a page is as it
 * came from outside; the styles make it fit for a terminal, and nothing else
 * writes there.
 */
#ifndef NATDIFF_OUTPUT_PAGE_H
#define NATDIFF_OUTPUT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 64

struct table_row {
	bool group;    /* a heading of the rows below it */
	char **cell;   /* n_columns, NULL: empty */
	double *share; /* of the cells that are part of a whole, else NaN */
	size_t n;      /* set so far */
};

/* The first column holds labels; blanks before a label indent it. */
struct table {
	size_t n_columns;
	size_t least[TABLE_COLUMNS_MAX]; /* width, in text */
	bool left[TABLE_COLUMNS_MAX];    /* aligned so; the first always is */
	struct table_row *row;           /* the first one: column heads */
	size_t n, capacity;
};

void table_init(struct table *t, size_t n_columns);
void table_clear(struct table *t);

/* Begin a row with its label; the first row holds the column heads. */
void table_row(struct table *t, const char *label);
void table_group(struct table *t, const char *label);

/* The next cell of the row begun last. */
void table_cell(struct table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The latest cell is about a share of a whole, which a style may draw. */
void table_share(struct table *t, double share);

struct page_style;

struct page {
	FILE *out;
	const struct page_style *style;
	bool explain; /* with the queries */
	bool begun;   /* something was written */
	bool in_text; /* ... and nothing else may follow it directly */
};

struct page_style {
	void (*title)(struct page *p, const char *text);
	void (*heading)(struct page *p, const char *text);
	void (*paragraph)(struct page *p, const char *text);
	/* Of a list; lead may be NULL, width is that of all leads. */
	void (*item)(
	    struct page *p, const char *lead, size_t width, const char *text);
	/* Below an item; width is that of its leads. */
	void (*detail)(struct page *p, size_t width, const char *text);
	void (*query)(struct page *p, const char *text);
	void (*table)(struct page *p, const struct table *t);
};

extern const struct page_style page_text;
extern const struct page_style page_markdown;

void page_title(struct page *p, const char *text);
void page_heading(struct page *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void page_paragraph(struct page *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void page_item(struct page *p, const char *lead, size_t width, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
void page_detail(struct page *p, size_t width, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void page_query(struct page *p, const char *text);
void page_table(struct page *p, const struct table *t);

/* Some room before what comes next. */
void page_gap(struct page *p);

#endif
