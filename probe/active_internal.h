/*
 * Inside an active command: active.c has the loop, active_result.c what
 * becomes of the result.
 */
#ifndef NATDIFF_PROBE_ACTIVE_INTERNAL_H
#define NATDIFF_PROBE_ACTIVE_INTERNAL_H

#include <limits.h>

#include "natdiff/store.h"
#include "probe/active.h"

struct event;

struct active_side_state {
	const struct conf_endpoint *endpoint;
	struct endpoint_address address;
	char destination[INET6_ADDRSTRLEN + 16];
	SSL_CTX *tls;
};

struct active {
	const struct active_options *o;
	struct event_base *base;
	struct event *timer;
	struct event *signals[2];
	struct active_side_state sides[ACTIVE_SIDES];
	struct store *store; /* NULL: none */
	char host_name[HOST_NAME_MAX + 1];
	int64_t drawn_us;         /* when the progress line was drawn */
	const char *control_text; /* of the control's last failure */
	bool progress;
	bool interrupted;
};

/* Open the database, before anything is fired: 0, or -1 and e. */
int active_result_open(struct active *a, struct err *e);
void active_result_close(struct active *a);

#endif
