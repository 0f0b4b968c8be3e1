/*
 * Inside report/output: a page as HTML.  The style of page.h fits any section;
 * what only HTML has (figures, the head of the document) writes to the same
 * page between them.
 */
#ifndef NATDIFF_OUTPUT_PAGE_HTML_H
#define NATDIFF_OUTPUT_PAGE_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "report/output/page.h"

/* The style works on pages of this kind only. */
struct html_page {
	struct page page; /* the first member */
	bool in_section;
	bool in_list;
	bool in_item;
	char **heading; /* of the sections, for the list of them; owned */
	size_t n, capacity;
};

extern const struct page_style page_html;

void html_init(struct html_page *h, FILE *out, bool explain);
void html_clear(struct html_page *h);

/* End what is open, so that anything may follow in the section. */
void html_end_list(struct html_page *h);
void html_end_section(struct html_page *h);

/*
 * Text from outside, as text: never markup.  Scripts that are written from
 * right to left are isolated from what is around them; marks that only change
 * directions, and all else that printable() does not let through, show as
 * \u{N}.  The plain kind is for attributes and titles: such scripts show as
 * \u{N} there, too.
 */
void html_words(FILE *out, const char *text);
void html_plain(FILE *out, const char *text);

#endif
