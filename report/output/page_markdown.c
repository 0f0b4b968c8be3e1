/*
 * Pages as Markdown, for issue trackers: GitHub's dialect, whose tables others
 * know, too.
 */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "report/output/page.h"
#include "report/output/printable.h"

/* Whether s[i] would be taken for markup. */
static bool
is_markup(const char *s, size_t i)
{
	unsigned char before = i > 0 ? (unsigned char)s[i - 1] : ' ';
	unsigned char behind = (unsigned char)s[i + 1];

	switch (s[i]) {
	case '\\':
	case '`':
	case '*':
	case '<':
	case '>':
	case '[':
	case ']':
	case '|':
	case '&':
		return true;
	case '_':
		/* Within a word it is none. */
		return !isalnum(before) || !isalnum(behind);
	case '~':
		return behind == '~' || before == '~';
	case '#':
		return isdigit(behind);
	default:
		return false;
	}
}

/* Text from outside as words, never as markup. */
static void
words(FILE *out, const char *text)
{
	char *shown;
	size_t i;

	while (*text == ' ')
		text++;
	shown = printable(text, 0);
	for (i = 0; shown[i] != '\0'; i++) {
		if (is_markup(shown, i))
			fputc('\\', out);
		fputc(shown[i], out);
		/* Nobody is called by a name that happens to be in it. */
		if (shown[i] == '@')
			fputs("<!-- -->", out);
	}
	free(shown);
}

static void
title(struct page *p, const char *text)
{
	fputs("# ", p->out);
	words(p->out, text);
	fputs("\n\n", p->out);
}

/*
 * With a capital, but for a heading that is a name, two blanks and what goes
 * with the name.
 */
static void
heading(struct page *p, const char *text)
{
	bool named = strstr(text, "  ") != NULL;

	fputs(p->begun ? "\n## " : "## ", p->out);
	if (!named && islower((unsigned char)*text))
		fputc(toupper((unsigned char)*text++), p->out);
	words(p->out, text);
	fputs("\n\n", p->out);
}

static void
paragraph(struct page *p, const char *text)
{
	if (p->in_text)
		fputc('\n', p->out);
	words(p->out, text);
	fputc('\n', p->out);
}

static void
item(struct page *p, const char *lead, size_t width, const char *text)
{
	(void)width;
	if (p->in_text)
		fputc('\n', p->out);
	fputs("- ", p->out);
	if (lead != NULL) {
		fputs("**", p->out);
		words(p->out, lead);
		fputs("** ", p->out);
	}
	words(p->out, text);
	fputc('\n', p->out);
}

static void
detail(struct page *p, size_t width, const char *text)
{
	(void)width;
	fputs("  - ", p->out);
	words(p->out, text);
	fputc('\n', p->out);
}

/* Below an item of a list; printable() leaves no line end in it. */
static void
query(struct page *p, const char *text)
{
	char *shown = printable(text, 0);

	fprintf(p->out, "\n  ```sql\n  %s\n  ```\n", shown);
	free(shown);
}

static void
table(struct page *p, const struct table *t)
{
	const struct table_row *row;
	size_t i, k;

	if (p->in_text)
		fputc('\n', p->out);
	for (i = 0; i < t->n; i++) {
		row = &t->row[i];
		for (k = 0; k < t->n_columns; k++) {
			fputs(row->group && k == 0 ? "| **" : "| ", p->out);
			if (k < row->n && row->cell[k] != NULL)
				words(p->out, row->cell[k]);
			fputs(row->group && k == 0 ? "** " : " ", p->out);
		}
		fputs("|\n", p->out);
		if (i > 0)
			continue;
		for (k = 0; k < t->n_columns; k++)
			fputs(
			    k == 0 || t->left[k] ? "| :-- " : "| --: ", p->out);
		fputs("|\n", p->out);
	}
}

const struct page_style page_markdown = {
	title,
	heading,
	paragraph,
	item,
	detail,
	query,
	table,
};
