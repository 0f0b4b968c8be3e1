/*
 * Opening and closing what an agent needs.
 */
#include "config.h"

#include <event2/event.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/agent_state.h"
#include "probe/engine.h"
#include "probe/pathsocket.h"
#include "probe/recorder.h"
#include "probe/sampler.h"
#include "probe/tlsfacts.h"

/* Descriptors for the database, name servers, signals and the like. */
#define SPARE_DESCRIPTORS 100

/* Slots whose attempts can be in flight together. */
static int64_t
slots_in_flight(const struct agent_options *o)
{
	const struct conf *c = o->conf;
	int64_t life_us = 0, slots, most;
	int p;

	for (p = PHASE_CONNECT; p < PHASE_COUNT; p++)
		life_us += c->timeout_us[p];
	slots = 1 + (life_us + c->interval_us - 1) / c->interval_us;
	most = o->duration_us / c->interval_us + 1;
	if (o->duration_us > 0 && most < slots)
		slots = most;
	most = o->once ? 1 : o->slots;
	return most > 0 && most < slots ? most : slots;
}

/* As many descriptors as all attempts in flight can take, or a refusal. */
static int
raise_descriptors(const struct agent_options *o, struct err *e)
{
	struct rlimit limit;
	int64_t wanted, lanes = o->path != NULL ? 1 : (int64_t)o->conf->n_paths;
	size_t shots;

	free(plan_slot_shots(o->conf, 0, true, &shots));
	/* Two address families, at worst. */
	wanted =
	    SPARE_DESCRIPTORS + 2 * lanes * (int64_t)shots * slots_in_flight(o);
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return err_sys(e, "file descriptors");
	if ((int64_t)limit.rlim_cur >= wanted)
		return 0;
	if ((int64_t)limit.rlim_max < wanted)
		return err_set(e,
		    "the plan may need %lld file descriptors "
		    "at once, this process may have %lld (ulimit -Hn)",
		    (long long)wanted, (long long)limit.rlim_max);
	limit.rlim_cur = (rlim_t)wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return err_sys(e, "file descriptors");
	return 0;
}

/* A lane for each path. */
static int
make_lanes(struct agent *ag, struct err *e)
{
	const struct conf *c = ag->o->conf;
	struct lane *lane;
	size_t i;

	ag->context.lanes = x_calloc(c->n_paths, sizeof(*ag->context.lanes));
	for (i = 0; i < c->n_paths; i++) {
		if (pathsocket_check(&c->paths[i], e) != 0)
			return -1;
		lane = &ag->context.lanes[ag->context.n_lanes++];
		lane->path = &c->paths[i];
		lane->resolver = resolver_new(
		    ag->base, lane->path, c->timeout_us[PHASE_DNS], e);
		if (lane->resolver == NULL)
			return -1;
	}
	return 0;
}

static int
read_castores(struct agent *ag, struct err *e)
{
	const struct conf *c = ag->o->conf;
	const struct conf_endpoint *ep;
	size_t i;

	ag->stores = x_calloc(c->n_endpoints, sizeof(X509_STORE *));
	for (i = 0; i < c->n_endpoints; i++) {
		ep = &c->endpoints[i];
		if (!conf_endpoint_uses_tls(ep))
			continue;
		ag->stores[i] = castore_get(ep->ca, e);
		if (ag->stores[i] == NULL)
			return -1;
	}
	ag->context.stores = ag->stores;
	return 0;
}

static int
add_run(struct agent *ag, struct lane *lane, struct err *e)
{
	const struct conf *c = ag->o->conf;
	char source[INET6_ADDRSTRLEN], *gateway = conf_gateway_json(c);
	struct run_record r = { 0 };

	RAND_bytes(r.uuid, sizeof(r.uuid));
	r.agent = recorder_agent(ag->context.recorder);
	r.host_name = ag->facts.host_name;
	r.path = lane->path->name;
	r.role = lane->path->role;
	r.interface = lane->path->interface;
	if (lane->path->source.family != 0)
		r.source = endpoint_address_ip(&lane->path->source, source);
	r.mark = lane->path->has_mark ? lane->path->mark : NOT_MEASURED;
	r.version = PACKAGE_VERSION;
	r.started_at_us = walltime_now_us();
	r.interval_us = c->interval_us;
	r.config_digest = c->digest;
	r.pid = getpid();
	r.kernel = ag->facts.kernel;
	r.boot_id = ag->facts.boot_id;
	r.boot_at_us = ag->facts.boot_at_us;
	r.virtualisation = ag->facts.virtualisation;
	r.clock_synchronised = ag->facts.clock_synchronised;
	r.clock_max_error_us = ag->facts.clock_max_error_us;
	r.facts_json = ag->facts.facts_json;
	r.gateway_json = gateway;
	lane->run = recorder_add_run(ag->context.recorder, &r, e);
	free(gateway);
	return lane->run < 0 ? -1 : 0;
}

