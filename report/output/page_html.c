/*
 * Pages as HTML: escaping, sections, lists and tables.
 */
#include "config.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/output/page_html.h"
#include "report/output/printable.h"

/* ------------------------------------------------------------------ words */

/* Letters and digits that are written from right to left. */
static bool
is_right_to_left(uint32_t code)
{
	return (code >= 0x5d0 && code <= 0x5ea) || /* Hebrew */
	    (code >= 0x620 && code <= 0x64a) ||    /* Arabic */
	    (code >= 0x660 && code <= 0x669) ||
	    (code >= 0x671 && code <= 0x6d3) ||
	    (code >= 0x6f0 && code <= 0x6f9);
}

static void
escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

void
html_words(FILE *out, const char *text)
{
	size_t size = strlen(text), at, length;
	char shown[PRINTABLE_PIECE_SIZE];
	bool isolated = false, wanted;
	uint32_t code;

	for (at = 0; at < size; at += length) {
		length = printable_piece(text + at, size - at, shown, &code);
		wanted = is_right_to_left(code);
		if (wanted != isolated)
			fputs(wanted ? "<bdi>" : "</bdi>", out);
		isolated = wanted;
		if (wanted)
			fwrite(text + at, 1, length, out);
		else
			escaped(out, shown);
	}
	if (isolated)
		fputs("</bdi>", out);
}

void
html_plain(FILE *out, const char *text)
{
	char *shown = printable(text, 0);

	escaped(out, shown);
	free(shown);
}

/* --------------------------------------------------------------- sections */

void
html_init(struct html_page *h, FILE *out, bool explain)
{
	memset(h, 0, sizeof(*h));
	h->page.out = out;
	h->page.style = &page_html;
	h->page.explain = explain;
}

void
html_clear(struct html_page *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		free(h->heading[i]);
	free(h->heading);
	h->heading = NULL;
	h->n = h->capacity = 0;
}

static struct html_page *
html(struct page *p)
{
	return (struct html_page *)p;
}

static void
end_item(struct html_page *h)
{
	if (h->in_item)
		fputs("</li>\n", h->page.out);
	h->in_item = false;
}

void
html_end_list(struct html_page *h)
{
	end_item(h);
	if (h->in_list)
		fputs("</ul>\n", h->page.out);
	h->in_list = false;
}

void
html_end_section(struct html_page *h)
{
	html_end_list(h);
	if (h->in_section)
		fputs("</section>\n", h->page.out);
	h->in_section = false;
}

static void
title(struct page *p, const char *text)
{
	html_end_section(html(p));
	fputs("<h1>", p->out);
	html_words(p->out, text);
	fputs("</h1>\n", p->out);
}

/*
 * A heading that is a name, two blanks, and what goes with the name is set as
 * that; all others begin with a capital.
 */
static void
heading_words(FILE *out, const char *text)
{
	const char *rest = strstr(text, "  ");
	char *name;

	if (rest == NULL) {
		html_words(out, text);
		return;
	}
	name = x_strndup(text, (size_t)(rest - text));
	fputs("<bdi>", out);
	html_words(out, name);
	fputs("</bdi> <span>", out);
	html_words(out, rest + 2);
	fputs("</span>", out);
	free(name);
}

static void
heading(struct page *p, const char *text)
{
	bool named = strstr(text, "  ") != NULL;
	struct html_page *h = html(p);

	html_end_section(h);
	h->heading =
	    x_grow(h->heading, h->n, &h->capacity, sizeof(*h->heading));
	/* For the contents, the first words do. */
	h->heading[h->n++] = x_strndup(text,
	    named ? (size_t)(strstr(text, "  ") - text) : strcspn(text, ":,"));
	fprintf(p->out,
	    "<section id=\"s%zu\" aria-labelledby=\"h%zu\"%s>\n<h2 "
	    "id=\"h%zu\">",
	    h->n, h->n, named ? " class=\"named\"" : "", h->n);
	heading_words(p->out, text);
	fputs("</h2>\n", p->out);
	h->in_section = true;
}

static void
paragraph(struct page *p, const char *text)
{
	html_end_list(html(p));
	fputs("<p>", p->out);
	html_words(p->out, text);
	fputs("</p>\n", p->out);
}

/* ------------------------------------------------------------------ lists */

static void
item(struct page *p, const char *lead, size_t width, const char *text)
{
	struct html_page *h = html(p);

	(void)width;
	end_item(h);
	if (!h->in_list)
		fputs(lead != NULL ? "<ul class=\"led\">\n" : "<ul>\n", p->out);
	h->in_list = h->in_item = true;
	fputs("<li>", p->out);
	if (lead != NULL) {
		fputs("<b>", p->out);
		html_words(p->out, lead);
		fputs("</b> ", p->out);
	}
	fputs("<div>", p->out);
	html_words(p->out, text);
	fputs("</div>", p->out);
}

static void
detail(struct page *p, size_t width, const char *text)
{
	(void)width;
	fputs("<div class=\"detail\">", p->out);
	html_words(p->out, text);
	fputs("</div>", p->out);
}

static void
query(struct page *p, const char *text)
{
	fputs("<pre class=\"detail\"><code>", p->out);
	html_words(p->out, text);
	fputs("</code></pre>", p->out);
}

/* ----------------------------------------------------------------- tables */

/* Blanks before a label indent it. */
static size_t
indent_of(const char *label)
{
	return strspn(label, " ");
}

static void
cell(struct page *p, const struct table *t, const struct table_row *row,
    size_t column, bool head)
{
	const char *text = column < row->n && row->cell[column] != NULL
	    ? row->cell[column]
	    : "";
	bool label = column == 0;

	if (label && indent_of(text) > 0)
		fputs("<th scope=\"row\" class=\"in\">", p->out);
	else if (label || head)
		fprintf(p->out, "<th scope=\"%s\"%s>", head ? "col" : "row",
		    label || t->left[column] ? "" : " class=\"n\"");
	else
		fprintf(
		    p->out, "<td%s>", t->left[column] ? "" : " class=\"n\"");
	html_words(p->out, text + indent_of(text));
	if (column < row->n && !isnan(row->share[column]))
		fprintf(p->out,
		    "<span class=\"bar\"><span class=\"of%zu\" "
		    "style=\"width:%.1f%%\"></span></span>",
		    column, 100 * row->share[column]);
	fputs(label || head ? "</th>" : "</td>", p->out);
}

static void
table(struct page *p, const struct table *t)
{
	const struct table_row *row;
	size_t i, k;

	html_end_list(html(p));
	fputs("<div class=\"table\"><table>\n", p->out);
	for (i = 0; i < t->n; i++) {
		row = &t->row[i];
		fputs(i == 0 ? "<thead><tr>" : "<tr>", p->out);
		if (row->group) {
			fprintf(p->out,
			    "<th scope=\"rowgroup\" class=\"group\" "
			    "colspan=\"%zu\">",
			    t->n_columns);
			html_words(p->out, row->cell[0]);
			fputs("</th>", p->out);
		}
		for (k = 0; k < t->n_columns && !row->group; k++)
			cell(p, t, row, k, i == 0);
		fputs(i == 0 ? "</tr></thead>\n<tbody>\n" : "</tr>\n", p->out);
	}
	fputs("</tbody></table></div>\n", p->out);
}

const struct page_style page_html = {
	title,
	heading,
	paragraph,
	item,
	detail,
	query,
	table,
};
