#include "config.h"

#include <sys/resource.h>
#include <sys/types.h>

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/conf_header.h"
#include "probe/hostfacts.h"
#include "probe/httprequest.h"
#include "probe/lock.h"
#include "probe/recorder.h"
#include "probe/witness.h"
#include "probe/witness_listen.h"
#include "probe/witness_service.h"
#include "probe/witness_tls.h"

#define SPARE_DESCRIPTORS 100
#define HOST_NAME_SIZE    256

struct service {
	const struct witness_settings *o;
	struct endpoint_address listen[WITNESS_LISTEN_MAX]; /* as bound */
	int sockets[WITNESS_LISTEN_MAX]; /* -1: none, or given away */
	char *certificate;               /* file names */
	char *key;
	char *shared_key; /* secret */
	SSL_CTX *tls;
	struct lock *lock;
	struct recorder *recorder;
	int64_t first_arrival;
	struct witness *witness;
};

bool
witness_service_is_name(const char *text)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_*:";

	return *text != '\0' && strlen(text) < HOST_NAME_SIZE &&
	    text[strspn(text, chars)] == '\0';
}

/* A descriptor a connection, or a refusal. */
static int
raise_descriptors(int64_t connections, struct err *e)
{
	int64_t wanted = connections + SPARE_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return err_sys(e, "file descriptors");
	if (limit.rlim_cur >= (rlim_t)wanted)
		return 0;
	limit.rlim_cur = (rlim_t)wanted;
	if (limit.rlim_max < (rlim_t)wanted)
		limit.rlim_max = (rlim_t)wanted; /* root may */
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return 0;
	getrlimit(RLIMIT_NOFILE, &limit);
	return err_set(e,
	    "--max-connections %" PRId64 " needs %" PRId64
	    " file descriptors, this process may have %llu (ulimit -Hn)",
	    connections, wanted, (unsigned long long)limit.rlim_max);
}

static int
bind_all(struct service *s, struct err *e)
{
	size_t i;

	for (i = 0; i < s->o->n_listen; i++) {
		s->listen[i] = s->o->listen[i];
		s->sockets[i] = witness_listen_open(&s->listen[i], e);
		if (s->sockets[i] < 0)
			return -1;
	}
	return 0;
}

/* The file is read as a header of a probe is. */
static int
read_shared_key(struct service *s, struct err *e)
{
	struct conf_header h = { NULL, NULL };
	char *text;

	if (s->o->shared_key_file == NULL)
		return 0;
	text =
	    x_asprintf(WITNESS_KEY_HEADER ": file:%s", s->o->shared_key_file);
	if (conf_header_make(text, getenv, &h, e) == 0)
		s->shared_key =
		    x_strdup(h.line + strlen(WITNESS_KEY_HEADER ": "));
	free(text);
	if (s->shared_key == NULL)
		return -1;
	explicit_bzero(h.line, strlen(h.line));
	free(h.line);
	if (h.warning != NULL)
		fprintf(stderr, "natdiff-probe: %s\n", h.warning);
	free(h.warning);
	return 0;
}

static int
drop_privileges(const char *user, struct err *e)
{
	const struct passwd *pw;

	if (user == NULL)
		return 0;
	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL)
		return err_set(e, "--user %s: no such user", user);
	if (initgroups(user, pw->pw_gid) != 0 || setgid(pw->pw_gid) != 0 ||
	    setuid(pw->pw_uid) != 0)
		return err_sys(e, "--user %s: cannot become it", user);
	return 0;
}

/* For the names asked for, or for those that this host seems to have. */
static int
make_certificate(const struct service *s, struct err *e)
{
	static char loopback4[] = "127.0.0.1", loopback6[] = "::1",
		    local[] = "localhost";
	char *names[WITNESS_LISTEN_MAX + 4], host[HOST_NAME_SIZE];
	char ips[WITNESS_LISTEN_MAX][INET6_ADDRSTRLEN];
	size_t n = 0, i;

	if (s->o->n_names > 0)
		return witness_tls_make(
		    s->certificate, s->key, s->o->names, s->o->n_names, e);
	if (gethostname(host, sizeof(host)) == 0) {
		host[sizeof(host) - 1] = '\0';
		if (witness_service_is_name(host))
			names[n++] = host;
	}
	names[n++] = local;
	names[n++] = loopback4;
	names[n++] = loopback6;
	for (i = 0; i < s->o->n_listen; i++)
		if (s->o->listen[i].family != 0)
			names[n++] = endpoint_address_ip(&s->listen[i], ips[i]);
	return witness_tls_make(s->certificate, s->key, names, n, e);
}

static int
load_tls(struct service *s, struct err *e)
{
	size_t i;

	s->tls = witness_tls_new(e);
	if (s->tls == NULL ||
	    witness_tls_load(s->tls, s->certificate, s->key, e) != 0)
		return -1;
	for (i = 0; i < s->o->n_names; i++)
		if (!witness_tls_has_name(s->tls, s->o->names[i]))
			return err_set(e, "%s: is no certificate for %s%s",
			    s->certificate, s->o->names[i],
			    s->o->certificate == NULL
				? ", remove it to have a new one"
				: "");
	return 0;
}

