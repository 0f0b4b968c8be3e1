#include "config.h"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/ethtool.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/hostfacts.h"
#include "probe/hostlimits.h"

/* A tree of tests/data/hostfacts as a root; "" at its end is a missing one. */
static const char *
fixture(const char *name)
{
	static char path[PATH_MAX];
	const char *top = getenv("TOP_SRCDIR");

	snprintf(path, sizeof(path), "%s/tests/data/hostfacts/%s",
	    top != NULL ? top : ".", name);
	return path;
}

/* A root of the test's own making. */
static char root[] = "/tmp/natdiff-hostfacts-XXXXXX";

static void
make_root(void)
{
	cr_assert_not_null(mkdtemp(root));
}

static void
remove_root(void)
{
	char *command = x_asprintf("rm -rf '%s'", root);

	cr_expect_eq(system(command), 0);
	free(command);
}

/* Give the root a file: size bytes that repeat text. */
static void
put(const char *path, const char *text, size_t text_size, size_t size)
{
	char *name = x_asprintf("%s%s", root, path), *slash;
	size_t done = 0, n;
	FILE *f;

	for (slash = strchr(name + strlen(root) + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		cr_assert(mkdir(name, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	f = fopen(name, "w");
	cr_assert_not_null(f, "%s", name);
	while (done < size) {
		n = size - done < text_size ? size - done : text_size;
		cr_assert_eq(fwrite(text, 1, n, f), n);
		done += n;
	}
	cr_assert_eq(fclose(f), 0);
	free(name);
}

static void
put_text(const char *path, const char *text)
{
	put(path, text, strlen(text), strlen(text));
}

Test(hostfacts, reads_the_files_of_a_host)
{
	struct hostfacts f;
	json_t *facts;

	memset(&f, 0, sizeof(f));
	hostfacts_read_files(&f, fixture("ec2-docker"));
	cr_expect_str_eq(f.boot_id, "8c2f9a3e-0d53-4c2b-9a75-0b6b1c5de111");
	cr_expect_eq(f.boot_at_us, INT64_C(1795236300000000));
	cr_expect_str_eq(f.virtualisation, "container docker, vm amazon");

	facts = json_loads(f.facts_json, 0, NULL);
	cr_assert_not_null(facts);
	cr_expect_str_eq(
	    json_string_value(json_object_get(facts, "ip_local_port_range")),
	    "32768 60999");
	cr_expect_eq(
	    json_integer_value(json_object_get(facts, "tcp_syn_retries")), 6);
	cr_expect_eq(json_integer_value(json_object_get(
			 facts, "nf_conntrack_tcp_timeout_time_wait")),
	    120);
	cr_expect_eq(
	    json_integer_value(json_object_get(facts, "file_max")), INT64_MAX);
	cr_expect(
	    json_is_null(json_object_get(facts, "tcp_syn_linear_timeouts")));
	cr_expect_str_eq(
	    json_string_value(json_object_get(facts, "dmi_product_name")),
	    "m5.large");
	cr_expect(
	    json_is_integer(json_object_get(facts, "rlimit_nofile_hard")));
	json_decref(facts);
	hostfacts_clear(&f);
}

Test(hostfacts, names_containers_and_machines)
{
	static const struct {
		const char *tree, *virtualisation;
	} cases[] = {
		{ "gvisor", "container gvisor" },
		{ "gce", "vm google" },
		{ "wsl", "container wsl, vm" },
		{ "kubernetes", "container kubernetes" },
		{ "nspawn", "container systemd-nspawn" },
		{ "podman", "container podman" },
		{ "xen", "vm xen" },
		{ "metal", NULL },
		{ "no-such-tree", NULL },
	};
	struct hostfacts f;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&f, 0, sizeof(f));
		hostfacts_read_files(&f, fixture(cases[i].tree));
		if (cases[i].virtualisation == NULL)
			cr_expect_null(f.virtualisation, "%s: %s",
			    cases[i].tree, f.virtualisation);
		else
			cr_expect_str_eq(f.virtualisation == NULL
				? "NULL"
				: f.virtualisation,
			    cases[i].virtualisation, "%s", cases[i].tree);
		hostfacts_clear(&f);
	}
}

Test(hostfacts, takes_a_missing_tree_as_nothing_measured)
{
	struct host_sample_record s;
	struct hostfacts f;
	json_t *facts;

	memset(&f, 0, sizeof(f));
	hostfacts_read_files(&f, fixture("no-such-tree"));
	cr_expect_null(f.boot_id);
	cr_expect_eq(f.boot_at_us, NOT_MEASURED);
	facts = json_loads(f.facts_json, 0, NULL);
	cr_expect(json_is_null(json_object_get(facts, "tcp_syn_retries")));
	json_decref(facts);
	hostfacts_clear(&f);

	hostlimits_read_files(&s, fixture("no-such-tree"));
	cr_expect_eq(s.port_range_first, NOT_MEASURED);
	cr_expect_eq(s.port_range_last, NOT_MEASURED);
	cr_expect_eq(s.conntrack_count, NOT_MEASURED);
	cr_expect_eq(s.conntrack_max, NOT_MEASURED);
	cr_expect_eq(s.conntrack_drops, NOT_MEASURED);
	cr_expect_eq(s.cpu_stall_us, NOT_MEASURED);
	cr_expect_eq(s.load1_milli, NOT_MEASURED);
}

Test(hostfacts, reads_the_limits_of_a_host)
{
	struct host_sample_record s;

	hostlimits_read_files(&s, fixture("ec2-docker"));
	cr_expect_eq(s.port_range_first, 32768);
	cr_expect_eq(s.port_range_last, 60999);
	cr_expect_eq(s.conntrack_count, 1500);
	cr_expect_eq(s.conntrack_max, 262144);
	cr_expect_eq(s.conntrack_drops, 0x10 + 0x20 + 1 + 2);
	cr_expect_eq(s.cpu_stall_us, 7755832);
	cr_expect_eq(s.load1_milli, 1250);
}

Test(hostfacts, finds_columns_of_conntrack_by_their_header, .init = make_root,
    .fini = remove_root)
{
	static const struct {
		const char *text;
		int64_t drops;
	} cases[] = {
		{ "drop insert_failed\n1 2\nffffffff a\n",
		    3 + INT64_C(0xffffffff) + 10 },
		{ "insert_failed x drop\n1 7 2\n", 3 },
		{ "drop insert_failed\n", NOT_MEASURED },
		{ "drop found\n1 2\n", NOT_MEASURED },
		{ "early_drop insert_failed_x\n1 2\n", NOT_MEASURED },
		{ "drop insert_failed\n1\n\n\n2 2\n", 5 },
		{ "", NOT_MEASURED },
		{ "\n\n", NOT_MEASURED },
	};
	struct host_sample_record s;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_text("/proc/net/stat/nf_conntrack", cases[i].text);
		hostlimits_read_files(&s, root);
		cr_expect_eq(s.conntrack_drops, cases[i].drops, "case %zu", i);
	}
}

Test(hostfacts, refuses_numbers_that_are_none, .init = make_root,
    .fini = remove_root)
{
	static const char *const cases[] = { "", "\n", "-1\n", "1x\n", "x\n",
		"99999999999999999999\n", "0x10\n", "1 2\n" };
	static const char *const ranges[] = { "", "1\n", "5 4\n", "1 65536\n",
		"-1 4\n", "1 2 3\n", "1,2\n" };
	struct host_sample_record s;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_text("/proc/sys/net/netfilter/nf_conntrack_max", cases[i]);
		put_text("/proc/loadavg", cases[i]);
		put_text("/proc/pressure/cpu", cases[i]);
		hostlimits_read_files(&s, root);
		cr_expect_eq(s.conntrack_max, NOT_MEASURED, "%s", cases[i]);
		cr_expect_eq(s.load1_milli, NOT_MEASURED, "%s", cases[i]);
		cr_expect_eq(s.cpu_stall_us, NOT_MEASURED, "%s", cases[i]);
	}
	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		put_text("/proc/sys/net/ipv4/ip_local_port_range", ranges[i]);
		hostlimits_read_files(&s, root);
		cr_expect_eq(s.port_range_first, NOT_MEASURED, "%s", ranges[i]);
		cr_expect_eq(s.port_range_last, NOT_MEASURED, "%s", ranges[i]);
	}
}

