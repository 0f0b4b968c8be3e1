/*
 * Facts and limits of the host.  Files are read up to a bound and through
 * O_NONBLOCK, so that whatever stands in their place (a container's own
 * /proc, a FIFO, a file without end) costs neither memory nor time; text that
 * is kept is printable ASCII.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/utsname.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>

#include <jansson.h>

#include "natdiff/text.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/hostfacts.h"

#define FACT_BYTES_MAX  200           /* of a fact that is kept */
#define SMALL_FILE_SIZE 4096          /* one value or a few lines */
#define LARGE_FILE_SIZE (1024 * 1024) /* /proc/stat of a big machine */
#define INTERFACES_MAX  256           /* asked for statistics, a sample */
#define STATISTICS_MAX  16384         /* of one interface */

/* ------------------------------------------------------------- reading */

/*
 * Read at most size - 1 bytes of root + path; the length, or -1.  buf is
 * NUL-terminated in either case.
 */
static ssize_t
read_file(const char *root, const char *path, char *buf, size_t size)
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

static bool
file_exists(const char *root, const char *path)
{
	char name[PATH_MAX];

	if (snprintf(name, sizeof(name), "%s%s", root, path) >=
	    (int)sizeof(name))
		return false;
	return access(name, F_OK) == 0;
}

/*
 * Make text fit to keep: its first line, blanks joined and trimmed, what is
 * not printable ASCII as '?', at most FACT_BYTES_MAX bytes.
 */
