/*
 * Text from outside, made fit for a terminal.  Everything in a database, and
 * the name of the database too, was written by somebody else: this is the
 * only way from there to the screen.
 */
#ifndef NATDIFF_OUTPUT_PRINTABLE_H
#define NATDIFF_OUTPUT_PRINTABLE_H

#include <stddef.h>
#include <stdint.h>

#define PRINTABLE_PIECE_SIZE 16 /* "\\u{10ffff}" and the NUL */

/*
 * s in new memory, in at most width columns (0: any number).  Letters, digits,
 * marks and ideographs of the usual scripts stay; all else (controls, escape
 * sequences, marks that change the direction or take no room, bytes that are
 * not UTF-8) becomes \xNN or \u{N}.  What was cut off ends in "..".
 */
char *printable(const char *s, size_t width);

/* The columns that a result of printable() takes. */
size_t printable_width(const char *s);

/*
 * The same for one code point, for a style with scripts of its own: how s, of
 * at least one byte, begins; shown is what printable() makes of it, *code the
 * code point, or UINT32_MAX where it is none.  Returns the bytes it takes.
 */
size_t printable_piece(const char *s, size_t size,
    char shown[PRINTABLE_PIECE_SIZE], uint32_t *code);

/*
 * The first size bytes of s in new memory, valid UTF-8 without NUL: U+FFFD
 * stands for what was not.  For what reads UTF-8 only, JSON above all.
 */
char *utf8_repaired(const char *s, size_t size);

#endif
