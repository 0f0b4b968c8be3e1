#include "config.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "natdiff/text.h"
#include "natdiff/xalloc.h"
#include "probe/wire.h"

#define SNAP_BYTES   96
#define BUFFER_BYTES (4 * 1024 * 1024)
#define WAIT_MS      200
#define NICE         10

/* Destinations in a filter; more are not captured. */
#define TARGETS_MAX 200

/* SYN, FIN or RST; or no payload: the ACKs between them. */
#define HANDSHAKES                                  \
	"(tcp[13] & 7 != 0 or ip6[53] & 7 != 0 or " \
	"(ip and ip[2:2] - ((ip[0] & 0xf) << 2) - " \
	"((tcp[12] & 0xf0) >> 2) = 0) or "          \
	"(ip6 and ip6[4:2] - ((ip6[52] & 0xf0) >> 2) = 0))"

struct wire {
	pcap_t *pcap;
	pcap_dumper_t *out;
	pthread_t thread;
	atomic_bool stop;
	pthread_mutex_t mutex; /* over the next three */
	struct endpoint_address targets[TARGETS_MAX];
	size_t n;
	bool changed;
	struct wire_result result; /* the thread's until it has ended */
	int64_t bytes;
};

/* --------------------------------------------------------------- filter */

static bool
add_target(struct wire *w, const struct endpoint_address *a)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (endpoint_address_equal(&w->targets[i], a))
			return false;
	if (w->n == TARGETS_MAX)
		return false;
	w->targets[w->n++] = *a;
	return true;
}

static void
add_name(struct wire *w, const struct conf_endpoint *ep)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct endpoint_address a;
	struct addrinfo *all, *i;

	if (getaddrinfo(ep->host, NULL, &hints, &all) != 0)
		return; /* its attempts say so, too */
	for (i = all; i != NULL; i = i->ai_next) {
		memset(&a, 0, sizeof(a));
		a.family = i->ai_family;
		a.port = ep->port;
		if (a.family == AF_INET)
			a.ip.v4 = ((struct sockaddr_in *)(void *)i->ai_addr)
				      ->sin_addr;
		else if (a.family == AF_INET6)
			a.ip.v6 = ((struct sockaddr_in6 *)(void *)i->ai_addr)
				      ->sin6_addr;
		else
			continue;
		add_target(w, &a);
	}
	freeaddrinfo(all);
}

static void
add_configured(struct wire *w, const struct conf *c)
{
	size_t i, k;

	for (i = 0; i < c->n_endpoints; i++) {
		for (k = 0; k < c->endpoints[i].n_addresses; k++)
			add_target(w, &c->endpoints[i].addresses[k]);
		if (c->endpoints[i].n_addresses == 0)
			add_name(w, &c->endpoints[i]);
	}
}

/* The filter of all destinations, in libpcap's language; free(). */
static char *
filter_text(const struct wire *w)
{
	char ip[INET6_ADDRSTRLEN];
	struct text t;
	size_t i;

	text_init(&t, 65536);
	text_addf(&t, "tcp and %s", HANDSHAKES);
	/* A filter of nothing is one of everything. */
	text_addf(&t, " and (port 0");
	for (i = 0; i < w->n; i++)
		text_addf(&t, " or (host %s and port %u)",
		    endpoint_address_ip(&w->targets[i], ip),
		    (unsigned)w->targets[i].port);
	text_addf(&t, ")");
	return t.s;
}

static int
set_filter(struct wire *w)
{
	struct bpf_program program;
	char *text = filter_text(w);
	int result;

	result = pcap_compile(w->pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN);
	free(text);
	if (result != 0)
		return -1;
	result = pcap_setfilter(w->pcap, &program);
	pcap_freecode(&program);
	return result;
}

void
wire_add(struct wire *w, const struct endpoint_address *target)
{
	if (target->family == 0)
		return;
	pthread_mutex_lock(&w->mutex);
	if (add_target(w, target))
		w->changed = true;
	pthread_mutex_unlock(&w->mutex);
}

/* --------------------------------------------------------------- thread */

static void
on_packet(u_char *arg, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct wire *w = (struct wire *)(void *)arg;

	if (w->bytes >= WIRE_BYTES_MAX) {
		w->result.full = 1;
		return;
	}
	w->bytes += 16 + h->caplen;
	w->result.packets++;
	pcap_dump((u_char *)w->out, h, bytes);
}

static void
update_filter(struct wire *w)
{
	pthread_mutex_lock(&w->mutex);
	if (w->changed)
		(void)set_filter(w);
	w->changed = false;
	pthread_mutex_unlock(&w->mutex);
}

/* The socket is asked, not waited for in libpcap, which may wait for ever. */
static void *
write_packets(void *arg)
{
	struct wire *w = arg;
	struct pollfd fd = { .fd = pcap_get_selectable_fd(w->pcap),
		.events = POLLIN };
	bool ending;
	int got;

	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	do {
		ending = atomic_load(&w->stop);
		(void)poll(&fd, 1, WAIT_MS);
		/* What came before the end is written all the same. */
		got = pcap_dispatch(w->pcap, -1, on_packet, (u_char *)w);
		if (pcap_dump_flush(w->out) != 0 && w->result.sys == 0)
			w->result.sys = errno != 0 ? errno : EIO;
		update_filter(w);
	} while (got >= 0 && !ending);
	return NULL;
}

