#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/text.h"
#include "report/import/pieces.h"

/* All pieces as "LINE:PIECE|", of bytes that come in such portions. */
static char *
cut(enum cut how, const char *bytes, size_t size, size_t portion)
{
	size_t at = 0, n;
	struct pieces p;
	struct piece piece;
	const char *why;
	struct text t;
	int got;

	text_init(&t, 1 << 20);
	text_addf(&t, "%s", "");
	pieces_init(&p, how);
	do {
		n = size - at < portion ? size - at : portion;
		memcpy(pieces_room(&p, n + 1), bytes + at, n);
		pieces_came(&p, n);
		at += n;
		for (;;) {
			got = pieces_next(&p, &piece, &why);
			if (got == 0)
				break;
			text_addf(&t, "%d:%s|", (int)piece.line,
			    got > 0 ? piece.s : why);
		}
	} while (n > 0);
	pieces_clear(&p);
	return t.s;
}

static const struct {
	enum cut how;
	const char *bytes;
	const char *pieces;
} cases[] = {
	{ CUT_LINES, "", "" },
	{ CUT_LINES, "a\nb\r\n\nc", "1:a|2:b|3:|4:c|" },
	{ CUT_ELEMENTS, "[{\"a\":1},\n {\"b\":\"}\\\"]\"}]",
	    "1:{\"a\":1}|2:{\"b\":\"}\\\"]\"}|" },
	{ CUT_ELEMENTS, "{\n\"a\":[1]}\n{}", "1:{\n\"a\":[1]}|3:{}|" },
	{ CUT_ELEMENTS,
	    "{\"x\":{\"value\":[1]},\"value\":[{},[2]],\"y\":[9]}{}",
	    "1:{}|1:[2]|1:{}|" },
	{ CUT_ELEMENTS, "[1, \"a,b\" true\n]", "1:1|1:\"a,b\"|1:true|" },
	{ CUT_ELEMENTS, "[{\"a\":", "1:the file ends within this element|" },
	{ CUT_ELEMENTS, "\n]{}", "2:a bracket that nothing opened|2:{}|" },
	{ CUT_ELEMENTS, "[]", "" },
};

Test(pieces, are_the_same_however_the_bytes_come)
{
	static const size_t portions[] = { 1, 2, 3, 7, 1000 };
	size_t i, k;
	char *got;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (k = 0; k < 5; k++) {
			got = cut(cases[i].how, cases[i].bytes,
			    strlen(cases[i].bytes), portions[k]);
			cr_expect_str_eq(got, cases[i].pieces, "%s by %zu: %s",
			    cases[i].bytes, portions[k], got);
			free(got);
		}
}

Test(pieces, of_more_than_the_bound_are_left_out_and_said)
{
	size_t size = PIECE_BYTES_MAX + 100;
	char *bytes = malloc(size + 32), *got;

	cr_assert_not_null(bytes);
	memset(bytes, 'x', size);
	memcpy(bytes + size, "\nnext\n", 6);
	got = cut(CUT_LINES, bytes, size + 6, 1 << 20);
	cr_expect_str_eq(got, "1:longer than 16 MiB|2:next|");
	free(got);
	memcpy(bytes, "[{\"a\":\"", 7);
	memcpy(bytes + size, "\"},\n{}]", 7);
	got = cut(CUT_ELEMENTS, bytes, size + 7, 1 << 20);
	cr_expect_str_eq(got, "1:longer than 16 MiB|2:{}|");
	free(got);
	free(bytes);
}
