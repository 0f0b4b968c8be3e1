/*
 * RFC 8259, by recursive descent with a bound on depth and nodes.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/import/jsonscan.h"

struct scan {
	struct jtree *t;
	char *p;
	const char *end; /* a NUL stands there */
	const char *why;
};

void
jtree_clear(struct jtree *t)
{
	free(t->node);
	memset(t, 0, sizeof(*t));
}

static bool
fail(struct scan *c, const char *why)
{
	if (c->why == NULL)
		c->why = why;
	return false;
}

static void
skip_blanks(struct scan *c)
{
	while (*c->p == ' ' || *c->p == '\n' || *c->p == '\t' || *c->p == '\r')
		c->p++;
}

/* Four hex digits, or -1. */
static int
hex4(const char *s)
{
	int v = 0, i, d;

	for (i = 0; i < 4; i++) {
		if (s[i] >= '0' && s[i] <= '9')
			d = s[i] - '0';
		else if ((s[i] | 32) >= 'a' && (s[i] | 32) <= 'f')
			d = (s[i] | 32) - 'a' + 10;
		else
			return -1;
		v = v * 16 + d;
	}
	return v;
}

static char *
put_utf8(char *out, int c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 63));
		*out++ = (char)(0x80 | (c & 63));
	} else {
		*out++ = (char)(0xf0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 63));
		*out++ = (char)(0x80 | (c >> 6 & 63));
		*out++ = (char)(0x80 | (c & 63));
	}
	return out;
}

/* \uXXXX at in, perhaps a pair of them: where it ends, or NULL. */
static const char *
read_unicode(const char *in, int *code)
{
	int low;

	*code = hex4(in + 2);
	if (*code < 0)
		return NULL;
	in += 6;
	if (*code >= 0xdc00 && *code < 0xe000)
		*code = 0xfffd;
	if (*code < 0xd800 || *code >= 0xdc00)
		return in;
	low = in[0] == '\\' && in[1] == 'u' ? hex4(in + 2) : -1;
	if (low < 0xdc00 || low >= 0xe000) {
		*code = 0xfffd;
		return in;
	}
	*code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
	return in + 6;
}

/* From the first backslash of a string on: unescape it in place. */
static bool
unescape(struct scan *c, char *at)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *in = at, *found;
	char *out = at;
	int code;

	while (*in != '"') {
		if (in == c->end || (unsigned char)*in < 0x20)
			return fail(c, "a string that does not end");
		if (*in != '\\') {
			*out++ = *in++;
		} else if (in[1] == 'u') {
			in = read_unicode(in, &code);
			if (in == NULL)
				return fail(c, "a bad \\u in a string");
			out = put_utf8(out, code);
		} else {
			found = in[1] != '\0' ? strchr(from, in[1]) : NULL;
			if (found == NULL)
				return fail(c, "a bad escape in a string");
			*out++ = to[found - from];
			in += 2;
		}
	}
	c->p = at + (in - at) + 1;
	*out = '\0';
	return true;
}

/* A string at its opening quote. */
static bool
read_string(struct scan *c, const char **text)
{
	char *p = c->p + 1;

	*text = p;
	while (*p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	if (*p == '\\')
		return unescape(c, p);
	if (*p != '"')
		return fail(c, "a string that does not end");
	*p = '\0';
	c->p = p + 1;
	return true;
}

static size_t
digits(const char *p)
{
	return strspn(p, "0123456789");
}

/* How long the number at p is; 0: it is none. */
static size_t
number_size(const char *p)
{
	const char *from = p;
	size_t n;

	p += *p == '-';
	n = digits(p);
	if (n == 0 || (n > 1 && *p == '0'))
		return 0;
	p += n;
	if (*p == '.') {
		n = digits(p + 1);
		if (n == 0)
			return 0;
		p += n + 1;
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '+' || *p == '-';
		n = digits(p);
		if (n == 0)
			return 0;
		p += n;
	}
	return (size_t)(p - from);
}

static bool
read_word(struct scan *c, struct jnode *node)
{
	static const struct {
		const char *word;
		enum jtype type;
	} words[] = { { "null", J_NULL }, { "true", J_TRUE },
		{ "false", J_FALSE } };
	size_t i, n;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		n = strlen(words[i].word);
		if (strncmp(c->p, words[i].word, n) == 0) {
			node->type = words[i].type;
			c->p += n;
			return true;
		}
	}
	return fail(c, "not JSON");
}

