/*
 * Facts of the host: what does not change while a process lives.
 */
#include "config.h"

#include <sys/resource.h>
#include <sys/timex.h>
#include <sys/utsname.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/hostfacts.h"
#include "probe/hostfile.h"
#include "probe/virtualisation.h"

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
	char buf[HOSTFILE_SMALL_SIZE];
	const char *end;
	int64_t n;

	if (hostfile_line(root, path, buf, sizeof(buf)) == -1)
		return json_null();
	if (hostfile_parse_number(buf, &end, &n) == 0 && *end == '\0')
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

/* The boot by /proc/stat: its line comes after one that can be very long. */
static int64_t
read_boot_time(const char *root)
{
	char *buf = x_malloc(HOSTFILE_LARGE_SIZE);
	const char *line, *end;
	int64_t at_s = NOT_MEASURED;

	hostfile_read(root, "/proc/stat", buf, HOSTFILE_LARGE_SIZE);
	line = strstr(buf, "\nbtime ");
	if (line == NULL ||
	    hostfile_parse_number(line + 7, &end, &at_s) == -1 ||
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
	f->boot_id = hostfile_fact(root, "/proc/sys/kernel/random/boot_id");
	f->boot_at_us = read_boot_time(root);
	f->virtualisation = virtualisation_find(root);
	f->facts_json = facts_json(root);
}

void
hostfacts_read(struct hostfacts *f)
{
	char name[HOSTFILE_FACT_MAX + 1];
	struct utsname u;

	memset(f, 0, sizeof(*f));
	f->clock_synchronised = NOT_MEASURED;
	f->clock_max_error_us = NOT_MEASURED;
	hostfacts_read_files(f, "");
	if (f->boot_at_us == NOT_MEASURED)
		f->boot_at_us = compute_boot_time();
	if (uname(&u) == 0) {
		hostfile_clean(u.release);
		f->kernel = x_strdup(u.release);
	}
	if (gethostname(name, sizeof(name)) == 0) {
		name[sizeof(name) - 1] = '\0';
		hostfile_clean(name);
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
