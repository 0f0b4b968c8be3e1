/*
 * Text from outside, made fit for a terminal.
 */
#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "natdiff/text.h"
#include "natdiff/xalloc.h"
#include "report/output/printable.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/*
 * What may reach a terminal as it is, and how wide it is there.  A list of
 * the harmless, as one of the harmful would never be complete.
 */
static const struct script {
	uint32_t first, last;
	size_t width;
} scripts[] = {
	{ 0x20, 0x7e, 1 },
	{ 0xa1, 0xac, 1 },     /* Latin-1 without the soft hyphen */
	{ 0xae, 0x2ff, 1 },    /* Latin */
	{ 0x370, 0x482, 1 },   /* Greek, Cyrillic */
	{ 0x48a, 0x52f, 1 },   /* Cyrillic behind its combining marks */
	{ 0x1e00, 0x1fff, 1 }, /* more Latin and Greek */
	{ 0x2010, 0x2027, 1 }, /* dashes, quotation marks */
	{ 0x2030, 0x205e, 1 },
	{ 0x20a0, 0x20bf, 1 }, /* currencies */
	{ 0x2190, 0x22ff, 1 }, /* arrows, mathematics */
	{ 0x3001, 0x3029, 2 }, /* East Asian */
	{ 0x3041, 0x3096, 2 },
	{ 0x30a1, 0x30ff, 2 },
	{ 0x4e00, 0x9fff, 2 },
	{ 0xac00, 0xd7a3, 2 },
};

/*
 * The code point at s, of at most size bytes, into *code; returns how many
 * bytes it takes, 0 where they are not UTF-8 (RFC 3629).
 */
static size_t
utf8_decode(const char *s, size_t size, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	size_t length, i;

	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || length > size)
		return 0;
	*code = p[0] & (0x7fU >> length);
	for (i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3fU);
	}
	if (*code < least[length] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return length;
}

/* The columns of a code point; 0: it does not go to a terminal. */
static size_t
code_width(uint32_t code)
{
	size_t i;

	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (code >= scripts[i].first && code <= scripts[i].last)
			return scripts[i].width;
	return 0;
}

/*
 * The next piece of s as it is shown: into shown, its columns into *width;
 * returns the bytes of s that it stands for.
 */
static size_t
next_piece(
    const char *s, size_t size, char shown[PRINTABLE_PIECE_SIZE], size_t *width)
{
	uint32_t code = 0;
	size_t length = utf8_decode(s, size, &code);

	if (length == 0) {
		*width = (size_t)snprintf(
		    shown, PRINTABLE_PIECE_SIZE, "\\x%02x", (unsigned char)*s);
		return 1;
	}
	*width = code_width(code);
	if (*width > 0) {
		memcpy(shown, s, length);
		shown[length] = '\0';
	} else if (code < 0x80) {
		*width = (size_t)snprintf(
		    shown, PRINTABLE_PIECE_SIZE, "\\x%02x", (unsigned)code);
	} else {
		*width = (size_t)snprintf(
		    shown, PRINTABLE_PIECE_SIZE, "\\u{%x}", (unsigned)code);
	}
	return length;
}

size_t
printable_piece(const char *s, size_t size, char shown[PRINTABLE_PIECE_SIZE],
    uint32_t *code)
{
	size_t width;

	if (utf8_decode(s, size, code) == 0)
		*code = UINT32_MAX;
	return next_piece(s, size, shown, &width);
}

char *
printable(const char *s, size_t width)
{
	char shown[PRINTABLE_PIECE_SIZE];
	size_t size = strlen(s), used = 0, piece, fits = 0, at;
	struct text out;
	bool cut = false;

	text_init(&out, SIZE_MAX / 4);
	text_add(&out, "", 0);
	for (at = 0; at < size; used += piece) {
		at += next_piece(s + at, size - at, shown, &piece);
		cut = width > 0 && used + piece > width;
		if (cut)
			break;
		text_add(&out, shown, strlen(shown));
		if (used + piece + 2 <= width)
			fits = out.size;
	}
	if (cut) {
		out.size = fits;
		text_add(&out, "..", width < 2 ? width : 2);
	}
	return out.s;
}

size_t
printable_width(const char *s)
{
	size_t size = strlen(s), length, width = 0, at;
	uint32_t code = 0;

	for (at = 0; at < size; at += length) {
		length = utf8_decode(s + at, size - at, &code);
		width += length == 0 ? 1 : code_width(code);
		if (length == 0)
			length = 1;
	}
	return width;
}

char *
utf8_repaired(const char *s, size_t size)
{
	struct text out;
	uint32_t code = 0;
	size_t length, at;

	text_init(&out, SIZE_MAX / 4);
	text_add(&out, "", 0);
	for (at = 0; at < size; at += length) {
		length = utf8_decode(s + at, size - at, &code);
		if (length > 0 && code != 0) {
			text_add(&out, s + at, length);
		} else {
			text_add(&out, REPLACEMENT, strlen(REPLACEMENT));
			length = 1;
		}
	}
	return out.s;
}
