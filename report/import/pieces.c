/*
 * Cutting needs no more of JSON than strings and brackets: whether a piece is
 * sound is for jsonscan.h to say.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/import/pieces.h"

/* Deeper is no log: such a document is cut wrongly, and then refused. */
#define DEPTH_MAX 1000000

const char *const pieces_wrapped[] = {
	"timeSeries",        /* Cloud Monitoring */
	"MetricDataResults", /* CloudWatch */
	"NatGateways",       /* EC2 */
	"value",             /* Azure */
	"entries",           /* Cloud Logging */
	NULL,
};

static const char too_long_text[] = "longer than 16 MiB";

void
pieces_init(struct pieces *p, enum cut cut)
{
	memset(p, 0, sizeof(*p));
	p->cut = cut;
	p->line = 1;
}

void
pieces_clear(struct pieces *p)
{
	free(p->bytes);
	memset(p, 0, sizeof(*p));
}

/* Put back what the NUL behind the last piece replaced. */
static void
restore(struct pieces *p)
{
	if (p->has_saved)
		p->bytes[p->taken] = p->saved;
	p->has_saved = false;
}

char *
pieces_room(struct pieces *p, size_t size)
{
	size_t from = p->taken;

	restore(p);
	if (from > 0) {
		memmove(p->bytes, p->bytes + from, p->n - from);
		p->n -= from;
		p->scanned -= from;
		p->begun -= p->begun >= from ? from : p->begun;
		p->key -= p->key >= from ? from : p->key;
		p->taken = 0;
	}
	if (p->capacity < p->n + size + 1) {
		p->capacity = (p->n + size + 1) * 2;
		p->bytes = x_reallocarray(p->bytes, p->capacity, 1);
	}
	return p->bytes + p->n;
}

void
pieces_came(struct pieces *p, size_t n)
{
	p->n += n;
	p->at_end = n == 0;
}

/* Give bytes[begin, end). */
static int
give(
    struct pieces *p, size_t begin, size_t end, int64_t line, struct piece *out)
{
	out->s = p->bytes + begin;
	out->size = end - begin;
	out->line = line;
	p->taken = end;
	p->saved = p->bytes[end];
	p->has_saved = true;
	p->bytes[end] = '\0';
	return 1;
}

/* ---------------------------------------------------------------- lines */

static int
next_line(struct pieces *p, struct piece *out, const char **why)
{
	char *end = p->scanned < p->n
	    ? memchr(p->bytes + p->scanned, '\n', p->n - p->scanned)
	    : NULL;
	size_t begin = p->taken, size;

	out->line = p->line;
	if (end == NULL && !p->at_end) {
		p->scanned = p->n;
		if (p->n - p->taken > PIECE_BYTES_MAX) {
			p->too_long = true;
			p->taken = p->n;
		}
		return 0;
	}
	if (end == NULL && begin == p->n && !p->too_long)
		return 0;
	size = (end != NULL ? (size_t)(end - p->bytes) : p->n) - begin;
	p->scanned = begin + size + (end != NULL);
	p->line++;
	if (p->too_long || size > PIECE_BYTES_MAX) {
		p->too_long = false;
		p->taken = p->scanned;
		*why = too_long_text;
		return -1;
	}
	if (size > 0 && p->bytes[begin + size - 1] == '\r')
		size--;
	give(p, begin, begin + size, out->line, out);
	/* What is behind the piece was taken, too. */
	p->bytes[begin + size] = '\0';
	p->has_saved = false;
	p->taken = p->scanned;
	return 1;
}

/* ----------------------------------------------------------------- JSON */

static void
begin_element(struct pieces *p, size_t at, bool discard)
{
	p->in_element = true;
	p->discard = discard;
	p->begun = at;
	p->begun_line = p->line;
	p->key_size = 0;
	p->after_key = false;
}

/* 1, -1, or 0 where the element is to be thrown away. */
static int
end_element(struct pieces *p, size_t end, struct piece *out, const char **why)
{
	p->in_element = false;
	p->scanned = end;
	out->line = p->begun_line;
	if (p->discard) {
		p->taken = end;
		return 0;
	}
	if (p->too_long || end - p->begun > PIECE_BYTES_MAX) {
		p->too_long = false;
		p->taken = end;
		*why = too_long_text;
		return -1;
	}
	return give(p, p->begun, end, p->begun_line, out);
}

/* Whether the array that begins here is a wrapped list. */
static bool
is_wrapped(const struct pieces *p)
{
	size_t i;

	if (!p->after_key || p->base != 0 || p->depth != 1 || p->discard ||
	    p->too_long)
		return false;
	for (i = 0; pieces_wrapped[i] != NULL; i++)
		if (p->key_size == strlen(pieces_wrapped[i]) &&
		    memcmp(p->bytes + p->key, pieces_wrapped[i], p->key_size) ==
			0)
			return true;
	return false;
}

