/*
 * Formats: each reads one piece of a file, a line or a JSON value, into
 * records.  They are pure: bytes in, records out to whoever asked.
 */
#ifndef NATDIFF_IMPORT_FORMAT_H
#define NATDIFF_IMPORT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"
#include "report/import/jsonscan.h"
#include "report/import/pieces.h"

/* Where records go: 1 kept, 0 was there already, -1 and e. */
struct record_sink {
	void *arg;
	int (*gateway_event)(
	    void *arg, const struct gateway_event_record *ev, struct err *e);
	int (*edge_entry)(
	    void *arg, const struct edge_entry_record *en, struct err *e);
	int (*app_failure)(
	    void *arg, const struct app_failure_record *f, struct err *e);
};

/* What the user says of a file. */
struct import_hints {
	const char *source;  /* names the gateway; NULL: the file does */
	int64_t at_us;       /* of what has no time; NOT_MEASURED: not said */
	int64_t zone_us;     /* east of UTC, of times without a zone */
	int64_t written_us;  /* when the file was last written */
	const char *columns; /* "time=ts,source=from": names of columns */
};

/* What became of a piece. */
enum piece_result {
	PIECE_READ,
	PIECE_SKIPPED, /* understood, and nothing to keep */
	PIECE_BAD,     /* why says what is wrong, and what was expected */
	PIECE_FAILED   /* the sink: e */
};

struct column_table;
struct format;

/* Lines that were met lately, for those that are equal. */
#define PARSE_SEEN 4096
struct seen_line {
	uint64_t digest;
	uint32_t count;
};

/* A file on its way through a format. */
struct parse {
	const struct format *format;
	const struct import_hints *hints;
	const struct record_sink *sink;
	struct jtree json;
	int64_t rows, duplicates;
	char why[160];
	struct err *e;
	struct seen_line *seen; /* PARSE_SEEN of them */
	void *state; /* the format's own; NULL before its first piece */
};

/*
 * The functions that a format lacks are NULL.  A piece that begins with a
 * brace goes to json, where there is one, all else to line.
 */
struct format {
	const char *name; /* KIND */
	const char *does;
	bool is_edge; /* of the vendor's side */
	/* Whether a first piece is of this format. */
	bool (*knows_line)(const char *line);
	bool (*knows_json)(const struct jtree *t, const struct jnode *o);
	enum piece_result (*line)(struct parse *p, char *line);
	enum piece_result (*json)(struct parse *p, const struct jnode *o);
	const struct column_table *table; /* for columns_line(), .._json() */
	/* When all pieces came: what is left to tell. */
	enum piece_result (*end)(struct parse *p);
};

extern const struct format *const formats[]; /* ends with NULL */

/* By its name, or NULL. */
const struct format *format_find(const char *name);

/*
 * The format of a first piece, JSON in t or, where that is NULL, a line;
 * edge: of edge logs only.  NULL: none.
 */
const struct format *format_guess(
    const struct jtree *t, const char *line, bool edge);

/* Whether a document is a list, perhaps a wrapped one, without elements. */
bool format_is_empty(const struct jtree *t);

void parse_init(struct parse *p, const struct format *f,
    const struct import_hints *hints, const struct record_sink *sink);
void parse_clear(struct parse *p);

/* One piece. */
enum piece_result parse_piece(struct parse *p, struct piece *piece);
enum piece_result parse_end(struct parse *p);

/* For formats: memory that starts as zeros and lives as long as p. */
void *parse_state(struct parse *p, size_t size);

/* For formats: a record to the sink. */
enum piece_result parse_gateway_event(
    struct parse *p, struct gateway_event_record *ev);
enum piece_result parse_edge_entry(
    struct parse *p, struct edge_entry_record *en);
enum piece_result parse_app_failure(
    struct parse *p, struct app_failure_record *f);

/* For formats: PIECE_BAD with its reason. */
enum piece_result parse_bad(struct parse *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