/* Every file that is read, as something that it should not be. */
static const char *const paths[] = { "/proc/version",
	"/proc/sys/kernel/osrelease", "/proc/sys/kernel/random/boot_id",
	"/proc/1/cgroup", "/proc/1/environ", "/proc/cpuinfo", "/proc/stat",
	"/proc/loadavg", "/proc/pressure/cpu", "/proc/net/stat/nf_conntrack",
	"/proc/sys/net/ipv4/ip_local_port_range",
	"/proc/sys/net/netfilter/nf_conntrack_max",
	"/sys/class/dmi/id/sys_vendor", "/sys/class/dmi/id/product_name",
	"/sys/hypervisor/type" };

static void
read_all(struct hostfacts *f, struct host_sample_record *s)
{
	json_t *facts;

	memset(f, 0, sizeof(*f));
	hostfacts_read_files(f, root);
	hostlimits_read_files(s, root);
	facts = json_loads(f->facts_json, 0, NULL);
	cr_expect(json_is_object(facts), "not an object: %s", f->facts_json);
	json_decref(facts);
}

Test(hostfacts, bounds_files_that_are_huge, .init = make_root,
    .fini = remove_root)
{
	struct host_sample_record s;
	struct hostfacts f;
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		put(paths[i], "aaaaaaaaaaaaaaaa ", 17, 3 * 1024 * 1024);
	read_all(&f, &s);
	cr_expect_eq(strlen(f.boot_id), 200);
	cr_expect_leq(strlen(f.virtualisation), 200 + 3);
	cr_expect_lt(strlen(f.facts_json), 10000);
	cr_expect_eq(s.conntrack_max, NOT_MEASURED);
	hostfacts_clear(&f);
}

