/*
 * Request headers: filling in, and refusing what would break a request or
 * what natdiff sends itself.
 */
#include "config.h"

#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "natdiff/text.h"
#include "natdiff/xalloc.h"
#include "probe/conf.h"
#include "probe/conf_header.h"

/* Headers that are not the configuration's to set; a '*' ends a prefix. */
static const struct {
	const char *name;
	const char *why;
} reserved[] = {
	{ "Host", "it is the host of the url" },
	{ "traceparent", "it carries the attempt's id" },
	{ "X-Request-Id", "it carries the attempt's id" },
	{ "User-Agent", "natdiff says who it is" },
	{ "Connection", "natdiff sets it: one connection an attempt" },
	{ "Upgrade", "natdiff sets it for wss: and ws:" },
	{ "Sec-WebSocket-*", "natdiff sets it for wss: and ws:" },
	{ "Content-Length", "an attempt sends no body" },
	{ "Transfer-Encoding", "an attempt sends no body" },
	{ "Expect", "an attempt sends no body" },
};

static bool
is_token(unsigned char c)
{
	return c < 0x80 &&
	    (isalnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c)));
}

bool
conf_header_is_name(const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0'; i++)
		if (!is_token((unsigned char)text[i]))
			return false;
	return i > 0;
}

static int
check_reserved(const char *name, struct err *e)
{
	size_t i, n;
	bool same;

	for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		n = strlen(reserved[i].name);
		if (reserved[i].name[n - 1] == '*')
			same = strncasecmp(name, reserved[i].name, n - 1) == 0;
		else
			same = strcasecmp(name, reserved[i].name) == 0;
		if (same)
			return err_set(e, "header %s cannot be set, %s",
			    reserved[i].name, reserved[i].why);
	}
	return 0;
}

/* One ${NAME}: p stands behind "${"; returns what follows "}", or NULL. */
static const char *
fill_in_one(const char *p, char *(*environment)(const char *), struct text *out,
    struct err *e)
{
	size_t n = strspn(p,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_");
	const char *value;
	char name[65];

	if (n == 0 || n >= sizeof(name) || p[n] != '}' ||
	    isdigit((unsigned char)p[0])) {
		err_set(e,
		    "header with a \"${\" that no variable follows, "
		    "expected ${NAME}");
		return NULL;
	}
	memcpy(name, p, n);
	name[n] = '\0';
	value = environment(name);
	if (value == NULL || value[0] == '\0') {
		err_set(e,
		    "environment variable %s is %s, expected a value "
		    "for the header",
		    name, value == NULL ? "not set" : "empty");
		return NULL;
	}
	text_add(out, value, strlen(value));
	return p + n + 1;
}

static int
fill_in(const char *text, char *(*environment)(const char *), struct text *out,
    struct err *e)
{
	const char *p = text, *dollar;