static int
add_endpoints(struct agent *ag, struct err *e)
{
	const struct conf *c = ag->o->conf;
	struct endpoint_record r;
	size_t i;

	ag->endpoint_numbers = x_calloc(c->n_endpoints, sizeof(int));
	for (i = 0; i < c->n_endpoints; i++) {
		r.name = c->endpoints[i].name;
		r.url = c->endpoints[i].url;
		r.control = c->endpoints[i].control;
		r.verify = c->endpoints[i].verify;
		r.kind = c->endpoints[i].kind;
		ag->endpoint_numbers[i] =
		    recorder_add_endpoint(ag->context.recorder, &r, e);
		if (ag->endpoint_numbers[i] < 0)
			return -1;
	}
	ag->context.endpoint_numbers = ag->endpoint_numbers;
	return 0;
}

/* The recorder's thread: storing fails, or works again. */
static void
on_trouble(void *arg, const struct err *e)
{
	struct agent *ag = arg;

	if (ag->o->on_trouble != NULL)
		ag->o->on_trouble(
		    ag->o->arg, e, recorder_lost(ag->context.recorder));
}

/* The recorder's thread. */
static void
take_sample(void *arg, struct host_sample_record *s)
{
	sampler_take(((struct agent *)arg)->context.sampler, s);
}

/* The database, and the right to measure these paths into it. */
static int
open_store(struct agent *ag, enum agent_end *end, struct err *e)
{
	const struct conf *c = ag->o->conf;
	struct recorder_options o = { 0 };
	int64_t slot = ag->o->once ? ag->next_slot : LOCK_ALL_SLOTS;
	pid_t holder;
	size_t i;

	o.database = c->database;
	o.retain_us = c->retain_us;
	o.on_trouble = on_trouble;
	o.take_sample = take_sample;
	o.arg = ag;
	ag->context.recorder = recorder_open(&o, e);
	if (ag->context.recorder == NULL)
		return -1;
	for (i = 0; i < ag->context.n_lanes; i++) {
		ag->locks[i] = lock_take(c->database,
		    ag->context.lanes[i].path->name, slot, &holder, e);
		if (ag->locks[i] == NULL) {
			if (holder != 0)
				*end = AGENT_BUSY;
			return -1;
		}
	}
	for (i = 0; i < ag->context.n_lanes; i++)
		if (add_run(ag, &ag->context.lanes[i], e) != 0)
			return -1;
	return add_endpoints(ag, e);
}

/* A loop whose timers are of microseconds, not of scheduler ticks. */
static struct event_base *
new_base(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base *base;

	if (cfg == NULL)
		return NULL;
	event_config_set_flag(cfg, EVENT_BASE_FLAG_PRECISE_TIMER);
	base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	return base;
}

int
agent_open(struct agent *ag, void (*on_done)(void *, struct attempt_record *),
    enum agent_end *end, struct err *e)
{
	struct footprint f;

	if (raise_descriptors(ag->o, e) != 0 ||
	    plan_footprint(ag->o->conf, &f, e) != 0)
		return -1;
	ag->context.rotation = f.rotation;
	ag->base = new_base();
	if (ag->base == NULL)
		return err_set(e, "agent: libevent cannot start");
	ag->context.base = ag->base;
	ag->context.conf = ag->o->conf;
	ag->context.sampler = sampler_new();
	ag->context.late_is_fine = ag->o->once;
	ag->context.arg = ag;
	ag->context.engine = engine_new(ag->base, on_done, ag, e);
	if (ag->context.engine == NULL)
		return -1;
	hostfacts_read(&ag->facts);
	if (make_lanes(ag, e) != 0 || read_castores(ag, e) != 0)
		return -1;
	return open_store(ag, end, e);
}

void
agent_close(struct agent *ag)
{
	size_t i;

	for (i = 0; i < ag->context.n_lanes; i++)
		resolver_free(ag->context.lanes[i].resolver);
	engine_free(ag->context.engine);
	for (i = 0; i < CONF_PATHS_MAX; i++)
		lock_free(ag->locks[i]);
	sampler_free(ag->context.sampler);
	if (ag->base != NULL)
		event_base_free(ag->base);
	hostfacts_clear(&ag->facts);
	castore_free_all();
	free(ag->context.lanes);
	free(ag->endpoint_numbers);
	free(ag->stores);
}