Test(hostfacts, cleans_bytes_that_are_no_text, .init = make_root,
    .fini = remove_root)
{
	static const char bytes[] =
	    "\x1b]0;owned\x07\xff\xc3(\"\\ \t \r\x01\nx";
	struct host_sample_record s;
	struct hostfacts f;
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		put(paths[i], bytes, sizeof(bytes) - 1, sizeof(bytes) - 1);
	read_all(&f, &s);
	cr_expect_str_eq(f.boot_id,
	    "?]0;owned??"
	    "?(\"\\ ??");
	hostfacts_clear(&f);

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		put(paths[i], "\0\0\0", 3, 3000);
	read_all(&f, &s);
	cr_expect_null(f.boot_id);
	cr_expect_null(f.virtualisation);
	hostfacts_clear(&f);
}

Test(hostfacts, does_not_wait_for_a_fifo_nor_read_a_folder, .init = make_root,
    .fini = remove_root, .timeout = 10)
{
	struct host_sample_record s;
	struct hostfacts f;
	char *name;
	size_t i;
	int kind;

	for (kind = 0; kind < 2; kind++) {
		for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
			name = x_asprintf("%s%s", root, paths[i]);
			if (kind == 0)
				put_text(paths[i], "");
			cr_assert_eq(remove(name), 0);
			cr_assert_eq(
			    kind == 0 ? mkfifo(name, 0600) : mkdir(name, 0700),
			    0);
			free(name);
		}
		read_all(&f, &s);
		cr_expect_null(f.boot_id);
		hostfacts_clear(&f);
	}
}