	while (*p != '\0') {
		dollar = strstr(p, "${");
		if (dollar == NULL) {
			text_add(out, p, strlen(p));
			break;
		}
		text_add(out, p, (size_t)(dollar - p));
		p = fill_in_one(dollar + 2, environment, out, e);
		if (p == NULL)
			return -1;
	}
	return 0;
}

/* The text before a final newline, if it is text. */
static int
take_secret(char *bytes, size_t n, const char *path, struct err *e)
{
	if (n > CONF_HEADER_MAX)
		return err_set(e,
		    "%s: too large, expected one header of at "
		    "most %d bytes",
		    path, CONF_HEADER_MAX);
	if (n > 0 && bytes[n - 1] == '\n')
		n--;
	if (n > 0 && bytes[n - 1] == '\r')
		n--;
	if (memchr(bytes, '\0', n) != NULL)
		return err_set(e,
		    "%s: holds a NUL byte, expected one line "
		    "of text",
		    path);
	if (memchr(bytes, '\n', n) != NULL || memchr(bytes, '\r', n) != NULL)
		return err_set(
		    e, "%s: holds several lines, expected one", path);
	if (n == 0)
		return err_set(e, "%s: empty, expected one line of text", path);
	bytes[n] = '\0';
	return 0;
}

/* The one line of a file, new memory; NULL and e if it is none. */
static char *
read_secret(const char *path, char **warning, struct err *e)
{
	char bytes[CONF_HEADER_MAX + 2], *result = NULL;
	struct stat st;
	size_t n = 0;
	ssize_t got = 1;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0) {
		err_set(e,
		    "%s: cannot open: %s, expected a readable "
		    "file",
		    path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(e,
		    "%s: no regular file, expected one that holds a "
		    "header",
		    path);
		goto out;
	}
	while (got > 0 && n < sizeof(bytes) - 1) {
		got = read(fd, bytes + n, sizeof(bytes) - 1 - n);
		if (got > 0)
			n += (size_t)got;
	}
	if (got < 0) {
		err_set(e,
		    "%s: cannot read: %s, expected a readable "
		    "file",
		    path, strerror(errno));
		goto out;
	}
	if (take_secret(bytes, n, path, e) != 0)
		goto out;
	if ((st.st_mode & S_IROTH) != 0)
		*warning = x_asprintf("%s: everybody can read this secret, "
				      "expected mode 0600 or 0640",
		    path);
	result = x_strdup(bytes);
out:
	if (fd >= 0)
		close(fd);
	explicit_bzero(bytes, sizeof(bytes));
	return result;
}

static bool
is_file(const char *text)
{
	return strncmp(text, "file:", 5) == 0;
}

/* Hold the line to what may be sent, and write it as "Name: value". */
static char *
normalise(const char *line, struct err *e)
{
	const char *colon = strchr(line, ':'), *value, *end;
	char *name = NULL, *result = NULL;
	size_t i;

	for (i = 0; line[i] != '\0'; i++)
		if (((unsigned char)line[i] < 0x20 && line[i] != '\t') ||
		    line[i] == 0x7f) {
			err_set(e,
			    "header with a line break or control "
			    "character, expected one line of text");
			return NULL;
		}
	if (i > CONF_HEADER_MAX) {
		err_set(e, "header is too long, expected at most %d bytes",
		    CONF_HEADER_MAX);
		return NULL;
	}
	if (colon != NULL)
		name = x_strndup(line, (size_t)(colon - line));
	if (name == NULL || !conf_header_is_name(name)) {
		err_set(e, "no header, expected \"Name: value\"");
		goto out;
	}
	if (check_reserved(name, e) != 0)
		goto out;
	value = colon + 1 + strspn(colon + 1, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (end == value) {
		err_set(e,
		    "header without a value, expected "
		    "\"Name: value\"");
		goto out;
	}
	result = x_asprintf("%s: %.*s", name, (int)(end - value), value);
out:
	free(name);
	return result;
}

/* "Name: " and what the file named behind it holds. */
static int
add_file(const char *text, const char *path, struct text *line, char **warning,
    struct err *e)
{
	char *secret;

	if (path[0] == '\0' || path[0] == '~')
		return err_set(e,
		    "file: without a usable path, expected "
		    "file:/PATH");
	secret = read_secret(path, warning, e);
	if (secret == NULL)
		return -1;
	text_add(line, text, (size_t)(path - strlen("file:") - text));
	text_add(line, secret, strlen(secret));
	explicit_bzero(secret, strlen(secret));
	free(secret);
	return 0;
}

/* A message on what a file holds begins with the file. */
static void
name_file(const char *path, struct err *e)
{
	struct err why = *e;

	err_set(e, "%.250s: %.200s", path, why.msg);
}

int
conf_header_make(const char *text, char *(*environment)(const char *),
    struct conf_header *out, struct err *e)
{
	const char *colon = strchr(text, ':'), *value = text;
	char *warning = NULL, *made = NULL;
	struct text line;
	int result;

	text_init(&line, (size_t)2 * CONF_HEADER_MAX);
	if (!is_file(text) && colon != NULL)
		value = colon + 1 + strspn(colon + 1, " \t");
	if (is_file(value))
		result =
		    add_file(text, value + strlen("file:"), &line, &warning, e);
	else
		result = fill_in(text, environment, &line, e);
	if (result == 0 && line.capped)
		result = err_set(e,
		    "header is too long, expected at most %d "
		    "bytes",
		    CONF_HEADER_MAX);
	if (result == 0)
		made = normalise(line.s != NULL ? line.s : "", e);
	if (result == 0 && made == NULL && is_file(value))
		name_file(value + strlen("file:"), e);
	if (line.s != NULL)
		explicit_bzero(line.s, line.size);
	text_clear(&line);
	if (made == NULL) {
		free(warning);
		return -1;
	}
	out->line = made;
	out->warning = warning;
	return 0;
}
