/*
 * Time a bare scan of four columns, row by row through SQLite's C interface.
 *
 *	scan_attempts FILE
 */
#include "config.h"

#include <stdio.h>

#include <sqlite3.h>

#include "natdiff/walltime.h"

int
main(int argc, char **argv)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	int64_t rows = 0, failed = 0, sum = 0, begun;
	double seconds;
	int i;

	if (argc != 2) {
		fputs("usage: scan_attempts FILE\n", stderr);
		return 2;
	}
	if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY, NULL) !=
		SQLITE_OK ||
	    sqlite3_prepare_v2(db,
		"SELECT run_id, slot, failure, total_us FROM attempt", -1, &s,
		NULL) != SQLITE_OK) {
		fprintf(stderr, "scan_attempts: %s: %s\n", argv[1],
		    sqlite3_errmsg(db));
		return 1;
	}
	begun = monotonic_now_us();
	while (sqlite3_step(s) == SQLITE_ROW) {
		rows++;
		failed += sqlite3_column_type(s, 2) != SQLITE_NULL;
		for (i = 0; i < 4; i++)
			if (i != 2)
				sum += sqlite3_column_int64(s, i);
	}
	seconds = (double)(monotonic_now_us() - begun) / 1e6;
	printf("%lld rows, %lld failed, in %.2f s: %.0f a second (sum %lld)\n",
	    (long long)rows, (long long)failed, seconds, (double)rows / seconds,
	    (long long)sum);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return 0;
}
