/*
 * What active commands can find, by name: closed lists, which the store
 * keeps and the report reads.
 */
#ifndef NATDIFF_MEASUREMENT_H
#define NATDIFF_MEASUREMENT_H

enum measurement_kind {
	MEASUREMENT_RAMP,  /* low, best, high: connections held at once */
	MEASUREMENT_IDLE,  /* microseconds of silence */
	MEASUREMENT_REUSE, /* microseconds from a close to the port's return */
	MEASUREMENT_KINDS  /* also: none of these */
};

enum measurement_end {
	MEASUREMENT_FINISHED,
	MEASUREMENT_INTERRUPTED, /* by a signal */
	MEASUREMENT_STOPPED,     /* others began to suffer: control failed */
	MEASUREMENT_FAILED,      /* it could not be done */
	MEASUREMENT_ENDS
};

/* Bounds are part of what is said: see each. */
enum measurement_finding {
	/* ramp: more to this destination fail, the control works. */
	RAMP_DESTINATION_LIMIT,
	/* ramp: the control fails as well: a limit on all connections. */
	RAMP_TOTAL_LIMIT,
	/* ramp: at least low; this host's own ports or descriptors ended. */
	RAMP_HOST_LIMIT,
	/* ramp: at least low, as many as were asked for; high is NULL. */
	RAMP_NO_LIMIT,
	/* ramp: the far end itself refused (reset, HTTP status). */
	RAMP_FAR_END,
	RAMP_INCONCLUSIVE,
	/* idle: after low to high of silence, it was gone without a word. */
	IDLE_SILENT,
	/* idle: the same, and the next packet was answered by a reset. */
	IDLE_RESET,
	/* idle: the far end closed it itself (FIN), low to high. */
	IDLE_FAR_END,
	/* idle: it lived through low of silence; high is NULL. */
	IDLE_NO_LIMIT,
	IDLE_INCONCLUSIVE,
	/* reuse: the hold-down after a FIN, or after a reset. */
	REUSE_AFTER_FIN,
	REUSE_AFTER_RESET,
	/* reuse: no port came back; low: not within this time, or NULL. */
	REUSE_NO_REPEAT_FIN,
	REUSE_NO_REPEAT_RESET,
	REUSE_INCONCLUSIVE,
	MEASUREMENT_FINDINGS
};

/* "ramp"; "finished"; "destination_limit". */
const char *measurement_kind_name(enum measurement_kind k);
const char *measurement_end_name(enum measurement_end end);
const char *measurement_finding_name(enum measurement_finding f);

/* The kind that can have this finding. */
enum measurement_kind measurement_finding_kind(enum measurement_finding f);

/* By name: MEASUREMENT_KINDS, _ENDS or _FINDINGS where there is none. */
enum measurement_kind measurement_kind_parse(const char *name);
enum measurement_end measurement_end_parse(const char *name);
enum measurement_finding measurement_finding_parse(
    enum measurement_kind k, const char *name);

#endif