/* "203.0.113.5:443 [2001:db8::5]:443", with a prefix for each. */
static char *
listen_text(const struct service *s, const char *prefix)
{
	char one[ENDPOINT_ADDRESS_TEXT_SIZE], *text = x_strdup(""), *longer;
	size_t i;

	for (i = 0; i < s->o->n_listen; i++) {
		longer = x_asprintf("%s%s%s%s", text, i > 0 ? " " : "", prefix,
		    endpoint_address_text(&s->listen[i], one));
		free(text);
		text = longer;
	}
	return text;
}

static void
on_trouble(void *arg, const struct err *e)
{
	(void)arg;
	if (e != NULL)
		fprintf(stderr, "natdiff-probe: %s; arrivals wait\n", e->msg);
	else
		fputs("natdiff-probe: storing works again\n", stderr);
}

static int
open_recorder(struct service *s, struct err *e)
{
	struct recorder_options ro = { .database = s->o->database,
		.retain_us = s->o->retain_us,
		.on_trouble = on_trouble };

	s->recorder = recorder_open(&ro, e);
	return s->recorder != NULL ? 0 : -1;
}

/* That it listens from now on. */
static int
record_start(struct service *s, struct err *e)
{
	struct witness_run_record w = { .version = PACKAGE_VERSION };
	struct hostfacts facts = { 0 };
	char *listen;
	int result;

	hostfacts_read(&facts);
	listen = listen_text(s, "");
	w.host_name = facts.host_name;
	w.kernel = facts.kernel;
	w.boot_id = facts.boot_id;
	w.clock_synchronised = facts.clock_synchronised;
	w.clock_max_error_us = facts.clock_max_error_us;
	w.listen = listen;
	w.pid = getpid();
	w.started_at_us = walltime_now_us();
	result = recorder_add_witness(s->recorder, &w, &s->first_arrival, e);
	free(listen);
	hostfacts_clear(&facts);
	return result;
}

static int
start(struct service *s, struct err *e)
{
	struct witness_options wo;
	size_t i;
	int fd;

	memset(&wo, 0, sizeof(wo));
	wo.tls = s->tls;
	wo.recorder = s->recorder;
	wo.first_arrival = s->first_arrival;
	wo.max_connections = s->o->max_connections;
	wo.hold_us = s->o->hold_us;
	wo.shared_key = s->shared_key;
	s->witness = witness_new(&wo, e);
	if (s->witness == NULL)
		return -1;
	for (i = 0; i < s->o->n_listen; i++) {
		fd = s->sockets[i];
		s->sockets[i] = -1;
		if (witness_listen(s->witness, fd, e) != 0)
			return -1;
	}
	return 0;
}

/* What root must do comes first, what the database needs after it. */
static int
set_up(struct service *s, pid_t *holder, struct err *e)
{
	const struct witness_settings *o = s->o;
	bool given = o->certificate != NULL;

	s->certificate = given ? x_strdup(o->certificate)
			       : x_asprintf("%s.crt", o->database);
	s->key = given ? x_strdup(o->key) : x_asprintf("%s.key", o->database);
	if (raise_descriptors(o->max_connections, e) != 0 ||
	    bind_all(s, e) != 0 || read_shared_key(s, e) != 0 ||
	    (given && load_tls(s, e) != 0) || drop_privileges(o->user, e) != 0)
		return -1;
	s->lock = lock_take(o->database, "witness", LOCK_ALL_SLOTS, holder, e);
	if (s->lock == NULL || open_recorder(s, e) != 0)
		return -1;
	/* Beside a database that is one, and is ours. */
	if (!given && (make_certificate(s, e) != 0 || load_tls(s, e) != 0))
		return -1;
	if (record_start(s, e) != 0)
		return -1;
	return start(s, e);
}

static int
tear_down(struct service *s, struct err *e)
{
	int result;
	size_t i;

	witness_free(s->witness);
	result = recorder_close(s->recorder, e);
	lock_free(s->lock);
	SSL_CTX_free(s->tls);
	for (i = 0; i < s->o->n_listen; i++)
		if (s->sockets[i] >= 0)
			close(s->sockets[i]);
	if (s->shared_key != NULL)
		explicit_bzero(s->shared_key, strlen(s->shared_key));
	free(s->shared_key);
	free(s->certificate);
	free(s->key);
	return result;
}

static int
serve(struct service *s, struct err *e)
{
	struct witness_totals t;
	char *urls = listen_text(s, "https://");
	int result;

	printf("ready: %s certificate %s\n", urls, s->certificate);
	fflush(stdout);
	free(urls);
	result = witness_run(s->witness, &t, e);
	printf("%" PRId64 " connections: %" PRId64 " began TLS, %" PRId64
	       " sent a request, %" PRId64 " became WebSockets, %" PRId64
	       " were refused\n",
	    t.arrivals, t.hellos, t.requests, t.upgrades, t.refused);
	return result;
}

int
witness_service_run(
    const struct witness_settings *o, pid_t *holder, struct err *e)
{
	struct service s = { .o = o };
	struct err ending;
	int result;
	size_t i;

	for (i = 0; i < WITNESS_LISTEN_MAX; i++)
		s.sockets[i] = -1;
	result = set_up(&s, holder, e) != 0 || serve(&s, e) != 0 ? -1 : 0;
	if (tear_down(&s, &ending) != 0) {
		if (result != 0)
			fprintf(stderr, "natdiff-probe: %s\n", ending.msg);
		else
			*e = ending;
		result = -1;
	}
	return result;
}
