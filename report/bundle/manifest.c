/*
 * Reading and writing manifests.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/bundle/manifest.h"

const char *
manifest_bad_name(const char *name)
{
	size_t length = strlen(name), i;

	if (length == 0)
		return "no name";
	if (name[0] == '/')
		return "an absolute name: would be written outside";
	if (length > BUNDLE_NAME_MAX)
		return "a name that is too long";
	for (i = 0; i < length; i++) {
		if (i > 0 && name[i - 1] != '/')
			continue;
		if (strncmp(name + i, "..", 2) == 0 &&
		    (name[i + 2] == '/' || name[i + 2] == '\0'))
			return "a name with ..: would be written outside";
		if (name[i] == '/' || name[i] == '.')
			return "a name with an empty or hidden part";
	}
	if (name[length - 1] == '/')
		return "a name with an empty or hidden part";
	for (i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    strchr("._+-/", name[i]) == NULL)
			return "a name with other than letters, digits and "
			       "._+-";
	return NULL;
}

bool
manifest_is_special(const char *name)
{
	return strcmp(name, MANIFEST_NAME) == 0 ||
	    strcmp(name, SIGNATURE_NAME) == 0 || strcmp(name, SIGNER_NAME) == 0;
}

/* Two hexadecimal digits, lower case; -1: they are none. */
static int
byte_of(const char *s)
{
	static const char digits[] = "0123456789abcdef";
	const char *high = strchr(digits, s[0]);
	const char *low = s[0] != '\0' ? strchr(digits, s[1]) : NULL;

	if (high == NULL || low == NULL || *high == '\0' || *low == '\0')
		return -1;
	return (int)((high - digits) << 4 | (low - digits));
}

/* One line without its end; NULL or what is wrong. */
static const char *
parse_line(struct manifest_file *f, const char *line, size_t length)
{
	const char *bad;
	int byte, i;

	if (length < 2 * DIGEST_SIZE + 3 || memchr(line, '\0', length) != NULL)
		return "not a line of sha256sum, expected 64 hex digits, two "
		       "blanks and a name";
	for (i = 0; i < DIGEST_SIZE; i++) {
		byte = byte_of(line + (size_t)i * 2);
		if (byte < 0)
			return "not a digest, expected 64 hex digits";
		f->digest[i] = (uint8_t)byte;
	}
	line += (size_t)DIGEST_SIZE * 2;
	length -= (size_t)DIGEST_SIZE * 2;
	if (line[0] != ' ' || (line[1] != ' ' && line[1] != '*'))
		return "expected two blanks behind the digest";
	f->name = x_strndup(line + 2, length - 2);
	bad = manifest_bad_name(f->name);
	if (bad == NULL && manifest_is_special(f->name))
		bad = "lists itself or its signature";
	return bad;
}

int
manifest_parse(struct manifest *m, const char *text, size_t size, struct err *e)
{
	struct manifest_file *f;
	const char *end, *bad;
	size_t line = 0;

	memset(m, 0, sizeof(*m));
	for (; size > 0; size -= (size_t)(end + 1 - text), text = end + 1) {
		line++;
		end = memchr(text, '\n', size);
		if (end == NULL)
			return err_set(e,
			    MANIFEST_NAME ":%zu: cut off, expected a line end",
			    line);
		if (m->n == BUNDLE_FILES_MAX)
			return err_set(e,
			    MANIFEST_NAME ":%zu: more than %d files", line,
			    BUNDLE_FILES_MAX);
		m->file = x_grow(m->file, m->n, &m->capacity, sizeof(*f));
		f = &m->file[m->n++];
		memset(f, 0, sizeof(*f));
		bad = parse_line(f, text, (size_t)(end - text));
		if (bad != NULL)
			return err_set(e, MANIFEST_NAME ":%zu: %s%s%s", line,
			    f->name != NULL ? f->name : "",
			    f->name != NULL ? ": " : "", bad);
	}
	return 0;
}

void
manifest_clear(struct manifest *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		free(m->file[i].name);
	free(m->file);
	memset(m, 0, sizeof(*m));
}

void
manifest_line(
    struct text *text, const char *name, const uint8_t digest[DIGEST_SIZE])
{
	int i;

	for (i = 0; i < DIGEST_SIZE; i++)
		text_addf(text, "%02x", digest[i]);
	text_addf(text, "  %s\n", name);
}
