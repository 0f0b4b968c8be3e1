/*
 * Rows of imports: where rows came from, the vendor's edge, the application.
 */
#include "config.h"

#include "natdiff/walltime.h"

#include "lib/store_internal.h"

int
store_begin_import(struct store *st, const struct import_record *im,
    int64_t *id, struct err *e)
{
	struct row r = row_begin(st, STMT_BEGIN_IMPORT);

	row_text(&r, im->kind);
	row_text(&r, im->file);
	row_int(&r, walltime_now_us());
	if (row_end(st, &r, e) != 0)
		return -1;
	*id = sqlite3_last_insert_rowid(st->db);
	return 0;
}

int
store_end_import(
    struct store *st, int64_t id, const struct import_record *im, struct err *e)
{
	struct row r = row_begin(st, STMT_END_IMPORT);

	row_text(&r, im->sha256);
	row_int(&r, im->rows);
	row_int(&r, im->duplicates);
	row_int(&r, im->bad_lines);
	row_text(&r, im->first_bad);
	row_int(&r, id);
	return row_end(st, &r, e);
}

int
store_find_import(struct store *st, const char *kind, const char *sha256,
    int64_t *at_us, struct err *e)
{
	struct row r = row_begin(st, STMT_FIND_IMPORT);

	row_text(&r, kind);
	row_text(&r, sha256);
	return row_find(st, &r, at_us, e);
}

int
store_add_edge_entry(
    struct store *st, const struct edge_entry_record *en, struct err *e)
{
	struct row r = row_begin(st, STMT_ADD_EDGE_ENTRY);
	char ip[INET6_ADDRSTRLEN];

	row_int(&r, en->import_id);
	row_blob(
	    &r, en->has_attempt_id ? en->attempt_id : NULL, ATTEMPT_ID_SIZE);
	row_int(&r, en->at_us);
	row_address(&r, &en->client, ip);
	row_int(&r, en->status);
	row_text(&r, en->request_id);
	row_text(&r, en->identity);
	row_text(&r, en->detail);
	if (row_end(st, &r, e) != 0)
		return -1;
	return sqlite3_changes(st->db) > 0;
}

int
store_add_app_failure(
    struct store *st, const struct app_failure_record *f, struct err *e)
{
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];
	struct row r = row_begin(st, STMT_ADD_APP_FAILURE);

	row_int(&r, f->import_id);
	row_int(&r, f->at_us);
	row_address(&r, &f->source, source);
	row_address(&r, &f->destination, destination);
	row_text(&r, f->error);
	row_text(&r, f->identity);
	if (row_end(st, &r, e) != 0)
		return -1;
	return sqlite3_changes(st->db) > 0;
}
