#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "report/import/jsonscan.h"

static struct jtree t;

static const char *
read_text(const char *s, char *copy)
{
	strcpy(copy, s);
	return jtree_read(&t, copy, strlen(copy));
}

Test(jsonscan, reads_an_object)
{
	char copy[200];
	const struct jnode *o, *list, *n;

	cr_assert_null(read_text("{\"a\": -1.5e3, \"b\":{\"c\":\"x\"},"
				 "\"d\":[true,null,\"\"], \"e\" : 64}",
	    copy));
	o = jtree_root(&t);
	cr_expect_str_eq(jtree_text(&t, o, "a"), "-1.5e3");
	cr_expect_null(jtree_string(&t, o, "a"));
	cr_expect_str_eq(jtree_string(&t, jtree_get(&t, o, "b"), "c"), "x");
	cr_expect_str_eq(jtree_text(&t, o, "e"), "64");
	list = jtree_get(&t, o, "d");
	n = jtree_first(&t, list);
	cr_expect_eq(n->type, J_TRUE);
	n = jtree_next(&t, list, n);
	cr_expect_eq(n->type, J_NULL);
	n = jtree_next(&t, list, n);
	cr_expect_str_eq(n->text, "");
	cr_expect_null(jtree_next(&t, list, n));
	cr_expect_null(jtree_get(&t, o, "c"));
	cr_expect_null(jtree_get(&t, NULL, "c"));
	jtree_clear(&t);
}

Test(jsonscan, unescapes_strings)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "\"a\\n\\\"\\\\\\/\"", "a\n\"\\/" },
		{ "\"\\u00e4\\u20AC\"", "\xc3\xa4\xe2\x82\xac" },
		{ "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
		{ "\"\\ud83dx\"", "\xef\xbf\xbdx" },
		{ "\"\\ude00\"", "\xef\xbf\xbd" },
	};
	char copy[64];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_null(read_text(cases[i].in, copy), "%s", cases[i].in);
		cr_expect_str_eq(
		    jtree_root(&t)->text, cases[i].out, "%s", cases[i].in);
	}
	jtree_clear(&t);
}

Test(jsonscan, refuses_what_is_no_json)
{
	static const char *const bad[] = { "", "{", "[1,]", "{\"a\"}",
		"{\"a\":}", "{a:1}", "01", "1.", "-", "1e", "\"", "\"\\x\"",
		"\"\\u12\"", "tru", "[1 2]", "{} {}", "\"\n\"", "nul",
		"{\"a\":1,}" };
	char copy[2 * JSON_DEPTH_MAX + 10], deep[JSON_DEPTH_MAX + 3];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_not_null(read_text(bad[i], copy), "%s", bad[i]);
	memset(deep, '[', JSON_DEPTH_MAX + 2);
	deep[JSON_DEPTH_MAX + 2] = '\0';
	cr_expect_str_eq(read_text(deep, copy), "too deep");
	jtree_clear(&t);
}
