/*
 * The series behind the plots of a report: counts over time on one axis that
 * all of them share, connect times as a distribution, failures by hour, hosts
 * by time.  Thinned here, by counting into bins, so that what is drawn has a
 * bounded size however many attempts there are; no failure is left out, as a
 * bin counts all that are in it.  Description, no inference.  Pure.
 *
 * An attempt that its agent cut short (interrupted) is no attempt here.
 */
#ifndef NATDIFF_REPORT_CHARTS_H
#define NATDIFF_REPORT_CHARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"

#define CHART_ROLES     2   /* enum role */
#define CHART_BINS_MAX  361 /* two pixels each in a plot of usual width */
#define CHART_LANES_MAX 6   /* endpoints with a time line of their own */
#define CHART_STEPS_MAX 6   /* SYN retransmits that are told apart */
#define CHART_HOURS     24
#define CHART_HOSTS     3 /* from so many on there is a map */
#define CHART_CELLS_MAX 12000
#define CHART_PORT_ROWS 48
#define CHART_PORT_BINS 96
#define CHART_PORTS     16 /* fewer say nothing of a pool */
#define NO_ENDPOINT     UINT32_MAX

/* Connect times by their binary logarithm: bins to an octave, and octaves. */
#define TIMES_OCTAVE  32
#define TIMES_OCTAVES 32
#define TIMES_BINS    (TIMES_OCTAVE * TIMES_OCTAVES)

struct chart_count {
	size_t attempts;
	size_t failed;
	size_t troubled; /* failed, or its SYN was sent again */
};

/* n bins of width_us from from_us on: the axis of time. */
struct chart_axis {
	int64_t from_us;
	int64_t width_us; /* whole intervals, of the longest */
	size_t n;
};

/* How long connects took: of the attempts that got as far as to try. */
struct connect_times {
	size_t attempts; /* connected or not */
	size_t connected;
	uint32_t least_us, most_us; /* of these */
	size_t count[TIMES_BINS];   /* of these, by time_bin() */
};

/* The connects that needed so many retransmits of the SYN. */
struct syn_step {
	size_t n;
	double median_us;
};

/* One endpoint, or the rest of them together. */
struct chart_lane {
	uint32_t endpoint; /* in the dataset, or NO_ENDPOINT */
	size_t n_endpoints;
	bool judged; /* neither a control nor of service only */
	struct chart_count total[CHART_ROLES];
	struct chart_count *bin[CHART_ROLES]; /* axis.n each */
	struct connect_times times[CHART_ROLES];
	struct syn_step step[CHART_STEPS_MAX + 1]; /* by retransmits; 0 idle */
};

/* A host behind the NAT, over the judged endpoints. */
struct chart_host {
	uint32_t series; /* its first one on a nat path */
	struct chart_count total;
	struct chart_count *bin; /* map.n */
};

/*
 * The public ports that far ends saw the NAT path come from: which of them, in
 * cells of time and ports.
 */
struct chart_ports {
	size_t seen; /* 0: too few to show */
	uint16_t lowest, highest;
	struct chart_axis axis;
	uint8_t *cell; /* axis.n for each of CHART_PORT_ROWS, from lowest on */
};

struct charts {
	struct chart_axis axis; /* n 0: there are no attempts */
	struct chart_lane *lane;
	size_t n_lanes;
	double top; /* of the lanes' axis: a share */
	/* Of the judged endpoints: all, and by hour of the day, UTC. */
	struct chart_count total[CHART_ROLES];
	struct chart_count hour[CHART_HOURS][CHART_ROLES];
	size_t n_hours; /* of the day that have any */
	bool has_gateway;
	int64_t *refused; /* ports refused or packets dropped, by bin */
	bool has_census;
	double *held; /* connections of others, by bin; NaN: not sampled */
	/* The map: the hosts with most failures first. */
	struct chart_axis map;
	struct chart_host *host;
	size_t n_hosts; /* 0: too few for a map */
	struct chart_ports ports;
};

void charts_make(struct charts *c, const struct dataset *d);
void charts_clear(struct charts *c);

/* The ports of a row: their number, and the first of them. */
double chart_ports_step(const struct chart_ports *p);

/* Where an axis of shares ends that has to hold most: a round number. */
double chart_top(double most);

/* The bin of a time, and the time at which a bin begins. */
size_t time_bin(uint32_t us);
double time_bin_from_us(size_t bin);

#endif
