/*
 * Reading an SVG as gnuplot 5.4 and 6 write it, and keeping of it what a page
 * needs: paths, filled polygons, texts.  All else, identifiers, links, styles
 * and colours above all, is left out.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/text.h"
#include "report/plot/plot.h"

#define CLEAN_MAX (8 << 20)
#define VALUE_MAX 160 /* of an attribute that is no list of points */

static const char shape_bytes[] = "0123456789.,- \t\r\nMLHVZmlhvz";
static const char transform_bytes[] = "0123456789.,-() translaterotate";
static const char number_bytes[] = "0123456789.";
static const char text_bytes[] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .,:%+-";

/* Part of the input. */
struct piece {
	const char *s;
	size_t size;
};

struct cleaner {
	struct text out;
	struct piece transform, anchor, fill, width; /* of the latest <g> */
	int area; /* colour of the path that areas are being added to; 0: none
		   */
};

static bool
only(struct piece p, const char *bytes)
{
	size_t i;

	for (i = 0; i < p.size; i++)
		if (p.s[i] == '\0' || strchr(bytes, p.s[i]) == NULL)
			return false;
	return p.size > 0;
}

/* The value of an attribute within a tag; size 0: it has none. */
static struct piece
attribute(struct piece tag, const char *name)
{
	struct piece none = { NULL, 0 }, value;
	size_t length = strlen(name), at;
	const char *end;

	for (at = 1; at + length < tag.size; at++) {
		if (memcmp(tag.s + at, name, length) != 0 ||
		    strchr(" \t\n", tag.s[at - 1]) == NULL)
			continue;
		value.s = tag.s + at + length;
		end = tag.s + tag.size;
		while (value.s < end && strchr(" =", *value.s) != NULL)
			value.s++;
		if (value.s == end || (*value.s != '\'' && *value.s != '"'))
			continue;
		end =
		    memchr(value.s + 1, *value.s, (size_t)(end - value.s - 1));
		if (end == NULL)
			return none;
		value.s++;
		value.size = (size_t)(end - value.s);
		return value;
	}
	return none;
}

/* The number of a colour of common.gp, "rgb(  3,   3,   3)"; 0: none. */
static int
colour(struct piece value)
{
	char text[32];
	int r, g, b;

	if (value.size == 0 || value.size >= sizeof(text))
		return 0;
	memcpy(text, value.s, value.size);
	text[value.size] = '\0';
	if (sscanf(text, "rgb(%d,%d,%d)", &r, &g, &b) != 3 || r != g ||
	    g != b || r < 1 || r > 99)
		return 0;
	return r;
}

static void
end_area(struct cleaner *c)
{
	if (c->area != 0)
		text_addf(&c->out, "\"/>");
	c->area = 0;
}

/* A polygon joins those of its colour before it as one path. */
static void
add_polygon(struct cleaner *c, struct piece tag)
{
	struct piece points = attribute(tag, "points");
	int n = colour(attribute(tag, "fill"));
	size_t i;

	while (points.size > 0 && points.s[points.size - 1] == ' ')
		points.size--;
	if (n == 0 || !only(points, shape_bytes))
		return;
	if (c->area != n) {
		end_area(c);
		text_addf(&c->out, "<path class=\"f%d\" d=\"", n);
		c->area = n;
	}
	text_addf(&c->out, "M");
	for (i = 0; i < points.size; i++) {
		/* A hundredth of a pixel is nothing to see. */
		if (points.s[i] == '.' && i + 2 < points.size &&
		    points.s[i + 1] != ' ') {
			if (points.s[i + 1] != '0')
				text_add(&c->out, points.s + i, 2);
			while (i + 1 < points.size && points.s[i + 1] >= '0' &&
			    points.s[i + 1] <= '9')
				i++;
			continue;
		}
		text_add(&c->out, points.s + i, 1);
	}
	text_addf(&c->out, "z");
}