static void
clean(char *text)
{
	const char *from = text;
	char *to = text;

	while (*from == ' ' || *from == '\t')
		from++;
	for (; *from != '\0' && *from != '\n'; from++) {
		if (to - text == FACT_BYTES_MAX)
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

/* The first line of a file, cleaned; -1 where there is none. */
static int
read_line(const char *root, const char *path, char *buf, size_t size)
{
	if (read_file(root, path, buf, size) == -1)
		return -1;
	clean(buf);
	return buf[0] == '\0' ? -1 : 0;
}

/* The same as new memory, NULL where there is none. */
static char *
read_fact(const char *root, const char *path)
{
	char buf[SMALL_FILE_SIZE];

	if (read_line(root, path, buf, sizeof(buf)) == -1)
		return NULL;
	return x_strdup(buf);
}

/* A whole decimal number, *end after it; -1 where there is none. */
static int
parse_number(const char *text, const char **end, int64_t *value)
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

static int64_t
read_number(const char *root, const char *path)
{
	char buf[SMALL_FILE_SIZE];
	const char *end;
	int64_t n;

	if (read_line(root, path, buf, sizeof(buf)) == -1 ||
	    parse_number(buf, &end, &n) == -1 || *end != '\0' || n < 0)
		return NOT_MEASURED;
	return n;
}

/* ------------------------------------------------- container or machine */

/*
 * The kind of container, NULL where none shows.  First what replaces the
 * kernel, then who started it, from the surest sign to the weakest.
 */
static const char *
find_container(const char *root, char *buf, size_t size)
{
	/* In the paths of /proc/1/cgroup, the more particular first. */
	static const struct {
		const char *word, *kind;
	} cgroups[] = {
		{ "kubepods", "kubernetes" },
		{ "libpod", "podman" },
		{ "docker", "docker" },
		{ "lxc", "lxc" },
		{ "containerd", "containerd" },
	};
	ssize_t size_read, at;
	size_t i;

	/* gVisor shows this banner, with the same date, in every release. */
	read_file(root, "/proc/version", buf, size);
	if (strstr(buf, "gVisor") != NULL ||
	    strstr(buf,
		"Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST "
		"2016") != NULL)
		return "gvisor";
	read_file(root, "/proc/sys/kernel/osrelease", buf, size);
	if (strcasestr(buf, "microsoft") != NULL)
		return "wsl";
	if (file_exists(root, "/run/secrets/kubernetes.io"))
		return "kubernetes";
	read_file(root, "/proc/1/cgroup", buf, size);
	if (strstr(buf, cgroups[0].word) != NULL)
		return cgroups[0].kind;
	if (file_exists(root, "/.dockerenv"))
		return "docker";
	if (file_exists(root, "/run/.containerenv"))
		return "podman";
	for (i = 1; i < sizeof(cgroups) / sizeof(cgroups[0]); i++)
		if (strstr(buf, cgroups[i].word) != NULL)
			return cgroups[i].kind;

	/* lxc, systemd-nspawn and podman name themselves to their init. */
	size_read = read_file(root, "/proc/1/environ", buf, size);
	for (at = 0; at < size_read; at += (ssize_t)strlen(buf + at) + 1) {
		if (strncmp(buf + at, "container=", 10) != 0)
			continue;
		memmove(buf, buf + at + 10, strlen(buf + at + 10) + 1);
		clean(buf);
		return buf[0] == '\0' ? NULL : buf;
	}
	return NULL;
}

/* Whether the processor says that a hypervisor runs it; -1: it cannot say. */
static int
hypervisor_flag(const char *root, char *buf, size_t size)
{
	const char *line, *end, *word;

	/* The first processor's entry speaks for all. */
	read_file(root, "/proc/cpuinfo", buf, size);
	line = strstr(buf, "\nflags\t");
	if (line == NULL)
		return -1;
	end = strchrnul(line + 1, '\n');
	word = strstr(line, " hypervisor");
	return word != NULL && word < end;
}

/*
 * The kind of virtual machine: "" where one shows but not which, NULL where
 * none does.
 */
static const char *
find_machine(const char *root, char *buf, size_t size)
{
	/* vendor and product as the firmware gives them: a part of each */
	static const struct {
		const char *vendor, *product, *kind;
	} machines[] = {
		{ "Amazon EC2", "", "amazon" },
		{ "Google", "Google Compute Engine", "google" },
		{ "Microsoft Corporation", "Virtual Machine", "hyperv" },
		{ "Alibaba Cloud", "", "alibaba" },
		{ "DigitalOcean", "", "digitalocean" },
		{ "Hetzner", "vServer", "hetzner" },
		{ "OpenStack", "", "openstack" },
		{ "", "OpenStack", "openstack" },
		{ "VMware", "", "vmware" },
		{ "innotek GmbH", "", "virtualbox" },
		{ "", "VirtualBox", "virtualbox" },
		{ "Parallels", "", "parallels" },
		{ "Apple Inc.", "Apple Virtualization", "apple" },
		{ "Xen", "", "xen" },
		{ "", "KVM", "kvm" },
		{ "QEMU", "", "qemu" },
	};
	char vendor[SMALL_FILE_SIZE], product[SMALL_FILE_SIZE];
	int flag = hypervisor_flag(root, buf, size);
	size_t i;

	/* Xen's own file says "xen"; it is there on its dom0 too. */
	if (read_line(root, "/sys/hypervisor/type", buf, size) == 0)
		return buf;
	read_line(root, "/sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor));
	read_line(
	    root, "/sys/class/dmi/id/product_name", product, sizeof(product));
	/* The clouds' bare machines carry the vendor's name as well. */
	if (flag == 0 || strstr(product, ".metal") != NULL)
		return NULL;
	for (i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (strstr(vendor, machines[i].vendor) != NULL &&
		    strstr(product, machines[i].product) != NULL)
			return machines[i].kind;
	return flag == 1 ? "" : NULL;
}

static char *
find_virtualisation(const char *root)
{
	size_t size = 64 * 1024;
	char *buf = x_malloc(size);
	struct text t;
	const char *kind;

	text_init(&t, 2 * FACT_BYTES_MAX + 64);
	kind = find_container(root, buf, size);
	if (kind != NULL)
		text_addf(&t, "container %s", kind);
	kind = find_machine(root, buf, size);
	if (kind != NULL)
		text_addf(&t, "%svm%s%s", t.size > 0 ? ", " : "",
		    kind[0] != '\0' ? " " : "", kind);
	free(buf);
	return t.s;
}

/* --------------------------------------------------------------- sysctls */

#define NET4      "/proc/sys/net/ipv4/"
#define NETFILTER "/proc/sys/net/netfilter/"
static const struct {
	const char *key, *path;
} sysctls[] = {
	{ "ip_local_port_range", NET4 "ip_local_port_range" },
	{ "ip_local_reserved_ports", NET4 "ip_local_reserved_ports" },
	{ "tcp_syn_retries", NET4 "tcp_syn_retries" },
	{ "tcp_syn_linear_timeouts", NET4 "tcp_syn_linear_timeouts" },
	{ "tcp_tw_reuse", NET4 "tcp_tw_reuse" },
	{ "tcp_tw_reuse_delay", NET4 "tcp_tw_reuse_delay" },
	{ "tcp_fin_timeout", NET4 "tcp_fin_timeout" },
	{ "tcp_timestamps", NET4 "tcp_timestamps" },
	{ "tcp_max_tw_buckets", NET4 "tcp_max_tw_buckets" },
	{ "tcp_max_orphans", NET4 "tcp_max_orphans" },
	{ "tcp_retries2", NET4 "tcp_retries2" },
	{ "nf_conntrack_max", NETFILTER "nf_conntrack_max" },
	{ "nf_conntrack_count", NETFILTER "nf_conntrack_count" },
	{ "nf_conntrack_buckets", NETFILTER "nf_conntrack_buckets" },
	{ "nf_conntrack_tcp_timeout_syn_sent",
	    NETFILTER "nf_conntrack_tcp_timeout_syn_sent" },
	{ "nf_conntrack_tcp_timeout_syn_recv",
	    NETFILTER "nf_conntrack_tcp_timeout_syn_recv" },
	{ "nf_conntrack_tcp_timeout_established",
	    NETFILTER "nf_conntrack_tcp_timeout_established" },
	{ "nf_conntrack_tcp_timeout_fin_wait",
	    NETFILTER "nf_conntrack_tcp_timeout_fin_wait" },
	{ "nf_conntrack_tcp_timeout_close_wait",
	    NETFILTER "nf_conntrack_tcp_timeout_close_wait" },
	{ "nf_conntrack_tcp_timeout_last_ack",
	    NETFILTER "nf_conntrack_tcp_timeout_last_ack" },
	{ "nf_conntrack_tcp_timeout_time_wait",
	    NETFILTER "nf_conntrack_tcp_timeout_time_wait" },
	{ "nf_conntrack_tcp_timeout_close",
	    NETFILTER "nf_conntrack_tcp_timeout_close" },
	{ "nf_conntrack_tcp_timeout_max_retrans",
	    NETFILTER "nf_conntrack_tcp_timeout_max_retrans" },
	{ "nf_conntrack_tcp_timeout_unacknowledged",
	    NETFILTER "nf_conntrack_tcp_timeout_unacknowledged" },
	{ "nf_conntrack_tcp_loose", NETFILTER "nf_conntrack_tcp_loose" },
	{ "nf_conntrack_tcp_be_liberal",
	    NETFILTER "nf_conntrack_tcp_be_liberal" },
	{ "somaxconn", "/proc/sys/net/core/somaxconn" },
	{ "file_max", "/proc/sys/fs/file-max" },
	{ "dmi_sys_vendor", "/sys/class/dmi/id/sys_vendor" },
	{ "dmi_product_name", "/sys/class/dmi/id/product_name" },
};

/* A number where the file holds one, else its text, else null. */
static json_t *
fact_json(const char *root, const char *path)
{
	char buf[SMALL_FILE_SIZE];
	const char *end;
	int64_t n;

	if (read_line(root, path, buf, sizeof(buf)) == -1)
		return json_null();
	if (parse_number(buf, &end, &n) == 0 && *end == '\0')
		return json_integer(n);
	return json_string(buf);
}

static json_t *
limit_json(rlim_t limit)
{
	return json_integer(limit > INT64_MAX ? -1 : (json_int_t)limit);
}

static char *
facts_json(const char *root)
{
	json_t *facts = json_object();
	struct rlimit files;
	char *text;
	size_t i;

	for (i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++)
		json_object_set_new(
		    facts, sysctls[i].key, fact_json(root, sysctls[i].path));
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		json_object_set_new(
		    facts, "rlimit_nofile_soft", limit_json(files.rlim_cur));
		json_object_set_new(
		    facts, "rlimit_nofile_hard", limit_json(files.rlim_max));
	}
	text = json_dumps(facts, JSON_COMPACT);
	json_decref(facts);
	return text;
}

/* ----------------------------------------------------------------- facts */

/* The boot by /proc/stat: its line comes after one that can be very long. */
static int64_t
read_boot_time(const char *root)
{
	char *buf = x_malloc(LARGE_FILE_SIZE);
	const char *line, *end;
	int64_t at_s = NOT_MEASURED;

	read_file(root, "/proc/stat", buf, LARGE_FILE_SIZE);
	line = strstr(buf, "\nbtime ");
	if (line == NULL || parse_number(line + 7, &end, &at_s) == -1 ||
	    *end != '\n' || at_s < 0 || at_s > INT64_MAX / 1000000)
		at_s = NOT_MEASURED;
	free(buf);
	return at_s == NOT_MEASURED ? NOT_MEASURED : at_s * 1000000;
}

/* Now less the time since the boot, where no file tells. */
static int64_t
compute_boot_time(void)
{
	struct timespec up;

	if (clock_gettime(CLOCK_BOOTTIME, &up) == -1)
		return NOT_MEASURED;
	return walltime_now_us() - (int64_t)up.tv_sec * 1000000 -
	    up.tv_nsec / 1000;
}

/* A sandbox may refuse the call, or know no such clock. */
static void
read_clock_state(struct hostfacts *f)
{
	struct timex t;
	int state;

	memset(&t, 0, sizeof(t)); /* modes 0: only read */
	state = ntp_adjtime(&t);
	if (state == -1)
		return;
	f->clock_synchronised =
	    state != TIME_ERROR && (t.status & STA_UNSYNC) == 0;
	f->clock_max_error_us = t.maxerror;
}

void
hostfacts_read_files(struct hostfacts *f, const char *root)
{
	f->boot_id = read_fact(root, "/proc/sys/kernel/random/boot_id");
	f->boot_at_us = read_boot_time(root);
	f->virtualisation = find_virtualisation(root);
	f->facts_json = facts_json(root);
}

void
hostfacts_read(struct hostfacts *f)
{
	char name[FACT_BYTES_MAX + 1];
	struct utsname u;

	memset(f, 0, sizeof(*f));
	f->clock_synchronised = NOT_MEASURED;
	f->clock_max_error_us = NOT_MEASURED;
	hostfacts_read_files(f, "");
	if (f->boot_at_us == NOT_MEASURED)
		f->boot_at_us = compute_boot_time();
	if (uname(&u) == 0) {
		clean(u.release);
		f->kernel = x_strdup(u.release);
	}
	if (gethostname(name, sizeof(name)) == 0) {
		name[sizeof(name) - 1] = '\0';
		clean(name);
		f->host_name = x_strdup(name);
	}
	read_clock_state(f);
}

void
hostfacts_clear(struct hostfacts *f)
{
	free(f->host_name);
	free(f->kernel);
	free(f->boot_id);
	free(f->virtualisation);
	free(f->facts_json);
	memset(f, 0, sizeof(*f));
}

/* ---------------------------------------------------------------- limits */

static void
read_port_range(struct host_sample_record *s, const char *root)
{
	char buf[SMALL_FILE_SIZE];
	int64_t first, last;
	const char *end;

	if (read_line(root, "/proc/sys/net/ipv4/ip_local_port_range", buf,
		sizeof(buf)) == -1 ||
	    parse_number(buf, &end, &first) == -1 || *end != ' ' ||
	    parse_number(end + 1, &end, &last) == -1 || *end != '\0' ||
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
	char *buf = x_malloc(LARGE_FILE_SIZE);
	bool chosen[COLUMNS_MAX];
	int64_t sum = NOT_MEASURED;
	char *line, *rest;

	read_file(root, "/proc/net/stat/nf_conntrack", buf, LARGE_FILE_SIZE);
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
	char buf[SMALL_FILE_SIZE];
	const char *total, *end;
	int64_t us;

	if (read_line(root, "/proc/pressure/cpu", buf, sizeof(buf)) == -1 ||
	    strncmp(buf, "some ", 5) != 0)
		return NOT_MEASURED;
	total = strstr(buf, " total=");
	if (total == NULL || parse_number(total + 7, &end, &us) == -1 ||
	    *end != '\0' || us < 0)
		return NOT_MEASURED;
	return us;
}

/* "0.42 ...", as thousandths. */
static int64_t
read_load(const char *root)
{
	char buf[SMALL_FILE_SIZE];
	int64_t whole, part = 0, unit = 100;
	const char *at;

	if (read_line(root, "/proc/loadavg", buf, sizeof(buf)) == -1 ||
	    parse_number(buf, &at, &whole) == -1 || whole < 0 ||
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
	s->conntrack_count = read_number(root, NETFILTER "nf_conntrack_count");
	s->conntrack_max = read_number(root, NETFILTER "nf_conntrack_max");
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
