/*
 * Lines and words of data files.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "natdiff/datafile.h"

#define BLANKS " \t\r"

/* A "#" at the start of a word ends the line. */
static void
cut_comment(char *line)
{
	char *p = line;

	while ((p = strchr(p, '#')) != NULL) {
		if (p == line || strchr(BLANKS, p[-1]) != NULL) {
			*p = '\0';
			return;
		}
		p++;
	}
}

/* Printable ASCII and tabs: what is shown goes to terminals as it is. */
static int
check_text(const struct dataline *line)
{
	const unsigned char *p;

	for (p = (const unsigned char *)line->rest; *p != '\0'; p++)
		if ((*p < ' ' && strchr(BLANKS, *p) == NULL) || *p > '~')
			return dataline_refuse(
			    line, "a byte that is not printable", "ASCII text");
	return 0;
}

int
datafile_parse(const char *file, const char *text, size_t size,
    int (*on_line)(void *arg, struct dataline *line, const char *word),
    void *arg, struct err *e)
{
	struct dataline line = { .file = file, .e = e };
	char *copy, *at, *next;
	const char *word;
	int result = 0;

	if (size > DATAFILE_BYTES_MAX || memchr(text, '\0', size) != NULL)
		return err_set(e, "%s: no data file: %s", file,
		    size > DATAFILE_BYTES_MAX ? "too large" : "holds a NUL");
	copy = x_strndup(text, size);
	for (at = copy; at != NULL && result == 0; at = next) {
		next = strchr(at, '\n');
		if (next != NULL)
			*next++ = '\0';
		line.number++;
		line.rest = at;
		result = check_text(&line);
		cut_comment(at);
		word = result == 0 ? dataline_word(&line) : NULL;
		if (word != NULL)
			result = on_line(arg, &line, word);
	}
	free(copy);
	return result;
}

char *
datafile_load(const char *file, size_t *size, struct err *e)
{
	FILE *f = fopen(file, "re");
	char *text;

	if (f == NULL) {
		err_sys(e, "%s: cannot open", file);
		return NULL;
	}
	text = x_malloc(DATAFILE_BYTES_MAX + 1);
	errno = 0;
	*size = fread(text, 1, DATAFILE_BYTES_MAX + 1, f);
	if (ferror(f)) {
		err_sys(e, "%s: cannot read", file);
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

char *
dataline_word(struct dataline *line)
{
	char *word = line->rest + strspn(line->rest, BLANKS);
	size_t n = strcspn(word, BLANKS);

	line->rest = word + n;
	if (n == 0)
		return NULL;
	if (*line->rest != '\0')
		*line->rest++ = '\0';
	return word;
}

char *
dataline_text(struct dataline *line)
{
	char *text = line->rest + strspn(line->rest, BLANKS);
	size_t n = strlen(text);

	while (n > 0 && strchr(BLANKS, text[n - 1]) != NULL)
		text[--n] = '\0';
	line->rest = text + n;
	return n > 0 ? text : NULL;
}

int
dataline_refuse(
    const struct dataline *line, const char *found, const char *expected)
{
	return err_set(line->e, "%s:%d: %s, expected %s", line->file,
	    line->number, found != NULL ? found : "end of line", expected);
}
