/*
 * Limits of the host and what is used of them: ports, connection tracking,
 * processor time, and what the cloud's network card counts as exceeded.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <ctype.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>

#include "natdiff/xalloc.h"
#include "probe/hostfile.h"
#include "probe/hostlimits.h"

#define INTERFACES_MAX 256   /* asked for statistics, a sample */
#define STATISTICS_MAX 16384 /* of one interface */

/* ---------------------------------------------------------------- files */

static void
read_port_range(struct host_sample_record *s, const char *root)
{
	char buf[HOSTFILE_SMALL_SIZE];
	int64_t first, last;
	const char *end;

	if (hostfile_line(root, "/proc/sys/net/ipv4/ip_local_port_range", buf,
		sizeof(buf)) == -1 ||
	    hostfile_parse_number(buf, &end, &first) == -1 || *end != ' ' ||
	    hostfile_parse_number(end + 1, &end, &last) == -1 || *end != '\0' ||
	    first < 0 || first > last || last > UINT16_MAX)
		return;
	s->port_range_first = first;
	s->port_range_last = last;
}

#define COLUMNS_MAX 64

/* Which columns of the header are to be added up; how many. */
static int
choose_columns(char *header, bool chosen[COLUMNS_MAX])
{
	char *word, *rest;
	int i, n = 0;

	word = strtok_r(header, " ", &rest);
	for (i = 0; i < COLUMNS_MAX; i++) {
		chosen[i] = word != NULL &&
		    (strcmp(word, "drop") == 0 ||
			strcmp(word, "insert_failed") == 0);
		n += chosen[i];
		if (word != NULL)
			word = strtok_r(NULL, " ", &rest);
	}
	return n;
}

/* The sum of a line's chosen columns, 32-bit hex numbers. */
static int64_t
add_columns(char *line, const bool chosen[COLUMNS_MAX])
{
	int64_t sum = 0;
	char *word, *rest;
	int i;

	word = strtok_r(line, " ", &rest);
	for (i = 0; i < COLUMNS_MAX && word != NULL; i++) {
		if (chosen[i])
			sum += (uint32_t)strtoul(word, NULL, 16);
		word = strtok_r(NULL, " ", &rest);
	}
	return sum;
}

/*
 * drop + insert_failed over all processors.  The file has a header of column
 * names, which differ from kernel to kernel, and a line a processor.
 */
static int64_t
read_conntrack_drops(const char *root)
{
	char *buf = x_malloc(HOSTFILE_LARGE_SIZE);
	bool chosen[COLUMNS_MAX];
	int64_t sum = NOT_MEASURED;
	char *line, *rest;

	hostfile_read(
	    root, "/proc/net/stat/nf_conntrack", buf, HOSTFILE_LARGE_SIZE);
	line = strtok_r(buf, "\n", &rest);
	if (line == NULL || choose_columns(line, chosen) != 2)
		goto out;
	while ((line = strtok_r(NULL, "\n", &rest)) != NULL)
		sum =
		    (sum == NOT_MEASURED ? 0 : sum) + add_columns(line, chosen);
out:
	free(buf);
	return sum;
}

/* "some avg10=... total=N": microseconds in which a task waited for a CPU. */
static int64_t
read_cpu_stall(const char *root)
{
	char buf[HOSTFILE_SMALL_SIZE];
	const char *total, *end;
	int64_t us;

	if (hostfile_line(root, "/proc/pressure/cpu", buf, sizeof(buf)) == -1 ||
	    strncmp(buf, "some ", 5) != 0)
		return NOT_MEASURED;
	total = strstr(buf, " total=");
	if (total == NULL ||
	    hostfile_parse_number(total + 7, &end, &us) == -1 || *end != '\0' ||
	    us < 0)
		return NOT_MEASURED;
	return us;
}

/* "0.42 ...", as thousandths. */
static int64_t
read_load(const char *root)
{
	char buf[HOSTFILE_SMALL_SIZE];
	int64_t whole, part = 0, unit = 100;
	const char *at;

	if (hostfile_line(root, "/proc/loadavg", buf, sizeof(buf)) == -1 ||
	    hostfile_parse_number(buf, &at, &whole) == -1 || whole < 0 ||
	    whole > INT32_MAX || *at != '.')
		return NOT_MEASURED;
	for (at++; isdigit((unsigned char)*at) && unit > 0; unit /= 10)
		part += (*at++ - '0') * unit;
	return whole * 1000 + part;
}

