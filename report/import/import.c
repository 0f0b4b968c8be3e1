/*
 * One file's way: bytes, pieces, records, rows.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/import/capfile.h"
#include "report/import/formats.h"
#include "report/import/import.h"
#include "report/import/merge.h"
#include "report/import/reader.h"
#include "report/import/show.h"
#include "report/load/witness.h"

#define CHUNK_BYTES (256 * 1024)

struct job {
	struct store *st;
	struct import_request *rq;
	struct import_result *r;
	const char *name; /* as shown */
	struct reader *reader;
	struct pieces pieces;
	struct parse parse;
	struct import_show show;
	int64_t import_id;
	int64_t capture_id;
	/* The first bytes, by which the format is found. */
	char *head;
	size_t n_head;
	bool head_is_all;
};

/* ----------------------------------------------------------------- rows */

static int
store_event(void *arg, const struct gateway_event_record *ev, struct err *e)
{
	struct job *j = arg;
	struct gateway_event_record copy = *ev;
	int64_t id;

	copy.import_id = j->import_id;
	if (store_add_gateway_event(j->st, &copy, &id, e) != 0)
		return -1;
	return id != 0;
}

static int
store_edge(void *arg, const struct edge_entry_record *en, struct err *e)
{
	struct job *j = arg;
	struct edge_entry_record copy = *en;

	copy.import_id = j->import_id;
	return store_add_edge_entry(j->st, &copy, e);
}

static int
store_failure(void *arg, const struct app_failure_record *f, struct err *e)
{
	struct job *j = arg;
	struct app_failure_record copy = *f;

	copy.import_id = j->import_id;
	return store_add_app_failure(j->st, &copy, e);
}

static int
store_flow(void *arg, const struct capture_flow_record *f, struct err *e)
{
	struct job *j = arg;

	if (j->parse.rows == CAPTURE_FLOWS_MAX) {
		j->r->capture.rows_left_out++;
		return 0;
	}
	j->parse.rows++;
	return store_add_capture_flow(j->st, j->capture_id, f, e);
}

static int
store_target(void *arg, const struct capture_target_record *t, struct err *e)
{
	struct job *j = arg;

	return store_add_capture_target(j->st, j->capture_id, t, e);
}

/* ------------------------------------------------------------- the head */

/* Whether the JSON that begins at s is closed where its line ends. */
static bool
is_closed(const char *s, const char *end)
{
	bool in_string = false;
	int depth = 0;

	for (; s < end; s++) {
		if (in_string) {
			if (*s == '\\')
				s++;
			else if (*s == '"')
				in_string = false;
		} else if (*s == '"') {
			in_string = true;
		} else if (*s == '{' || *s == '[') {
			depth++;
		} else if (*s == '}' || *s == ']') {
			depth--;
		}
	}
	return depth == 0 && !in_string;
}

/*
 * Lines, or the elements of a document: JSON lines are lines, so that a bad
 * one does no harm to the next.  Other lines may begin with a bracket, too.
 */
static enum cut
cut_of(const char *s, const char *end)
{
	const char *line;

	while (s < end && strchr(" \t\r\n", *s) != NULL && *s != '\0')
		s++;
	if (s < end && *s == '[') {
		for (s++; s < end && strchr(" \t\r\n", *s) != NULL; s++)
			if (*s == '\0')
				break;
		return s < end && (*s == '{' || *s == ']') ? CUT_ELEMENTS
							   : CUT_LINES;
	}
	line = s < end ? memchr(s, '\n', (size_t)(end - s)) : NULL;
	if (s == end || *s != '{' || line == NULL)
		return s < end && *s == '{' ? CUT_ELEMENTS : CUT_LINES;
	return is_closed(s, line) || (line + 1 < end && line[1] == '{')
	    ? CUT_LINES
	    : CUT_ELEMENTS;
}

/* The format of the first piece in the head that is of any. */
static const struct format *
guess(const struct job *j)
{
	struct jtree json = { NULL, 0, 0 };
	const struct format *f = NULL;
	struct pieces pieces;
	struct piece piece;
	const char *why;
	int got = 1;

	pieces_init(&pieces, cut_of(j->head, j->head + j->n_head));
	memcpy(pieces_room(&pieces, j->n_head), j->head, j->n_head);
	pieces_came(&pieces, j->n_head);
	if (j->head_is_all)
		pieces_came(&pieces, 0);
	while (f == NULL && got != 0) {
		got = pieces_next(&pieces, &piece, &why);
		if (got != 1 || strlen(piece.s) != piece.size)
			continue;
		if (piece.s[strspn(piece.s, " \t\r\n")] != '{')
			f = format_guess(NULL, piece.s, j->rq->edge);
		else if (jtree_read(&json, piece.s, piece.size) == NULL)
			f = format_guess(&json, NULL, j->rq->edge);
	}
	pieces_clear(&pieces);
	jtree_clear(&json);
	return f;
}

