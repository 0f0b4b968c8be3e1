#include "config.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "natdiff/xalloc.h"
#include "probe/wire.h"

static char lo_name[] = "lo", loopback[] = "127.0.0.1";
static struct conf_path path = { .interface = lo_name };
static struct endpoint_address target;
static struct conf_endpoint endpoint = { .addresses = &target,
	.n_addresses = 1 };
static struct conf conf = {
	.paths = &path, .n_paths = 1, .endpoints = &endpoint, .n_endpoints = 1
};

static char folder[] = "/tmp/natdiff-wire.XXXXXX";
static char *file;

static void
begin(void)
{
	cr_assert_not_null(mkdtemp(folder));
	file = x_asprintf("%s/own.pcap", folder);
	cr_assert_eq(endpoint_address_parse(loopback, &target), 0);
	target.port = 443;
}

static void
end(void)
{
	unlink(file);
	rmdir(folder);
	free(file);
}

TestSuite(wire, .init = begin, .fini = end);

/* A network of our own, in which everybody may capture. */
static void
need_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET) != 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		cr_skip_test("no network namespaces here");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_geq(fd, 0);
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0, "%s", strerror(errno));
	close(fd);
}

/* ------------------------------------------------------------- connections */

/* A listener on the loopback interface, at a port of the kernel's choice. */
static int
listen_at(struct endpoint_address *at)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t size = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_geq(fd, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&in, size), 0);
	cr_assert_eq(listen(fd, 64), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&in, &size), 0);
	memset(at, 0, sizeof(*at));
	at->family = AF_INET;
	at->ip.v4 = in.sin_addr;
	at->port = ntohs(in.sin_port);
	return fd;
}

/* A connection that says a word of 200 bytes, and ends. */
static void
talk(int listener, const struct endpoint_address *to)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;
	char word[200] = "";

	in.sin_addr = to->ip.v4;
	in.sin_port = htons(to->port);
	cr_assert_geq(fd, 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	peer = accept(listener, NULL, NULL);
	cr_assert_geq(peer, 0);
	cr_assert_eq(send(fd, word, sizeof(word), 0), sizeof(word));
	cr_assert_eq(recv(peer, word, sizeof(word), MSG_WAITALL), sizeof(word));
	close(fd);
	close(peer);
}

/* How many packets of the capture are so, in libpcap's language. */
static int
count(const char *fmt, unsigned port)
{
	char why[PCAP_ERRBUF_SIZE], *filter;
	pcap_t *p = pcap_open_offline(file, why);
	struct bpf_program program;
	struct pcap_pkthdr *h;
	const u_char *bytes;
	int n = 0;

	cr_assert_not_null(p, "%s", why);
	filter = x_asprintf("port %u and %s", port, fmt);
	cr_assert_eq(pcap_compile(p, &program, filter, 1, PCAP_NETMASK_UNKNOWN),
	    0, "%s: %s", filter, pcap_geterr(p));
	while (pcap_next_ex(p, &h, &bytes) == 1) {
		cr_assert_leq(h->caplen, 96);
		n += pcap_offline_filter(&program, h, bytes) != 0;
	}
	pcap_freecode(&program);
	pcap_close(p);
	free(filter);
	return n;
}

static struct wire *
open_wire(void)
{
	struct err e = { 0 };
	struct wire *w = wire_open(&conf, file, &e);

	cr_assert_not_null(w, "%s", e.msg);
	return w;
}

/* -------------------------------------------------------------------- tests */

Test(wire, writes_handshakes_of_its_destination_and_nothing_else)
{
	struct endpoint_address other;
	struct wire_result r;
	struct stat st;
	int ours, theirs;
	struct wire *w;

	need_network();
	ours = listen_at(&target);
	theirs = listen_at(&other);
	w = open_wire();
	talk(theirs, &other);
	talk(ours, &target);
	wire_close(w, &r);
	cr_expect_eq(count("tcp[13] & 18 = 2", target.port), 1, "one SYN");
	cr_expect_eq(count("tcp[13] & 18 = 18", target.port), 1, "a SYN-ACK");
	cr_expect_eq(count("tcp[13] & 1 != 0", target.port), 2, "two FINs");
	cr_expect_eq(count("greater 200", target.port), 0, "no word");
	cr_expect_eq(count("tcp", other.port), 0, "none of others");
	cr_expect_geq(r.packets, 4);
	cr_expect_eq(count("tcp", target.port), (int)r.packets);
	cr_expect_eq(r.full, 0);
	cr_expect_eq(r.sys, 0);
	cr_assert_eq(stat(file, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
}

Test(wire, a_name_is_resolved_and_any_interface_will_do)
{
	struct wire_result r;
	struct wire *w;
	int listener;

	need_network();
	listener = listen_at(&target);
	path.interface = NULL;
	endpoint.n_addresses = 0;
	endpoint.host = loopback;
	endpoint.port = target.port;
	w = open_wire();
	talk(listener, &target);
	wire_close(w, &r);
	cr_expect_geq(count("tcp[13] & 18 = 2", target.port), 1);
}

Test(wire, a_destination_that_is_added_is_captured_from_then_on)
{
	const struct timespec a_while = { 0, 20 * 1000 * 1000 };
	const struct endpoint_address none = { .family = 0 };
	struct endpoint_address later;
	int listener, other, i;
	struct wire_result r;
	struct wire *w;
	struct stat st;

	need_network();
	listener = listen_at(&target);
	other = listen_at(&later);
	w = open_wire();
	cr_assert_eq(stat(file, &st), 0);
	wire_add(w, &none);
	wire_add(w, &later);
	/* The thread takes it up between two looks at the wire. */
	for (i = 0; i < 1000 && st.st_size <= 24; i++) {
		talk(other, &later);
		nanosleep(&a_while, NULL);
		cr_assert_eq(stat(file, &st), 0);
	}
	talk(listener, &target);
	wire_close(w, &r);
	cr_expect_geq(count("tcp[13] & 18 = 2", later.port), 1);
	cr_expect_eq(count("tcp[13] & 18 = 2", target.port), 1);
}

Test(wire, a_file_that_cannot_be_written_is_named)
{
	struct err e = { 0 };

	need_network();
	cr_expect_null(wire_open(&conf, "/nonexistent/own.pcap", &e));
	cr_expect_str_eq(e.msg,
	    "/nonexistent/own.pcap: cannot write: No such file or directory",
	    "%s", e.msg);
}

Test(wire, an_interface_that_is_not_there_is_named)
{
	char gone[] = "natdiff-none";
	struct err e = { 0 };

	need_network();
	path.interface = gone;
	cr_expect_null(wire_open(&conf, file, &e));
	cr_expect_eq(strncmp(e.msg, "natdiff-none: ", 14), 0, "%s", e.msg);
	cr_expect_neq(access(file, F_OK), 0, "no file is made");
}

Test(wire, without_privilege_it_says_which)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct err e = { 0 };

	memset(data, 0, sizeof(data));
	cr_assert_eq(syscall(SYS_capset, &header, data), 0);
	cr_expect_null(wire_open(&conf, file, &e));
	cr_expect_str_eq(
	    e.msg, "lo: not permitted: CAP_NET_RAW is needed", "%s", e.msg);
	cr_expect_neq(access(file, F_OK), 0, "no file is made");
}

Test(wire, none_is_closed_with_nothing)
{
	struct wire_result r = { 1, 1, 1, 1 };

	wire_close(NULL, &r);
	cr_expect_eq(r.packets + r.dropped + r.full + r.sys, 0);
}
