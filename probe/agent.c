/*
 * The agent's life: slots begin and end, what was measured is stored.
 */
#include "config.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>

#include "natdiff/walltime.h"
#include "probe/agent.h"
#include "probe/agent_state.h"
#include "probe/engine.h"
#include "probe/recorder.h"
#include "probe/sampler.h"

/* How often the clock is looked at, and progress told. */
#define HEARTBEAT_US 250000

/* A jump of the wall clock against the monotonic one that counts as a step. */
#define CLOCK_STEP_US 100000

/* The host is sampled once a slot, but not more often than this. */
#define SAMPLE_GAP_US 1000000

static bool
wants_more_slots(const struct agent *ag)
{
	if (ag->interrupted)
		return false;
	if (ag->o->once)
		return ag->slots_begun == 0;
	if (ag->o->slots > 0 && ag->slots_begun >= ag->o->slots)
		return false;
	return ag->until_us == 0 ||
	    ag->next_slot * ag->o->conf->interval_us < ag->until_us;
}

static void
end_if_done(struct agent *ag)
{
	if (!wants_more_slots(ag) && ag->n_active == 0 &&
	    engine_in_flight(ag->context.engine) == 0)
		event_base_loopexit(ag->base, NULL);
}

static struct lane *
lane_of(struct agent *ag, int run)
{
	size_t i;

	for (i = 0; i < ag->context.n_lanes; i++)
		if (ag->context.lanes[i].run == run)
			return &ag->context.lanes[i];
	abort(); /* a run that this process did not add */
}

/* An attempt has ended, whichever way: tell, then store. */
static void
on_attempt_done(void *arg, struct attempt_record *a)
{
	struct agent *ag = arg;
	struct lane *lane = lane_of(ag, a->run);

	if (a->target.family != 0)
		sampler_count(ag->context.sampler, &a->target, -1);
	if (a->failure == FAILURE_NONE)
		lane->ok++;
	else
		lane->failed++;
	if (ag->o->on_attempt != NULL)
		ag->o->on_attempt(ag->o->arg, a);
	recorder_put_attempt(ag->context.recorder, a);
	end_if_done(ag);
}

static void
forget_slot(struct agent *ag, size_t i)
{
	ag->active[i] = ag->active[--ag->n_active];
}

static void
on_slot_done(void *arg, struct slotwork *w)
{
	struct agent *ag = arg;
	size_t i;

	for (i = 0; i < ag->n_active; i++)
		if (ag->active[i] == w)
			break;
	if (i < ag->n_active)
		forget_slot(ag, i);
	end_if_done(ag);
}

/* Names are resolved this long before their slot begins. */
static int64_t
lead_us(const struct conf *c)
{
	int64_t lead = c->timeout_us[PHASE_DNS];

	return lead < c->interval_us / 2 ? lead : c->interval_us / 2;
}

/* The wall clock as follow_clock() knows it: a step is not in it before. */
static int64_t
clock_us(const struct agent *ag)
{
	return monotonic_now_us() + ag->clock_offset_us;
}

static void
arm_slot_timer(struct agent *ag)
{
	const struct conf *c = ag->o->conf;
	struct timeval tv = { 0, 0 };
	int64_t wait_us;

	if (!wants_more_slots(ag))
		return;
	wait_us = ag->next_slot * c->interval_us - lead_us(c) - clock_us(ag);
	if (wait_us > 0) {
		tv.tv_sec = wait_us / 1000000;
		tv.tv_usec = wait_us % 1000000;
	}
	evtimer_add(ag->slot_timer, &tv);
}

static void
begin_slot(struct agent *ag)
{
	int64_t slot = ag->next_slot++, now_us = monotonic_now_us();
	bool first = ag->slots_begun++ == 0;

	if (first)
		ag->first_slot_at_us = slot * ag->o->conf->interval_us;
	if (ag->n_active == SLOTS_AT_ONCE_MAX) { /* resolving hangs */
		slotwork_skip(&ag->context, slot, first);
		return;
	}
	ag->active[ag->n_active++] = slotwork_begin(&ag->context, slot, first);
	if (ag->sampled_us == 0 || now_us - ag->sampled_us >= SAMPLE_GAP_US) {
		ag->sampled_us = now_us;
		recorder_sample_host(
		    ag->context.recorder, ag->context.lanes[0].run, slot);
	}
}

/*
 * Slots are of the wall clock: when it steps, they are computed anew.  Returns
 * whether it did.
 */
static bool
follow_clock(struct agent *ag)
{
	int64_t now_us = walltime_now_us(), current;
	int64_t offset_us = now_us - monotonic_now_us();
	int64_t step_us = offset_us - ag->clock_offset_us;
	size_t i = 0;

	ag->clock_offset_us = offset_us;
	if (llabs(step_us) < CLOCK_STEP_US)
		return false;
	if (llabs(step_us) > llabs(ag->clock_step_us))
		ag->clock_step_us = step_us;
	/* What was asked for is a duration, whatever the clock says. */
	ag->first_slot_at_us += step_us;
	if (ag->until_us > 0)
		ag->until_us += step_us;
	current = plan_slot(now_us, ag->o->conf->interval_us);
	while (i < ag->n_active) {
		if (llabs(slotwork_slot(ag->active[i]) - current) <= 1) {
			slotwork_rearm(ag->active[i++]);
		} else {
			slotwork_cancel(ag->active[i]);
			forget_slot(ag, i);
		}
	}
	ag->next_slot = current + 1;
	arm_slot_timer(ag);
	return true;
}