/* Walk on within a string: past its end, or n. */
static size_t
walk_string(struct pieces *p, size_t i)
{
	const char *b = p->bytes;

	for (; i < p->n; i++) {
		if (b[i] == '\n')
			p->line++;
		if (p->escaped)
			p->escaped = false;
		else if (b[i] == '\\')
			p->escaped = true;
		else if (b[i] == '"')
			break;
	}
	if (i == p->n)
		return i;
	p->in_string = false;
	p->key_size = i - p->key;
	return i + 1;
}

/* Between elements, at a byte that is no blank; -1: it cannot be there. */
static int
walk_between(struct pieces *p, size_t at)
{
	char c = p->bytes[at];

	if (c == '[' && p->depth == 0) {
		p->depth = p->base = 1;
	} else if (c != ']' && c != '}') {
		begin_element(p, at, false);
	} else if (p->depth == 0) {
		return -1;
	} else if (p->base == 2) {
		/* What else is in the object around it is not wanted. */
		p->depth = 1;
		p->base = 0;
		begin_element(p, at + 1, true);
	} else {
		p->depth = p->base = 0;
	}
	return 0;
}

/* Whether c ends a number or a word that is an element by itself. */
static bool
ends_word(const struct pieces *p, size_t at)
{
	return p->depth == p->base && at > p->begun &&
	    strchr(",\n\"[]{}", p->bytes[at]) != NULL && p->bytes[at] != '\0';
}

/* A byte within an element, outside of strings: true where it ends. */
static bool
walk_element(struct pieces *p, size_t at)
{
	switch (p->bytes[at]) {
	case '\n':
		p->line++;
		break;
	case '"':
		p->in_string = true;
		p->key = at + 1;
		p->key_size = 0;
		p->after_key = false;
		break;
	case ':':
		p->after_key = true;
		break;
	case '{':
		p->depth += p->depth < DEPTH_MAX;
		p->after_key = false;
		break;
	case '[':
		if (is_wrapped(p)) {
			p->depth = p->base = 2;
			p->in_element = false;
		} else {
			p->depth += p->depth < DEPTH_MAX;
			p->after_key = false;
		}
		break;
	case ']':
	case '}':
		return --p->depth == p->base;
	default:
		break;
	}
	return false;
}

/* Where bytes are not kept, forget them, so that memory stays bounded. */
static void
forget(struct pieces *p)
{
	if (!p->in_element) {
		p->taken = p->scanned;
		return;
	}
	if (p->n - p->begun > PIECE_BYTES_MAX)
		p->too_long = true;
	if (p->too_long || p->discard)
		p->taken = p->begun = p->n;
}

/* Step over what lies between elements; -1 where something cannot. */
static int
skip_between(struct pieces *p, struct piece *out, const char **why)
{
	size_t i;
	char c;

	for (i = p->scanned; i < p->n && !p->in_element; i++) {
		c = p->bytes[i];
		p->taken = p->scanned = i + 1;
		if (c == '\n')
			p->line++;
		if (c == '\n' || c == ' ' || c == '\t' || c == '\r' || c == ',')
			continue;
		out->line = p->line;
		if (walk_between(p, i) != 0) {
			*why = "a bracket that nothing opened";
			return -1;
		}
		if (p->in_element)
			p->taken = p->scanned = p->begun;
	}
	return 0;
}

/* Within an element: 1 or -1 with its end, 0 where more bytes are needed. */
static int
rest_of_element(struct pieces *p, struct piece *out, const char **why)
{
	size_t i = p->scanned;

	while (i < p->n && p->in_element) {
		if (p->in_string) {
			i = walk_string(p, i);
			if (!p->in_string && p->depth == p->base)
				return end_element(p, i, out, why);
		} else if (ends_word(p, i)) {
			return end_element(p, i, out, why);
		} else if (walk_element(p, i++)) {
			return end_element(p, i, out, why);
		}
	}
	p->scanned = i;
	return 0;
}

static int
next_element(struct pieces *p, struct piece *out, const char **why)
{
	int result = 0;

	while (result == 0 && p->scanned < p->n) {
		if (!p->in_element)
			result = skip_between(p, out, why);
		if (result == 0 && p->in_element)
			result = rest_of_element(p, out, why);
	}
	if (result != 0)
		return result;
	forget(p);
	if (!p->at_end || !p->in_element)
		return 0;
	if (p->depth == p->base && !p->in_string)
		return end_element(p, p->n, out, why);
	p->in_element = false;
	p->taken = p->n;
	if (p->discard)
		return 0;
	out->line = p->begun_line;
	*why = "the file ends within this element";
	return -1;
}

int
pieces_next(struct pieces *p, struct piece *out, const char **why)
{
	restore(p);
	return p->cut == CUT_LINES ? next_line(p, out, why)
				   : next_element(p, out, why);
}
