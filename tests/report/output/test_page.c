/*
 * Pages: what fits, what is aligned, and that nothing from outside is markup.
 */
#include "config.h"

#include <criterion/criterion.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/output/page.h"
#include "report/output/printable.h"
#include "report/output/values.h"

/* What write() prints on a page of that style, in new memory. */
static char *
printed(const struct page_style *style, void (*write)(struct page *p))
{
	struct page p = { NULL, style, false, false, false };
	char *text = NULL;
	size_t size;

	p.out = open_memstream(&text, &size);
	cr_assert_not_null(p.out);
	write(&p);
	fclose(p.out);
	return text;
}

static size_t
longest_line(const char *text)
{
	size_t most = 0, length;

	for (; *text != '\0'; text += length + (text[length] == '\n')) {
		length = strcspn(text, "\n");
		if (length > most)
			most = length;
	}
	return most;
}

static void
write_long(struct page *p)
{
	static const char words[] =
	    "one sentence that is longer than a line of eighty columns, with "
	    "a word that no line holds: "
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

	page_title(p, words);
	page_heading(p, "%s", words);
	page_paragraph(p, "%s", words);
	page_item(p, NULL, 0, "%s", words);
	page_item(p, "lead", 9, "%s", words);
	page_item(p, "a lead that is wider than the others", 9, "%s", words);
	page_detail(p, 9, "%s", words);
	page_query(p, words);
}

Test(page, text_fits_80_columns)
{
	char *text = printed(&page_text, write_long);

	cr_expect_leq(longest_line(text), 80, "%s", text);
	cr_expect_not_null(strstr(text, "\n  lead       one sentence"));
	free(text);
}

static void
write_wide_table(struct page *p)
{
	struct table t;
	int row, i;

	table_init(&t, 9);
	for (row = 0; row < 3; row++) {
		table_row(&t, row == 0 ? "" : "a label");
		for (i = 1; i < 9; i++)
			table_cell(&t, "cell %d of row %d", i, row);
	}
	page_table(p, &t);
	table_clear(&t);
}

Test(page, wide_tables_are_cut_between_columns)
{
	char *text = printed(&page_text, write_wide_table);
	const char *found = text;
	int labels = 0;

	cr_expect_leq(longest_line(text), 80, "%s", text);
	cr_expect_not_null(strstr(text, "cell 8 of row 2"));
	for (; (found = strstr(found, "a label")) != NULL; found++)
		labels++;
	cr_expect_eq(labels, 4, "%s", text);
	free(text);
}

static void
write_table(struct page *p)
{
	struct table t;

	table_init(&t, 3);
	t.left[2] = true;
	table_row(&t, "");
	table_cell(&t, "n");
	table_cell(&t, "what");
	table_group(&t, "a group");
	table_row(&t, "short");
	table_cell(&t, "1");
	table_row(&t, "a label that is much longer than a column holds");
	table_cell(&t, "1000");
	table_cell(&t, "x|y");
	page_table(p, &t);
	table_clear(&t);
}

Test(page, tables_align_and_leave_no_blanks_behind)
{
	char *text = printed(&page_text, write_table);

	cr_expect_str_eq(text,
	    "              n  what\n"
	    "  a group\n"
	    "    short     1\n"
	    "    a label that is much longer than a column holds\n"
	    "           1000  x|y\n",
	    "%s", text);
	free(text);
}

Test(page, markdown_tables_keep_their_cells)
{
	char *text = printed(&page_markdown, write_table);

	cr_expect_str_eq(text,
	    "|  | n | what |\n"
	    "| :-- | --: | :-- |\n"
	    "| **a group** |  |  |\n"
	    "| short | 1 |  |\n"
	    "| a label that is much longer than a column holds | 1000 | x\\|y "
	    "|\n",
	    "%s", text);
	free(text);
}

static void
write_empty_table(struct page *p)
{
	struct table t;

	table_init(&t, 2);
	table_row(&t, "heads alone");
	page_table(p, &t);
	table_clear(&t);
}

Test(page, a_table_without_rows_is_not_there)
{
	char *text = printed(&page_text, write_empty_table);

	cr_expect_str_eq(text, "");
	free(text);
}

static void
write_hostile(struct page *p)
{
	page_title(p, "a\n# b");
	page_item(p, "l*ad", 3,
	    "<script> [x](http://y) `code` **bold** _it_ nat_table_full "
	    "\x1b[31m ~~x~~ @somebody #12 a|b\n- c");
	page_query(p, "SELECT 'a\n```\n# b'");
}

Test(page, markdown_takes_nothing_from_outside_for_markup)
{
	char *text = printed(&page_markdown, write_hostile);

	cr_expect_str_eq(text,
	    "# a\\\\x0a# b\n\n"
	    "- **l\\*ad** \\<script\\> \\[x\\](http://y) \\`code\\` "
	    "\\*\\*bold\\*\\* \\_it\\_ nat_table_full \\\\x1b\\[31m "
	    "\\~\\~x\\~\\~ @<!-- -->somebody \\#12 a\\|b\\\\x0a- c\n"
	    "\n  ```sql\n  SELECT 'a\\x0a```\\x0a# b'\n  ```\n",
	    "%s", text);
	free(text);
}

Test(values, have_three_digits_and_a_unit)
{
	static const struct {
		double us;
		const char *text;
	} cases[] = {
		{ 0, "0 us" },
		{ 999.4, "999 us" },
		{ 999.6, "1.00 ms" },
		{ 9994, "9.99 ms" },
		{ 9996, "10.0 ms" },
		{ 123456, "123 ms" },
		{ 3.07e6, "3.07 s" },
		{ 1e9, "1000 s" },
		{ NAN, "-" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_str_eq(value_duration(cases[i].us).s, cases[i].text,
		    "%g: %s", cases[i].us, value_duration(cases[i].us).s);
}

Test(values, differences_have_sign_and_interval)
{
	struct interval points = { 0.846, 0.95 }, shift = { -1000, 46700 };
	struct interval wide = { 20, 503266 }, large = { -1e300, 1e300 };

	cr_expect_str_eq(value_points(0.913, points).s, "+91.3 (84.6 to 95.0)");
	cr_expect_str_eq(value_points(-0.01, INTERVAL_UNKNOWN).s, "-1.0");
	cr_expect_str_eq(value_points(NAN, points).s, "-");
	cr_expect_str_eq(
	    value_shift(15100, shift).s, "+15.1 ms (-1.0 to 46.7)");
	cr_expect_str_eq(value_shift(24, wide).s, "+24 us (20 us to 503 ms)");
	cr_expect_str_eq(value_shift(-8250, INTERVAL_UNKNOWN).s, "-8.25 ms");
	cr_expect_lt(strlen(value_shift(1e300, large).s), 48);
}

Test(values, factors_tell_for_from_against)
{
	cr_expect_str_eq(value_factor(2).s, "x100");
	cr_expect_str_eq(value_factor(-0.5).s, "/3.2");
	cr_expect_str_eq(value_p(0.0004).s, "p<0.001");
	cr_expect_str_eq(value_p(0.0316).s, "p=0.032");
	cr_expect_str_eq(value_p(NAN).s, "-");
}
