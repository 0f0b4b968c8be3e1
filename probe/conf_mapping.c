/*
 * The pairs of a mapping by a table of its keys; keys that are unknown, stand
 * there twice or are no names.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "probe/conf_reader.h"

/* Edit distance (Levenshtein), as far as it matters for words. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[32], na = strlen(a), nb = strlen(b), i, j, diagonal, up;

	if (na > 31 || nb > 31)
		return SIZE_MAX;
	for (j = 0; j <= nb; j++)
		row[j] = j;
	for (i = 1; i <= na; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= nb; j++) {
			up = row[j];
			row[j] = diagonal + (a[i - 1] != b[j - 1]);
			if (row[j] > up + 1)
				row[j] = up + 1;
			if (row[j] > row[j - 1] + 1)
				row[j] = row[j - 1] + 1;
			diagonal = up;
		}
	}
	return row[nb];
}

/* The known key that was probably meant, or NULL. */
static const char *
nearest(const struct conf_key *keys, const char *name)
{
	size_t best = strlen(name) < 5 ? 2 : 3, d;
	const char *found = NULL;

	for (; keys->name != NULL; keys++) {
		d = distance(keys->name, name);
		if (d < best && d < strlen(keys->name)) {
			best = d;
			found = keys->name;
		}
	}
	return found;
}

static const struct conf_key *
find_key(const struct conf_key *keys, const char *name)
{
	for (; keys->name != NULL; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

static void
tell_unknown(struct conf_reader *r, const struct conf_node *node,
    const struct conf_key *keys)
{
	const char *meant = nearest(keys, node->text);
	char quoted[CONF_QUOTE_SIZE], all[256] = "";
	size_t i;

	conf_quote(node->text, quoted);
	if (meant != NULL) {
		conf_remark_error(r->remarks, node->line,
		    "unknown key %s, did you mean '%s'?", quoted, meant);
		return;
	}
	for (i = 0; conf_sections[i].section != NULL; i++)
		if (conf_sections[i].keys != keys &&
		    find_key(conf_sections[i].keys, node->text) != NULL) {
			conf_remark_error(r->remarks, node->line,
			    "unknown key %s, it belongs in %s", quoted,
			    conf_sections[i].section);
			return;
		}
	for (; keys->name != NULL; keys++) {
		size_t used = strlen(all);

		snprintf(all + used, sizeof(all) - used, "%s%s",
		    used > 0 ? ", " : "", keys->name);
	}
	conf_remark_error(r->remarks, node->line,
	    "unknown key %s, expected one of %s", quoted, all);
}

bool
conf_is_mapping(
    struct conf_reader *r, const struct conf_node *v, const char *what)
{
	if (v->type == CONF_MAPPING)
		return true;
	if (v->type != CONF_REFUSED)
		conf_remark_error(r->remarks, v->line,
		    "%s holds %s, expected a mapping (key: value)", what,
		    conf_node_kind(v));
	return false;
}

static int
compare_keys(const void *a, const void *b)
{
	const struct conf_node *const *x = a, *const *y = b;
	int order = strcmp((*x)->text, (*y)->text);

	if (order != 0)
		return order;
	return (*x)->line < (*y)->line ? -1 : (*x)->line > (*y)->line;
}

/*
 * Tell of keys that are no text or stand there twice; ok says of each pair
 * whether it can be used.
 */
static void
check_keys(struct conf_reader *r, const struct conf_node *mapping, bool *ok)
{
	size_t n_pairs = mapping->n / 2, n = 0, i;
	const struct conf_node **keys = x_calloc(n_pairs, sizeof(*keys));
	char quoted[CONF_QUOTE_SIZE];

	for (i = 0; i < n_pairs; i++) {
		const struct conf_node *k = &mapping->items[2 * i];

		ok[i] = k->type == CONF_SCALAR;
		if (ok[i])
			keys[n++] = k;
		else if (k->type != CONF_REFUSED)
			conf_remark_error(r->remarks, k->line,
			    "%s as a key, expected a name", conf_node_kind(k));
		if (ok[i] && k->plain && strcmp(k->text, "<<") == 0) {
			conf_remark_error(r->remarks, k->line,
			    "a merge key (<<), expected the keys themselves");
			ok[i] = false;
			n--;
		}
	}
	if (n > 1)
		qsort(keys, n, sizeof(*keys), compare_keys);
	for (i = 1; i < n; i++) {
		if (strcmp(keys[i]->text, keys[i - 1]->text) != 0)
			continue;
		conf_remark_error(r->remarks, keys[i]->line,
		    "duplicate key %s, expected it once (line %zu has it)",
		    conf_quote(keys[i]->text, quoted), keys[i - 1]->line);
		ok[(size_t)(keys[i] - mapping->items) / 2] = false;
	}
	free(keys);
}

void
conf_read_mapping(struct conf_reader *r, const struct conf_node *v,
    const struct conf_key *keys, void *base, struct conf_seen *seen)
{
	bool *ok = x_calloc(v->n / 2, sizeof(*ok));
	struct conf_node value;
	const struct conf_key *k;
	size_t i;

	memset(seen, 0, sizeof(*seen));
	check_keys(r, v, ok);
	for (i = 0; i < v->n / 2; i++) {
		if (!ok[i])
			continue;
		k = find_key(keys, v->items[2 * i].text);
		if (k == NULL) {
			tell_unknown(r, &v->items[2 * i], keys);
			continue;
		}
		/* An empty value has no line of its own. */
		value = v->items[2 * i + 1];
		if (conf_node_is_empty(&value))
			value.line = v->items[2 * i].line;
		seen->lines[k - keys] = v->items[2 * i].line;
		k->read(r, &value, (char *)base + k->offset, k);
	}
	free(ok);
}

size_t
conf_line_of(
    const struct conf_seen *seen, const struct conf_key *keys, const char *name)
{
	return seen->lines[find_key(keys, name) - keys];
}

static bool
is_name(struct conf_reader *r, const struct conf_node *k, const char *what)
{
	size_t n = strspn(k->text, "abcdefghijklmnopqrstuvwxyz0123456789._-");
	char quoted[CONF_QUOTE_SIZE];

	if (n > 0 && n <= CONF_NAME_MAX && k->text[n] == '\0')
		return true;
	conf_remark_error(r->remarks, k->line,
	    "%s as the name of %s, expected 1 to %d of a-z 0-9 . _ -",
	    conf_quote(k->text, quoted), what, CONF_NAME_MAX);
	return false;
}

void
conf_each_name(struct conf_reader *r, const struct conf_node *v,
    const struct conf_key *k, const char *what,
    bool (*add)(struct conf_reader *r, const struct conf_node *key,
	const struct conf_node *value))
{
	const struct conf_node *key;
	bool *ok;
	size_t i;

	if (!conf_is_mapping(r, v, k->name))
		return;
	ok = x_calloc(v->n / 2, sizeof(*ok));
	check_keys(r, v, ok);
	for (i = 0; i < v->n / 2; i++) {
		key = &v->items[2 * i];
		if (ok[i] && is_name(r, key, what) && !add(r, key, key + 1))
			break;
	}
	free(ok);
}