/* White space in a path is one blank. */
static void
add_shape(struct text *out, struct piece d)
{
	bool blank = true;
	size_t i;

	for (i = 0; i < d.size; i++) {
		if (strchr(" \t\r\n", d.s[i]) == NULL) {
			text_add(out, d.s + i, 1);
			blank = false;
		} else if (!blank) {
			text_add(out, " ", 1);
			blank = true;
		}
	}
}

static void
add_path(struct cleaner *c, struct piece tag)
{
	struct piece d = attribute(tag, "d");
	struct piece dash = attribute(tag, "stroke-dasharray");
	int n = colour(attribute(tag, "stroke"));

	if (n == 0 || !only(d, shape_bytes))
		return;
	end_area(c);
	text_addf(&c->out, "<path class=\"s%d\"", n);
	if (only(c->width, number_bytes))
		text_addf(&c->out, " stroke-width=\"%.*s\"", (int)c->width.size,
		    c->width.s);
	if (only(dash, shape_bytes))
		text_addf(&c->out, " stroke-dasharray=\"%.*s\"", (int)dash.size,
		    dash.s);
	text_addf(&c->out, " d=\"");
	add_shape(&c->out, d);
	text_addf(&c->out, "\"/>");
}

static void
add_text(struct cleaner *c, struct piece words)
{
	int n = colour(c->fill);

	while (words.size > 0 && words.s[0] == ' ') {
		words.s++;
		words.size--;
	}
	if (n == 0 || !only(words, text_bytes) ||
	    !only(c->transform, transform_bytes))
		return;
	end_area(c);
	text_addf(&c->out, "<text class=\"t%d\" transform=\"%.*s\"", n,
	    (int)c->transform.size, c->transform.s);
	if (c->anchor.size > 0 && only(c->anchor, text_bytes))
		text_addf(&c->out, " text-anchor=\"%.*s\"", (int)c->anchor.size,
		    c->anchor.s);
	text_addf(&c->out, ">%.*s</text>", (int)words.size, words.s);
}

/* What a <g> says holds until the next one. */
static void
take_group(struct cleaner *c, struct piece tag)
{
	struct piece width = attribute(tag, "stroke-width");

	c->transform = attribute(tag, "transform");
	c->anchor = attribute(tag, "text-anchor");
	c->fill = attribute(tag, "fill");
	if (width.size > 0)
		c->width = width;
	if (c->transform.size > VALUE_MAX)
		c->transform.size = 0;
	if (c->anchor.size > VALUE_MAX)
		c->anchor.size = 0;
	if (c->width.size > VALUE_MAX)
		c->width.size = 0;
}

static bool
is_tag(struct piece tag, const char *name)
{
	size_t length = strlen(name);

	return tag.size > length && memcmp(tag.s, name, length) == 0 &&
	    strchr(" \t\n>/", tag.s[length]) != NULL;
}

char *
plot_clean(const char *svg, size_t size)
{
	struct cleaner c = { .area = 0 };
	const char *at = svg, *end = svg + size, *close;
	struct piece tag, words;

	text_init(&c.out, CLEAN_MAX);
	text_add(&c.out, "", 0);
	while (at < end) {
		tag.s = memchr(at, '<', (size_t)(end - at));
		if (tag.s == NULL)
			break;
		tag.s++;
		close = memchr(tag.s, '>', (size_t)(end - tag.s));
		if (close == NULL)
			break;
		/* With the > behind it. */
		tag.size = (size_t)(close + 1 - tag.s);
		at = close + 1;
		if (is_tag(tag, "g")) {
			take_group(&c, tag);
		} else if (is_tag(tag, "path")) {
			add_path(&c, tag);
		} else if (is_tag(tag, "polygon")) {
			add_polygon(&c, tag);
		} else if (is_tag(tag, "text")) {
			words.s = at;
			close = memchr(at, '<', (size_t)(end - at));
			words.size =
			    (size_t)((close != NULL ? close : end) - at);
			add_text(&c, words);
		}
	}
	end_area(&c);
	return c.out.s;
}
