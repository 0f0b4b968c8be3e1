/*
 * Pages as HTML: what is escaped, what is isolated, and that every element
 * that begins ends.
 */
#include "config.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/output/page_html.h"

static char *
words_of(const char *text, void (*write)(FILE *out, const char *text))
{
	char *got = NULL;
	size_t size;
	FILE *f = open_memstream(&got, &size);

	cr_assert_not_null(f);
	write(f, text);
	fclose(f);
	return got;
}

Test(page_html, text_is_never_markup)
{
	static const struct {
		const char *text, *words, *plain;
	} cases[] = {
		{ "", "", "" },
		{ "<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;",
		    "&lt;b&gt;&amp;&quot;&#39;" },
		{ "a\x01\x1b[31m\n", "a\\x01\\x1b[31m\\x0a",
		    "a\\x01\\x1b[31m\\x0a" },
		{ "\xff\xc0", "\\xff\\xc0", "\\xff\\xc0" },
		{ "\xc3\xbc", "\xc3\xbc", "\xc3\xbc" },
		/* Hebrew between Latin. */
		{ "a \xd7\x90\xd7\x91 b", "a <bdi>\xd7\x90\xd7\x91</bdi> b",
		    "a \\u{5d0}\\u{5d1} b" },
		/* Arabic at the end. */
		{ "a\xd8\xa7", "a<bdi>\xd8\xa7</bdi>", "a\\u{627}" },
		/* U+202E, and U+2066: only directions. */
		{ "a\xe2\x80\xae\xe2\x81\xa6"
		  "b",
		    "a\\u{202e}\\u{2066}b", "a\\u{202e}\\u{2066}b" },
		/* An override among Hebrew ends its isolation. */
		{ "\xd7\x90\xe2\x80\xae\xd7\x91",
		    "<bdi>\xd7\x90</bdi>\\u{202e}<bdi>\xd7\x91</bdi>",
		    "\\u{5d0}\\u{202e}\\u{5d1}" },
	};
	size_t i;
	char *got;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		got = words_of(cases[i].text, html_words);
		cr_expect_str_eq(got, cases[i].words, "%zu: %s", i, got);
		free(got);
		got = words_of(cases[i].text, html_plain);
		cr_expect_str_eq(got, cases[i].plain, "%zu: %s", i, got);
		free(got);
	}
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

Test(page_html, what_begins_ends)
{
	static const char *const pairs[][2] = { { "<section", "</section>" },
		{ "<ul", "</ul>" }, { "<li", "</li>" },
		{ "<table", "</table>" }, { "<tr", "</tr>" },
		{ "<div", "</div>" }, { "<tbody", "</tbody>" } };
	struct html_page h;
	struct table t;
	char *got = NULL;
	size_t size, i;
	FILE *f = open_memstream(&got, &size);

	cr_assert_not_null(f);
	html_init(&h, f, true);
	page_heading(&h.page, "first: of all");
	page_item(&h.page, NULL, 0, "an item");
	page_query(&h.page, "SELECT '<'");
	page_item(&h.page, "lead", 4, "another");
	page_detail(&h.page, 4, "and more");
	page_paragraph(&h.page, "words");
	table_init(&t, 2);
	table_row(&t, "");
	table_cell(&t, "head");
	table_group(&t, "group");
	table_row(&t, "  in");
	table_cell(&t, "%d", 1);
	table_share(&t, 0.25);
	page_heading(&h.page, "<name>  <url>");
	page_table(&h.page, &t);
	html_end_section(&h);
	fclose(f);
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		cr_expect_gt(count(got, pairs[i][0]), 0, "%s", pairs[i][0]);
		cr_expect_eq(count(got, pairs[i][0]), count(got, pairs[i][1]),
		    "%s in %s", pairs[i][0], got);
	}
	cr_expect_not_null(strstr(got, "width:25.0%"));
	cr_expect_eq(h.n, 2);
	cr_expect_str_eq(h.heading[0], "first");
	cr_expect_str_eq(h.heading[1], "<name>");
	cr_expect_not_null(strstr(got, "<bdi>&lt;name&gt;</bdi>"));
	table_clear(&t);
	html_clear(&h);
	free(got);
}