static uint32_t
add_node(struct scan *c, const char *key)
{
	struct jtree *t = c->t;

	t->node = x_grow(t->node, t->n, &t->capacity, sizeof(*t->node));
	t->node[t->n].type = J_NULL;
	t->node[t->n].key = key;
	t->node[t->n].text = NULL;
	return (uint32_t)t->n++;
}

static bool read_value(struct scan *c, const char *key, int depth);

/* What follows the opening bracket of an array or object. */
static bool
read_members(struct scan *c, enum jtype type, int depth)
{
	char close = type == J_OBJECT ? '}' : ']';
	const char *key = NULL;

	if (depth == JSON_DEPTH_MAX)
		return fail(c, "too deep");
	c->p++;
	skip_blanks(c);
	if (*c->p == close) {
		c->p++;
		return true;
	}
	for (;;) {
		skip_blanks(c);
		if (type == J_OBJECT) {
			if (*c->p != '"' || !read_string(c, &key))
				return fail(c, "an object without a key");
			skip_blanks(c);
			if (*c->p++ != ':')
				return fail(c, "a key without a colon");
		}
		if (!read_value(c, key, depth + 1))
			return false;
		skip_blanks(c);
		if (*c->p == close)
			break;
		if (*c->p++ != ',')
			return fail(c, "a comma or bracket is missing");
	}
	c->p++;
	return true;
}

/*
 * A number ends where the bracket or comma behind it begins: its NUL is put
 * there once that was read.
 */
static bool
read_number(struct scan *c, struct jnode *node)
{
	size_t n = number_size(c->p);

	if (n == 0)
		return read_word(c, node);
	node->type = J_NUMBER;
	node->text = c->p;
	c->p += n;
	return true;
}

static bool
read_value(struct scan *c, const char *key, int depth)
{
	uint32_t i;
	bool good;

	if (c->t->n >= JSON_NODES_MAX)
		return fail(c, "too many values");
	i = add_node(c, key);
	skip_blanks(c);
	switch (*c->p) {
	case '{':
		c->t->node[i].type = J_OBJECT;
		good = read_members(c, J_OBJECT, depth);
		break;
	case '[':
		c->t->node[i].type = J_ARRAY;
		good = read_members(c, J_ARRAY, depth);
		break;
	case '"':
		c->t->node[i].type = J_STRING;
		good = read_string(c, &c->t->node[i].text);
		break;
	default:
		good = read_number(c, &c->t->node[i]);
		break;
	}
	c->t->node[i].end = (uint32_t)c->t->n;
	return good;
}

/* Numbers become strings of their own: what ended them was read by now. */
static void
end_numbers(struct jtree *t)
{
	char *text;
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->node[i].type == J_NUMBER) {
			text = (char *)(uintptr_t)t->node[i].text;
			text[number_size(text)] = '\0';
		}
}

const char *
jtree_read(struct jtree *t, char *s, size_t size)
{
	struct scan c = { t, s, s + size, NULL };

	t->n = 0;
	if (!read_value(&c, NULL, 0))
		return c.why;
	skip_blanks(&c);
	if (c.p != c.end)
		return "more behind the value";
	end_numbers(t);
	return NULL;
}

const struct jnode *
jtree_root(const struct jtree *t)
{
	return t->n > 0 ? &t->node[0] : NULL;
}

const struct jnode *
jtree_first(const struct jtree *t, const struct jnode *of)
{
	size_t i;

	if (of == NULL || (of->type != J_OBJECT && of->type != J_ARRAY))
		return NULL;
	i = (size_t)(of - t->node) + 1;
	return i < of->end ? &t->node[i] : NULL;
}

const struct jnode *
jtree_next(
    const struct jtree *t, const struct jnode *of, const struct jnode *child)
{
	return child->end < of->end ? &t->node[child->end] : NULL;
}

const struct jnode *
jtree_get(const struct jtree *t, const struct jnode *object, const char *key)
{
	const struct jnode *n;

	if (object == NULL || object->type != J_OBJECT)
		return NULL;
	for (n = jtree_first(t, object); n != NULL;
	     n = jtree_next(t, object, n))
		if (strcmp(n->key, key) == 0)
			return n;
	return NULL;
}

const char *
jtree_string(const struct jtree *t, const struct jnode *object, const char *key)
{
	const struct jnode *n = jtree_get(t, object, key);

	return n != NULL && n->type == J_STRING ? n->text : NULL;
}

const char *
jtree_text(const struct jtree *t, const struct jnode *object, const char *key)
{
	const struct jnode *n = jtree_get(t, object, key);

	return n != NULL && (n->type == J_STRING || n->type == J_NUMBER)
	    ? n->text
	    : NULL;
}