static void
on_slot_timer(evutil_socket_t fd, short what, void *arg)
{
	struct agent *ag = arg;
	int64_t current;

	(void)fd;
	(void)what;
	/* Before until_us has moved with a step, the run would seem over. */
	if (follow_clock(ag))
		return;
	/* After a pause of the whole machine: not the slots in between. */
	current = plan_slot(clock_us(ag), ag->o->conf->interval_us);
	if (ag->next_slot < current && !ag->o->once)
		ag->next_slot = current;
	begin_slot(ag);
	arm_slot_timer(ag);
	end_if_done(ag);
}

/* When the last slot is over; 0: there is no end. */
static int64_t
end_of(const struct agent *ag, int64_t slots)
{
	int64_t end_us =
	    ag->first_slot_at_us + slots * ag->o->conf->interval_us;

	if (slots == 0)
		return ag->until_us;
	return ag->until_us > 0 && ag->until_us < end_us ? ag->until_us
							 : end_us;
}

static void
tell_status(struct agent *ag)
{
	struct agent_status s = { 0 };
	size_t i;

	s.slots_begun = ag->slots_begun;
	s.slots_wanted = ag->o->once ? 1 : ag->o->slots;
	s.now_us = clock_us(ag);
	s.first_slot_at_us = ag->first_slot_at_us;
	s.until_us = end_of(ag, s.slots_wanted);
	s.in_flight = engine_in_flight(ag->context.engine);
	s.n_paths = ag->context.n_lanes;
	for (i = 0; i < s.n_paths; i++) {
		s.paths[i].name = ag->context.lanes[i].path->name;
		s.paths[i].ok = ag->context.lanes[i].ok;
		s.paths[i].failed = ag->context.lanes[i].failed;
	}
	ag->o->on_status(ag->o->arg, &s);
}

static void
on_heartbeat(evutil_socket_t fd, short what, void *arg)
{
	struct agent *ag = arg;

	(void)fd;
	(void)what;
	follow_clock(ag);
	if (ag->o->on_status != NULL)
		tell_status(ag);
	end_if_done(ag);
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct agent *ag = arg;

	(void)fd;
	(void)what;
	ag->interrupted = true;
	event_base_loopexit(ag->base, NULL);
}

/* ----------------------------------------------------- beginning and end */

static int
make_events(struct agent *ag)
{
	ag->heartbeat = event_new(ag->base, -1, EV_PERSIST, on_heartbeat, ag);
	ag->slot_timer = evtimer_new(ag->base, on_slot_timer, ag);
	ag->on_int = evsignal_new(ag->base, SIGINT, on_signal, ag);
	ag->on_term = evsignal_new(ag->base, SIGTERM, on_signal, ag);
	if (ag->heartbeat == NULL || ag->slot_timer == NULL ||
	    ag->on_int == NULL || ag->on_term == NULL)
		return -1;
	evsignal_add(ag->on_int, NULL);
	evsignal_add(ag->on_term, NULL);
	return 0;
}

static int
start(struct agent *ag, struct err *e)
{
	const struct timeval beat = { 0, HEARTBEAT_US };
	int64_t now_us = walltime_now_us();

	if (make_events(ag) != 0)
		return err_set(e, "agent: libevent cannot start");
	ag->clock_offset_us = now_us - monotonic_now_us();
	if (!ag->o->once)
		ag->next_slot = plan_slot(now_us, ag->o->conf->interval_us) + 1;
	ag->first_slot_at_us = ag->next_slot * ag->o->conf->interval_us;
	if (ag->o->duration_us > 0)
		ag->until_us = ag->first_slot_at_us + ag->o->duration_us;
	evtimer_add(ag->heartbeat, &beat);
	arm_slot_timer(ag);
	return 0;
}

/* Stop what is under way and say how each lane ended. */
static void
wind_up(struct agent *ag, const char *how)
{
	struct slotwork_context *c = &ag->context;
	struct run_end end = { 0 };
	size_t i;

	while (ag->n_active > 0)
		slotwork_cancel(ag->active[--ag->n_active]);
	engine_interrupt(c->engine);
	for (i = 0; i < c->n_lanes; i++) {
		end.ended_at_us = walltime_now_us();
		end.planned = c->lanes[i].planned;
		end.fired = c->lanes[i].fired;
		end.clock_step_us = ag->clock_step_us;
		end.how = how;
		recorder_end_run(c->recorder, c->lanes[i].run, &end);
	}
}

static void
free_events(struct agent *ag)
{
	struct event *events[] = { ag->heartbeat, ag->slot_timer, ag->on_int,
		ag->on_term };
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i] != NULL)
			event_free(events[i]);
}

enum agent_end
agent_run(const struct agent_options *o, int64_t *fired, struct err *e)
{
	enum agent_end end = AGENT_FAILED;
	struct agent ag = { 0 };
	size_t i;

	ag.o = o;
	*fired = 0;
	/* With --once, the slot that is locked is the slot that is fired. */
	ag.next_slot = plan_slot(walltime_now_us(), o->conf->interval_us);
	ag.context.on_unresolved = on_attempt_done;
	ag.context.on_slot_done = on_slot_done;
	if (agent_open(&ag, on_attempt_done, &end, e) != 0 ||
	    start(&ag, e) != 0) {
		recorder_close(ag.context.recorder, NULL);
		free_events(&ag);
		agent_close(&ag);
		return end;
	}
	event_base_dispatch(ag.base);
	end = ag.interrupted ? AGENT_INTERRUPTED : AGENT_FINISHED;
	wind_up(&ag, ag.interrupted ? "interrupted" : "finished");
	for (i = 0; i < ag.context.n_lanes; i++)
		*fired += ag.context.lanes[i].fired;
	if (o->on_status != NULL)
		tell_status(&ag);
	if (recorder_close(ag.context.recorder, e) != 0)
		end = AGENT_FAILED;
	free_events(&ag);
	agent_close(&ag);
	return end;
}