/* ------------------------------------------- statistics of the interfaces */

static int
ask_ethtool(int fd, const char *interface, void *command)
{
	struct ifreq r;

	memset(&r, 0, sizeof(r));
	memcpy(r.ifr_name, interface, strnlen(interface, IFNAMSIZ - 1));
	r.ifr_data = command;
	return ioctl(fd, SIOCETHTOOL, &r);
}

/* How many statistics the interface has, 0 where it cannot be asked. */
static size_t
count_statistics(int fd, const char *interface)
{
	union {
		struct ethtool_sset_info info;
		/* room for the one answer that was asked for */
		char room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} u;

	memset(&u, 0, sizeof(u));
	u.info.cmd = ETHTOOL_GSSET_INFO;
	u.info.sset_mask = UINT64_C(1) << ETH_SS_STATS;
	if (ask_ethtool(fd, interface, &u.info) == -1 || u.info.sset_mask == 0)
		return 0;
	return u.info.data[0];
}

static bool
is_allowance(const uint8_t name[ETH_GSTRING_LEN])
{
	static const char ending[] = "_allowance_exceeded";
	size_t size = strnlen((const char *)name, ETH_GSTRING_LEN);

	return size >= sizeof(ending) - 1 &&
	    memcmp(name + size - (sizeof(ending) - 1), ending,
		sizeof(ending) - 1) == 0;
}

void
hostlimits_add_allowances(const struct ethtool_gstrings *names,
    const struct ethtool_stats *values, int64_t *sum)
{
	uint64_t add;
	size_t i;

	for (i = 0; i < names->len && i < values->n_stats; i++) {
		if (!is_allowance(names->data + i * ETH_GSTRING_LEN))
			continue;
		if (*sum == NOT_MEASURED)
			*sum = 0;
		add = values->data[i];
		*sum = add > (uint64_t)(INT64_MAX - *sum) ? INT64_MAX
							  : *sum + (int64_t)add;
	}
}

/* Add the interface's statistics of exceeded allowances to *sum. */
static void
add_allowances(int fd, const char *interface, int64_t *sum)
{
	size_t n = count_statistics(fd, interface), room;
	struct ethtool_gstrings *names = NULL;
	struct ethtool_stats *values = NULL;

	if (n == 0 || n > STATISTICS_MAX)
		return;
	/*
	 * The kernel writes as many as there are by then, whatever it was
	 * told: leave room for queues that are added in between.
	 */
	room = 2 * n + 1024;
	names = x_calloc(1, sizeof(*names) + room * ETH_GSTRING_LEN);
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_STATS;
	names->len = (uint32_t)n;
	values = x_calloc(1, sizeof(*values) + room * sizeof(uint64_t));
	values->cmd = ETHTOOL_GSTATS;
	values->n_stats = (uint32_t)n;
	if (ask_ethtool(fd, interface, names) == -1 ||
	    ask_ethtool(fd, interface, values) == -1 ||
	    names->len != values->n_stats || names->len > room)
		goto out;
	hostlimits_add_allowances(names, values, sum);
out:
	free(names);
	free(values);
}

static int64_t
read_allowances(void)
{
	struct if_nameindex *interfaces = NULL;
	int64_t sum = NOT_MEASURED;
	int fd, i;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return NOT_MEASURED;
	interfaces = if_nameindex();
	for (i = 0; interfaces != NULL && i < INTERFACES_MAX &&
	     interfaces[i].if_index != 0;
	     i++)
		add_allowances(fd, interfaces[i].if_name, &sum);
	if (interfaces != NULL)
		if_freenameindex(interfaces);
	close(fd);
	return sum;
}

void
hostlimits_read_files(struct host_sample_record *s, const char *root)
{
	s->port_range_first = NOT_MEASURED;
	s->port_range_last = NOT_MEASURED;
	read_port_range(s, root);
	s->conntrack_count =
	    hostfile_number(root, "/proc/sys/net/netfilter/nf_conntrack_count");
	s->conntrack_max =
	    hostfile_number(root, "/proc/sys/net/netfilter/nf_conntrack_max");
	s->conntrack_drops = read_conntrack_drops(root);
	s->cpu_stall_us = read_cpu_stall(root);
	s->load1_milli = read_load(root);
}

void
hostlimits_read(struct host_sample_record *s)
{
	hostlimits_read_files(s, "");
	s->allowance_exceeded = read_allowances();
}