/* Whether there is nothing in the file, as an answer without a point is. */
static bool
is_empty(const struct job *j)
{
	struct jtree json = { NULL, 0, 0 };
	char *copy;
	bool empty;

	if (!j->head_is_all || j->n_head > CHUNK_BYTES)
		return false;
	copy = x_calloc(j->n_head + 1, 1);
	memcpy(copy, j->head, j->n_head);
	empty = strspn(copy, " \t\r\n") == j->n_head ||
	    (jtree_read(&json, copy, j->n_head) == NULL &&
		format_is_empty(&json));
	jtree_clear(&json);
	free(copy);
	return empty;
}

/* Read on until there are size bytes, or all. */
static int
fill_head(struct job *j, size_t size, struct err *e)
{
	int n;

	j->head = x_reallocarray(j->head, size, 1);
	while (j->n_head < size && !j->head_is_all) {
		n = reader_read(
		    j->reader, j->head + j->n_head, size - j->n_head, e);
		if (n < 0)
			return -1;
		j->n_head += (size_t)n;
		j->head_is_all = n == 0;
	}
	return 0;
}

/* Read on until the format is known: as much as the longest piece, no more. */
static int
find_format(struct job *j, struct err *e)
{
	size_t size = CHUNK_BYTES;

	for (;;) {
		if (fill_head(j, size, e) != 0)
			return -1;
		if (capfile_knows(j->head, j->n_head) &&
		    (j->rq->format == NULL || j->rq->format == &format_pcap)) {
			j->rq->format = &format_pcap;
			return 0;
		}
		if (j->rq->format == &format_pcap)
			return err_set(e,
			    "%s: neither pcap nor pcapng by its first bytes",
			    j->name);
		if (witness_knows(j->head, j->n_head) && j->rq->format == NULL)
			j->rq->format = &format_witness;
		if (j->rq->format == NULL)
			j->rq->format = guess(j);
		if (j->rq->format != NULL)
			return 0;
		if (j->head_is_all || size >= PIECE_BYTES_MAX)
			break;
		size *= 4;
	}
	return err_set(e,
	    "%s:1: of no known kind, expected one of \"natdiff-report import "
	    "--help\"",
	    j->name);
}

/* --------------------------------------------------------------- pieces */

static void
tell_bad(struct job *j, int64_t line, const char *why)
{
	struct import_result *r = j->r;

	if (r->bad_lines < BAD_LINES_TOLD)
		snprintf(r->bad_line[r->bad_lines], sizeof(r->bad_line[0]),
		    "%.60s:%" PRId64 ": %.110s", j->name, line, why);
	r->bad_lines++;
}

static int
take(struct job *j, enum piece_result result, int64_t line)
{
	if (result == PIECE_FAILED)
		return -1;
	if (result == PIECE_BAD)
		tell_bad(j, line, j->parse.why);
	j->r->skipped += result == PIECE_SKIPPED;
	return 0;
}

/* What came, cut and read. */
static int
read_pieces(struct job *j)
{
	struct piece piece;
	const char *why;
	int got;

	for (;;) {
		got = pieces_next(&j->pieces, &piece, &why);
		if (got == 0)
			return 0;
		if (got < 0)
			tell_bad(j, piece.line, why);
		else if (take(j, parse_piece(&j->parse, &piece), piece.line) !=
		    0)
			return -1;
	}
}

/* The head, then all that follows it. */
static int
read_all(struct job *j, struct err *e)
{
	enum piece_result result;
	char *room;
	int n = 0;

	pieces_init(&j->pieces, cut_of(j->head, j->head + j->n_head));
	memcpy(pieces_room(&j->pieces, j->n_head), j->head, j->n_head);
	pieces_came(&j->pieces, j->n_head);
	free(j->head);
	j->head = NULL;
	do {
		if (read_pieces(j) != 0)
			return -1;
		import_show(&j->show, j->reader, j->parse.rows);
		if (j->pieces.at_end)
			break;
		room = pieces_room(&j->pieces, CHUNK_BYTES);
		n = reader_read(j->reader, room, CHUNK_BYTES, e);
		if (n < 0)
			return -1;
		pieces_came(&j->pieces, (size_t)n);
	} while (n >= 0);
	result = parse_end(&j->parse);
	return result == PIECE_SKIPPED ? 0 : take(j, result, j->pieces.line);
}

/* ------------------------------------------------------------- the file */

