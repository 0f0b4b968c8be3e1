/*
 * Make a database from SQL text.
 *
 *	make_database FILE <SQL
 */
#include "config.h"

#include <stdio.h>

#include "natdiff/text.h"
#include "tests/tools/fixture.h"

#define SQL_MAX (16 * 1024 * 1024)

int
main(int argc, char **argv)
{
	static char buffer[65536];
	const char *sql;
	struct text text;
	size_t n;

	if (argc != 2) {
		fprintf(stderr, "usage: make_database FILE <SQL\n");
		return 2;
	}
	text_init(&text, SQL_MAX);
	text_add(&text, "", 0);
	while ((n = fread(buffer, 1, sizeof(buffer), stdin)) > 0)
		text_add(&text, buffer, n);
	sql = text.s;
	fixture_make(argv[1], &sql, 1);
	text_clear(&text);
	return 0;
}
