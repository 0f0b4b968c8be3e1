/*
 * Where the paths leave: the public addresses and ports that far ends saw, by
 * host and path.
 */
#ifndef NATDIFF_REPORT_EGRESS_H
#define NATDIFF_REPORT_EGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/stats/ports.h"

/* A host on a path by an address. */
struct exit_point {
	uint32_t series;  /* one of them: agent, host and path hold */
	uint32_t address; /* in dataset.addresses */
	size_t attempts;  /* seen to come from it */
	struct ports ports;
};

enum apart {
	APART_UNKNOWN, /* of one of the paths no address is known */
	APART_YES,     /* direct and NAT share none */
	APART_NO
};

struct egress {
	struct exit_point *exits; /* by path, agent, host, then address */
	size_t n, capacity;
	enum apart apart;
};

void egress_find(struct egress *g, const struct dataset *d);
void egress_clear(struct egress *g);

#endif