/* All rows are there: keep them, unless the content came before. */
static int
finish(struct job *j, struct err *e)
{
	struct import_result *r = j->r;
	struct import_record im = { .kind = r->kind, .file = j->name };
	char digest[READER_DIGEST_SIZE];
	int known;

	r->bytes = reader_bytes(j->reader);
	r->rows = j->parse.rows;
	r->duplicates = j->parse.duplicates;
	if (r->rows == 0 && r->duplicates == 0 && r->bad_lines > 0 &&
	    !r->is_capture)
		return err_set(e, "%s; no line of it could be read as %s",
		    r->bad_line[0], r->kind);
	reader_digest(j->reader, digest);
	known = store_find_import(j->st, r->kind, digest, &r->before_us, e);
	if (known < 0)
		return -1;
	if (known > 0) {
		store_rollback(j->st);
		return 0;
	}
	r->before_us = NOT_MEASURED;
	im.sha256 = digest;
	im.rows = r->rows;
	im.duplicates = r->duplicates;
	im.bad_lines = r->bad_lines;
	im.first_bad = r->bad_lines > 0 ? r->bad_line[0] : NULL;
	if (store_end_import(j->st, j->import_id, &im, e) != 0)
		return -1;
	return store_commit(j->st, e);
}

/* A capture, in place of read_all(). */
static int
read_capture(struct job *j, struct err *e)
{
	const struct flows_sink sink = { j, store_flow, store_target };
	struct capture_record *t = &j->r->capture;
	struct capture_result result;
	int64_t left_out;

	if (store_begin_capture(j->st, j->import_id, &j->capture_id, e) != 0 ||
	    capture_read(j->reader, j->head, j->n_head, &sink, &j->show,
		j->name, &result, e) != 0)
		return -1;
	left_out = t->rows_left_out;
	*t = result.totals;
	t->rows_left_out = left_out;
	j->r->is_capture = true;
	if (result.why[0] != '\0') {
		snprintf(j->r->bad_line[0], sizeof(j->r->bad_line[0]), "%s",
		    result.why);
		j->r->bad_lines = 1;
	}
	return store_end_capture(j->st, j->capture_id, t, e);
}

/* A witness's database, by its name; where it has nothing new, no row of it. */
static int
import_witness(struct job *j, struct err *e)
{
	struct import_result *r = j->r;
	struct import_record im = { .kind = r->kind, .file = j->name };

	if (strcmp(j->rq->file, "-") == 0)
		return err_set(
		    e, "%s: a database is read by its name", j->name);
	if (store_begin_import(j->st, &im, &j->import_id, e) != 0 ||
	    merge_witness(j->st, j->rq->file, r, e) != 0)
		return -1;
	r->bytes = reader_size(j->reader);
	if (r->rows == 0) {
		store_rollback(j->st);
		return 0;
	}
	im.rows = r->rows;
	im.duplicates = r->duplicates;
	im.bad_lines = r->bad_lines;
	im.first_bad = r->bad_lines > 0 ? r->bad_line[0] : NULL;
	if (store_end_import(j->st, j->import_id, &im, e) != 0)
		return -1;
	return store_commit(j->st, e);
}

/* Bytes, pieces or packets. */
static int
import_log(struct job *j, struct err *e)
{
	struct import_record im = { .kind = j->r->kind, .file = j->name };

	if (store_begin_import(j->st, &im, &j->import_id, e) != 0 ||
	    (j->rq->format == &format_pcap ? read_capture(j, e)
					   : read_all(j, e)) != 0)
		return -1;
	return finish(j, e);
}

static int
import_opened(struct job *j, struct err *e)
{
	const struct record_sink sink = { j, store_event, store_edge,
		store_failure };
	int result = -1;

	if (find_format(j, e) != 0) {
		j->r->kind = "empty";
		return is_empty(j) ? 0 : -1;
	}
	j->r->kind = j->rq->format->name;
	parse_init(&j->parse, j->rq->format, &j->rq->hints, &sink);
	j->parse.e = e;
	if (store_begin(j->st, e) == 0) {
		result = j->rq->format == &format_witness ? import_witness(j, e)
							  : import_log(j, e);
		if (result != 0)
			store_rollback(j->st);
	}
	import_show_end(&j->show);
	pieces_clear(&j->pieces);
	parse_clear(&j->parse);
	return result;
}

int
import_file(struct store *st, struct import_request *rq,
    struct import_result *r, struct err *e)
{
	struct job j = { .st = st, .rq = rq, .r = r };
	const struct format *asked = rq->format;
	int result;

	memset(r, 0, sizeof(*r));
	r->before_us = NOT_MEASURED;
	j.name = strcmp(rq->file, "-") == 0 ? "standard input" : rq->file;
	j.reader = reader_open(rq->file, e);
	if (j.reader == NULL)
		return -1;
	rq->hints.written_us = reader_written_us(j.reader);
	import_show_begin(&j.show, rq->show_progress, j.name);
	result = import_opened(&j, e);
	free(j.head);
	reader_close(j.reader);
	rq->format = asked;
	return result;
}
