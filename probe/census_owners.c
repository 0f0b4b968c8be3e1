/*
 * Which processes hold the sockets, by the descriptors in /proc.
 */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "natdiff/xalloc.h"
#include "probe/census_tally.h"

/* One open socket of one process. */
struct holding {
	uint32_t destination;
	uint32_t inode;
	char name[CENSUS_NAME_SIZE];
};

struct holdings {
	struct holding *items;
	size_t n, capacity;
};

static int
by_inode(const void *a, const void *b)
{
	const struct inode *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* By destination, then name, then inode. */
static int
by_holding(const void *a, const void *b)
{
	const struct holding *x = a, *y = b;
	int order;

	if (x->destination != y->destination)
		return x->destination < y->destination ? -1 : 1;
	order = strcmp(x->name, y->name);
	if (order != 0)
		return order;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* The process's name, what is not printable ASCII as '?'. */
static void
read_name(int process, char name[CENSUS_NAME_SIZE])
{
	int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t n = -1, i;

	memset(name, 0, CENSUS_NAME_SIZE);
	if (fd != -1) {
		n = read(fd, name, CENSUS_NAME_SIZE - 1);
		close(fd);
	}
	for (i = 0; i < n; i++) {
		if (name[i] == '\n' && i == n - 1)
			name[i] = '\0';
		else if (!isprint((unsigned char)name[i]))
			name[i] = '?';
	}
	if (name[0] == '\0')
		name[0] = '?';
}

/* Add what a process holds; fd is its folder of descriptors. */
static void
scan_descriptors(int process, DIR *fds, struct tally *t, struct holdings *h)
{
	char link[64], name[CENSUS_NAME_SIZE] = "";
	struct inode key = { 0, 0, false }, *found;
	struct holding *holding;
	struct dirent *d;
	char *end;
	ssize_t n;

	while ((d = readdir(fds)) != NULL) {
		n = readlinkat(dirfd(fds), d->d_name, link, sizeof(link) - 1);
		if (n <= 8 || memcmp(link, "socket:[", 8) != 0)
			continue;
		link[n] = '\0';
		key.inode = (uint32_t)strtoul(link + 8, &end, 10);
		found = bsearch(
		    &key, t->inodes, t->n_inodes, sizeof(key), by_inode);
		if (found == NULL)
			continue;
		found->held = true;
		if (name[0] == '\0')
			read_name(process, name);
		h->items =
		    x_grow(h->items, h->n, &h->capacity, sizeof(*h->items));
		holding = &h->items[h->n++];
		holding->destination = found->destination;
		holding->inode = found->inode;
		memcpy(holding->name, name, sizeof(name));
	}
}

static void
scan_process(int proc, const char *pid, struct tally *t, struct holdings *h)
{
	int process, fd = -1;
	DIR *fds = NULL;

	process = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (process == -1)
		return; /* it ended */
	fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1)
		fds = fdopendir(fd);
	if (fds != NULL) {
		scan_descriptors(process, fds, t, h);
		closedir(fds);
	} else if (fd != -1) {
		close(fd);
	}
	close(process);
}

/* Which processes hold the sockets; sorted by destination and name. */
static void
find_holdings(struct tally *t, struct holdings *h)
{
	struct dirent *d;
	DIR *proc;

	memset(h, 0, sizeof(*h));
	if (t->n_inodes == 0)
		return;
	qsort(t->inodes, t->n_inodes, sizeof(*t->inodes), by_inode);
	proc = opendir("/proc");
	if (proc == NULL)
		return;
	while ((d = readdir(proc)) != NULL)
		if (isdigit((unsigned char)d->d_name[0]))
			scan_process(dirfd(proc), d->d_name, t, h);
	closedir(proc);
	if (h->n > 0)
		qsort(h->items, h->n, sizeof(*h->items), by_holding);
}

/* Give the line one more owner, if it is among those with most sockets. */
static void
add_owner(struct census_line *line, const char *name, int64_t sockets)
{
	size_t i = line->n_owners;

	while (i > 0 && line->owners[i - 1].sockets < sockets)
		i--;
	if (i == CENSUS_OWNERS_MAX)
		return;
	if (line->n_owners < CENSUS_OWNERS_MAX)
		line->n_owners++;
	memmove(&line->owners[i + 1], &line->owners[i],
	    (line->n_owners - i - 1) * sizeof(line->owners[0]));
	memcpy(line->owners[i].name, name, CENSUS_NAME_SIZE);
	line->owners[i].sockets = sockets;
}

/* Count the holdings of each name and destination, sockets only once. */
static void
name_owners(const struct holdings *h, struct census_line **line_of)
{
	const struct holding *first, *p, *end;
	int64_t sockets;

	if (h->n == 0)
		return;
	end = h->items + h->n;
	for (first = h->items; first < end; first = p) {
		sockets = 0;
		for (p = first;
		     p < end && p->destination == first->destination &&
		     strcmp(p->name, first->name) == 0;
		     p++)
			sockets += p == first || p->inode != p[-1].inode;
		if (line_of[first->destination] != NULL)
			add_owner(
			    line_of[first->destination], first->name, sockets);
	}
}

void
census_name_owners(struct tally *t, struct census_line **line_of)
{
	struct holdings h;

	find_holdings(t, &h);
	name_owners(&h, line_of);
	free(h.items);
}