Test(hostfacts, finds_the_boot_time_after_a_long_line, .init = make_root,
    .fini = remove_root)
{
	char *zeros = x_malloc(200001), *text;
	struct hostfacts f;
	size_t i;

	for (i = 0; i < 200000; i++)
		zeros[i] = i % 2 == 0 ? ' ' : '0';
	zeros[i] = '\0';
	text = x_asprintf("cpu 1 2\nintr 9%s\nbtime 1700000000\n", zeros);
	put_text("/proc/stat", text);
	memset(&f, 0, sizeof(f));
	hostfacts_read_files(&f, root);
	cr_expect_eq(f.boot_at_us, INT64_C(1700000000000000));
	hostfacts_clear(&f);
	free(text);
	free(zeros);
}

Test(hostfacts, knows_this_host)
{
	struct host_sample_record s;
	struct hostfacts f;
	struct utsname u;

	cr_assert_eq(uname(&u), 0);
	hostfacts_read(&f);
	cr_expect_str_eq(f.host_name, u.nodename);
	cr_expect_str_eq(f.kernel, u.release);
	cr_expect_gt(f.boot_at_us, 0);
	cr_expect_leq(f.boot_at_us, walltime_now_us());
	cr_expect_not_null(f.facts_json);
	cr_expect(f.clock_synchronised == NOT_MEASURED ||
	    f.clock_synchronised == 0 || f.clock_synchronised == 1);
	cr_expect(
	    f.clock_max_error_us == NOT_MEASURED || f.clock_max_error_us >= 0);
	hostfacts_clear(&f);

	memset(&s, 0, sizeof(s));
	hostlimits_read(&s);
	cr_expect_gt(s.port_range_last, s.port_range_first);
	cr_expect(
	    s.allowance_exceeded == NOT_MEASURED || s.allowance_exceeded >= 0);
}

Test(hostfacts, adds_up_allowances_that_were_exceeded)
{
	/* Those of Amazon's ena driver, and one that fills its 32 bytes. */
	static const struct {
		char name[ETH_GSTRING_LEN + 1];
		uint64_t value;
	} ena[] = {
		{ "tx_timeout", 1 },
		{ "bw_in_allowance_exceeded", 20 },
		{ "bw_out_allowance_exceeded", 300 },
		{ "pps_allowance_exceeded", 4000 },
		{ "conntrack_allowance_exceeded", 50000 },
		{ "conntrack_allowance_available", 600000 },
		{ "a_name_of_32_allowance_exceededx", 7000000 },
		{ "a_name_of_32b_allowance_exceeded", 80000000 },
	};
	enum { N = sizeof(ena) / sizeof(ena[0]) };
	struct ethtool_gstrings *names;
	struct ethtool_stats *values;
	int64_t sum = NOT_MEASURED;
	size_t i;

	names = x_calloc(1, sizeof(*names) + N * ETH_GSTRING_LEN);
	values = x_calloc(1, sizeof(*values) + N * sizeof(uint64_t));
	for (i = 0; i < N; i++) {
		memcpy(names->data + i * ETH_GSTRING_LEN, ena[i].name,
		    ETH_GSTRING_LEN);
		values->data[i] = ena[i].value;
	}
	names->len = values->n_stats = 1;
	hostlimits_add_allowances(names, values, &sum);
	cr_expect_eq(sum, NOT_MEASURED);
	names->len = values->n_stats = N;
	hostlimits_add_allowances(names, values, &sum);
	cr_expect_eq(sum, 80054320);
	hostlimits_add_allowances(names, values, &sum);
	cr_expect_eq(sum, 2 * 80054320);
	values->data[1] = values->data[2] = UINT64_MAX;
	hostlimits_add_allowances(names, values, &sum);
	cr_expect_eq(sum, INT64_MAX);
	free(names);
	free(values);
}
