/*
 * Bytes as they come, cut into pieces: lines, or the values of a JSON
 * document one by one.  Memory is bounded by the longest piece.
 */
#ifndef NATDIFF_IMPORT_PIECES_H
#define NATDIFF_IMPORT_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer line or element is left out, and said so. */
#define PIECE_BYTES_MAX (16 * 1024 * 1024)

/* How a file is cut. */
enum cut {
	CUT_LINES,
	CUT_ELEMENTS /* of a JSON array, or values one after the other */
};

/*
 * Answers of the clouds wrap their list in an object: the names of these
 * lists, ended by NULL.
 */
extern const char *const pieces_wrapped[];

/*
 * The elements of an array at the top come one by one.  So do those of a
 * wrapped list; what else is in the object around it is left out then.
 */
struct pieces {
	enum cut cut;
	char *bytes; /* not given yet */
	size_t n, capacity;
	size_t taken;   /* of these, given already */
	size_t scanned; /* looked at already */
	int64_t line;   /* the number of the line at bytes[scanned] */
	bool at_end;    /* no more bytes come */
	bool too_long;  /* the piece at work is thrown away */
	char saved;     /* what the NUL behind the last piece replaced */
	bool has_saved;
	/* Of JSON. */
	size_t begun; /* where the element begins */
	int64_t begun_line;
	int depth, base; /* of brackets; that of the elements: 0, 1, 2 */
	bool in_element, in_string, escaped;
	bool discard;         /* the element is not wanted */
	size_t key, key_size; /* the last string */
	bool after_key;       /* its colon was met */
};

struct piece {
	char *s; /* may be written to; a NUL stands at s[size] */
	size_t size;
	int64_t line; /* where it begins */
};

void pieces_init(struct pieces *p, enum cut cut);
void pieces_clear(struct pieces *p);

/* Room for size more bytes; then say how many came.  0: the end. */
char *pieces_room(struct pieces *p, size_t size);
void pieces_came(struct pieces *p, size_t n);

/*
 * The next piece, valid until the next call: 1; 0 where more bytes are needed
 * or, after the end, none is left; -1 where what is there is none: *why says
 * what is wrong, out->line where.
 */
int pieces_next(struct pieces *p, struct piece *out, const char **why);

#endif
