#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "natdiff/record.h"
#include "natdiff/xalloc.h"
#include "probe/hostfile.h"

ssize_t
hostfile_read(const char *root, const char *path, char *buf, size_t size)
{
	char name[PATH_MAX];
	size_t have = 0;
	ssize_t n = 0;
	int fd;

	buf[0] = '\0';
	if (snprintf(name, sizeof(name), "%s%s", root, path) >=
	    (int)sizeof(name))
		return -1;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return -1;
	while (have < size - 1) {
		n = read(fd, buf + have, size - 1 - have);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	close(fd);
	buf[have] = '\0';
	return n == -1 ? -1 : (ssize_t)have;
}

bool
hostfile_exists(const char *root, const char *path)
{
	char name[PATH_MAX];

	if (snprintf(name, sizeof(name), "%s%s", root, path) >=
	    (int)sizeof(name))
		return false;
	return access(name, F_OK) == 0;
}

void
hostfile_clean(char *text)
{
	const char *from = text;
	char *to = text;

	while (*from == ' ' || *from == '\t')
		from++;
	for (; *from != '\0' && *from != '\n'; from++) {
		if (to - text == HOSTFILE_FACT_MAX)
			break;
		if (*from != ' ' && *from != '\t')
			*to++ = *from > 0x20 && *from < 0x7f ? *from : '?';
		else if (to[-1] != ' ')
			*to++ = ' ';
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

int
hostfile_line(const char *root, const char *path, char *buf, size_t size)
{
	if (hostfile_read(root, path, buf, size) == -1)
		return -1;
	hostfile_clean(buf);
	return buf[0] == '\0' ? -1 : 0;
}

char *
hostfile_fact(const char *root, const char *path)
{
	char buf[HOSTFILE_SMALL_SIZE];

	if (hostfile_line(root, path, buf, sizeof(buf)) == -1)
		return NULL;
	return x_strdup(buf);
}

int
hostfile_parse_number(const char *text, const char **end, int64_t *value)
{
	long long n;
	char *stop;

	if (!isdigit((unsigned char)text[0]) &&
	    !(text[0] == '-' && isdigit((unsigned char)text[1])))
		return -1;
	errno = 0;
	n = strtoll(text, &stop, 10);
	if (errno != 0)
		return -1;
	*value = n;
	*end = stop;
	return 0;
}

int64_t
hostfile_number(const char *root, const char *path)
{
	char buf[HOSTFILE_SMALL_SIZE];
	const char *end;
	int64_t n;

	if (hostfile_line(root, path, buf, sizeof(buf)) == -1 ||
	    hostfile_parse_number(buf, &end, &n) == -1 || *end != '\0' || n < 0)
		return NOT_MEASURED;
	return n;
}