/* Signals are the main thread's. */
static int
start(struct wire *w)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&w->thread, NULL, write_packets, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

/* -------------------------------------------------------- open and close */

/* The interface of the only path, else all of them. */
static const char *
interface_of(const struct conf *c)
{
	return c->n_paths == 1 && c->paths[0].interface != NULL ? c->paths[0].interface : "any";
}

static int
open_interface(struct wire *w, const char *name, struct err *e)
{
	char why[PCAP_ERRBUF_SIZE];
	int code;

	w->pcap = pcap_create(name, why);
	if (w->pcap == NULL)
		return err_set(e, "%s: %s", name, why);
	pcap_set_snaplen(w->pcap, SNAP_BYTES);
	pcap_set_timeout(w->pcap, WAIT_MS);
	pcap_set_buffer_size(w->pcap, BUFFER_BYTES);
	code = pcap_activate(w->pcap);
	if (code == PCAP_ERROR_PERM_DENIED ||
	    code == PCAP_ERROR_PROMISC_PERM_DENIED)
		return err_set(
		    e, "%s: not permitted: CAP_NET_RAW is needed", name);
	if (code < 0)
		return err_set(e, "%s: %s", name, pcap_geterr(w->pcap));
	if (pcap_setnonblock(w->pcap, 1, why) != 0)
		return err_set(e, "%s: %s", name, why);
	return 0;
}

/* Whether a file begins as captures do: pcap in both orders, pcapng. */
static bool
is_capture(const unsigned char start[4])
{
	static const unsigned char magic[][4] = { { 0xd4, 0xc3, 0xb2, 0xa1 },
		{ 0xa1, 0xb2, 0xc3, 0xd4 }, { 0x4d, 0x3c, 0xb2, 0xa1 },
		{ 0xa1, 0xb2, 0x3c, 0x4d }, { 0x0a, 0x0d, 0x0d, 0x0a } };
	size_t i;

	for (i = 0; i < sizeof(magic) / sizeof(magic[0]); i++)
		if (memcmp(start, magic[i], 4) == 0)
			return true;
	return false;
}

/* An older capture is replaced; a slip must not cost a database. */
static int
check_older(const char *file, struct err *e)
{
	unsigned char start[4] = { 0 };
	struct stat sb;
	FILE *f;

	if (stat(file, &sb) != 0 || !S_ISREG(sb.st_mode) || sb.st_size == 0)
		return 0;
	f = fopen(file, "re");
	if (f == NULL)
		return err_sys(e, "%s: cannot open", file);
	if (fread(start, 1, sizeof(start), f) < sizeof(start))
		memset(start, 0, sizeof(start));
	fclose(f);
	if (is_capture(start))
		return 0;
	return err_set(e,
	    "%s: holds no capture, expected a new file or one to replace",
	    file);
}

static int
open_file(struct wire *w, const char *file, struct err *e)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "wb") : NULL;

	if (f == NULL) {
		err_sys(e, "%s: cannot write", file);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	w->out = pcap_dump_fopen(w->pcap, f);
	if (w->out == NULL) {
		fclose(f);
		return err_set(e, "%s: %s", file, pcap_geterr(w->pcap));
	}
	return 0;
}

static void
wire_free(struct wire *w)
{
	if (w->out != NULL)
		pcap_dump_close(w->out);
	if (w->pcap != NULL)
		pcap_close(w->pcap);
	pthread_mutex_destroy(&w->mutex);
	free(w);
}

struct wire *
wire_open(const struct conf *c, const char *file, struct err *e)
{
	struct wire *w = x_calloc(1, sizeof(*w));
	int code;

	pthread_mutex_init(&w->mutex, NULL);
	if (check_older(file, e) != 0)
		goto fail;
	if (open_interface(w, interface_of(c), e) != 0)
		goto fail;
	add_configured(w, c);
	if (set_filter(w) != 0) {
		err_set(e, "%s", pcap_geterr(w->pcap));
		goto fail;
	}
	if (open_file(w, file, e) != 0)
		goto fail;
	code = start(w);
	if (code == 0)
		return w;
	errno = code;
	err_sys(e, "%s: no thread", file);
fail:
	wire_free(w);
	return NULL;
}

void
wire_close(struct wire *w, struct wire_result *result)
{
	struct pcap_stat stat = { 0 };

	memset(result, 0, sizeof(*result));
	if (w == NULL)
		return;
	atomic_store(&w->stop, true);
	pthread_join(w->thread, NULL);
	if (pcap_stats(w->pcap, &stat) == 0)
		w->result.dropped = (int64_t)stat.ps_drop;
	*result = w->result;
	wire_free(w);
}
