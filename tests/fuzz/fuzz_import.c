/*
 * Fuzz the importers: the first byte picks the format, the second how the
 * rest is cut and in which portions it comes.  Every record that comes out
 * must be one that the store and the report can take.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "natdiff/xalloc.h"
#include "report/import/fields.h"
#include "report/import/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_address(const struct endpoint_address *a)
{
	check(a->family == 0 || a->family == AF_INET || a->family == AF_INET6);
}

static int
on_event(void *arg, const struct gateway_event_record *ev, struct err *e)
{
	(void)arg;
	(void)e;
	check(ev->source != NULL && ev->kind != NULL && *ev->kind != '\0');
	check(ev->from_at_us >= 0 && ev->from_at_us <= FIELD_TIME_MAX_US);
	check(ev->to_at_us >= ev->from_at_us);
	check(ev->to_at_us - ev->from_at_us <= FIELD_TIME_MAX_US);
	check(ev->value == NOT_MEASURED ||
	    (ev->value >= 0 && ev->value <= INT32_MAX));
	check_address(&ev->inside);
	check_address(&ev->outside);
	check_address(&ev->destination);
	check(ev->identity == NULL || strlen(ev->identity) < 512);
	check(ev->detail == NULL || strlen(ev->detail) < 4096);
	return 1;
}

static int
on_edge(void *arg, const struct edge_entry_record *en, struct err *e)
{
	(void)arg;
	(void)e;
	check(en->at_us >= 0 && en->at_us <= FIELD_TIME_MAX_US);
	check(en->status == NOT_MEASURED ||
	    (en->status >= 0 && en->status <= 999));
	check_address(&en->client);
	return 1;
}

static int
on_failure(void *arg, const struct app_failure_record *f, struct err *e)
{
	(void)arg;
	(void)e;
	check(f->at_us >= 0 && f->at_us <= FIELD_TIME_MAX_US);
	check_address(&f->source);
	check_address(&f->destination);
	return 1;
}

/* What jansson takes is taken by ours, too. */
static void
compare_json(const char *s, size_t size)
{
	struct jtree t = { NULL, 0, 0 };
	json_t *o = json_loadb(s, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	char *copy = x_strndup(s, size);
	const char *why;

	if (strlen(copy) == size) {
		format_guess(NULL, copy, false);
		why = jtree_read(&t, copy, size);
		if (why == NULL) {
			format_guess(&t, NULL, false);
			format_is_empty(&t);
		}
		check(o == NULL || why == NULL ||
		    strcmp(why, "too deep") == 0 ||
		    strcmp(why, "too many values") == 0);
		check(why != NULL || t.node[0].end == t.n);
	}
	json_decref(o);
	free(copy);
	jtree_clear(&t);
}

static void
read_pieces(struct pieces *pieces, struct parse *parse)
{
	struct piece piece;
	const char *why;
	int got;

	for (;;) {
		got = pieces_next(pieces, &piece, &why);
		if (got == 0)
			return;
		if (got < 0) {
			check(why != NULL && piece.line >= 1);
			continue;
		}
		check(piece.s[piece.size] == '\0' && piece.line >= 1);
		compare_json(piece.s, piece.size);
		parse->why[0] = '\0';
		if (parse_piece(parse, &piece) == PIECE_BAD)
			check(parse->why[0] != '\0');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct record_sink sink = { NULL, on_event, on_edge, on_failure };
	const struct import_hints hints = { NULL, NOT_MEASURED, 0,
		INT64_C(1773147900000000), NULL };
	size_t n = 0, i = 2, portion;
	struct pieces pieces;
	struct parse parse;

	while (formats[n] != NULL)
		n++;
	if (size < 2)
		return 0;
	parse_init(&parse, formats[data[0] % n], &hints, &sink);
	pieces_init(&pieces, data[1] & 1 ? CUT_ELEMENTS : CUT_LINES);
	portion = (size_t)(data[1] >> 1) + 1;
	while (i < size) {
		if (portion > size - i)
			portion = size - i;
		memcpy(pieces_room(&pieces, portion), data + i, portion);
		pieces_came(&pieces, portion);
		read_pieces(&pieces, &parse);
		i += portion;
	}
	pieces_room(&pieces, 1);
	pieces_came(&pieces, 0);
	read_pieces(&pieces, &parse);
	parse_end(&parse);
	pieces_clear(&pieces);
	parse_clear(&parse);
	return 0;
}
