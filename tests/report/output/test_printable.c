#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "report/output/printable.h"

Test(printable, keeps_text_and_escapes_what_could_harm)
{
	static const struct {
		const char *from, *shown;
		size_t columns;
	} cases[] = {
		{ "", "", 0 }, { "worker-1.example", "worker-1.example", 16 },
		{ "gr\xc3\xb6\xc3\x9f"
		  "er",
		    "gr\xc3\xb6\xc3\x9f"
		    "er",
		    6 },
		{ "\xe4\xb8\xad", "\xe4\xb8\xad", 2 },
		{ "\x1b[2J", "\\x1b[2J", 7 },
		{ "a\nb\x7f", "a\\x0ab\\x7f", 10 },
		{ "\xc2\x9b"
		  "1m",
		    "\\u{9b}1m", 8 }, /* C1 CSI */
		{ "\xe2\x80\xae"
		  "x",
		    "\\u{202e}x", 9 }, /* bidi */
		{ "\xe2\x81\xa6", "\\u{2066}", 8 },
		{ "e\xcc\x81", "e\\u{301}", 8 },         /* combining */
		{ "\xe2\x80\x8b", "\\u{200b}", 8 },      /* no width */
		{ "\xf3\xa0\x81\x81", "\\u{e0041}", 9 }, /* tag */
		{ "\xff\xfe", "\\xff\\xfe", 8 },
		{ "\xc0\x80", "\\xc0\\x80", 8 },           /* overlong */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80", 12 }, /* surrogate */
		{ "\xe2\x82", "\\xe2\\x82", 8 },           /* cut */
	};
	char *shown;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		shown = printable(cases[i].from, 0);
		cr_expect_str_eq(shown, cases[i].shown, "case %zu", i);
		cr_expect_eq(printable_width(shown), cases[i].columns,
		    "case %zu: %zu", i, printable_width(shown));
		free(shown);
	}
}

Test(printable, never_passes_the_width)
{
	static const char *const texts[] = { "", "ab", "abcdefghij",
		"\x1b\x1b\x1b", "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad" };
	char *shown;
	size_t i, width;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (width = 1; width < 15; width++) {
			shown = printable(texts[i], width);
			cr_expect_leq(printable_width(shown), width,
			    "%zu in %zu: %s", i, width, shown);
			free(shown);
		}
	shown = printable("abcdefghij", 6);
	cr_expect_str_eq(shown, "abcd..");
	free(shown);
	shown = printable("abcdef", 6);
	cr_expect_str_eq(shown, "abcdef");
	free(shown);
}

Test(printable, repairs_utf8)
{
	static const struct {
		const char *from;
		size_t size;
		const char *repaired;
	} cases[] = {
		{ "plain", 5, "plain" },
		{ "\x1b", 1, "\x1b" },
		{ "a\0b", 3,
		    "a\xef\xbf\xbd"
		    "b" },
		{ "\xff", 1, "\xef\xbf\xbd" },
		{ "\xc3\xb6\xc3", 3, "\xc3\xb6\xef\xbf\xbd" },
	};
	char *repaired;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		repaired = utf8_repaired(cases[i].from, cases[i].size);
		cr_expect_str_eq(repaired, cases[i].repaired, "case %zu", i);
		free(repaired);
	}
}
