/*
 * The table of commands.
 */
#include "config.h"

#include <stddef.h>

#include "probe/commands.h"

const struct command commands[] = {
	{ "census", cmd_census,
	    "show who eats the ports: sockets by destination" },
	{ "check", cmd_check,
	    "read the configuration, resolve, show the plan" },
	{ "gateway", cmd_gateway,
	    "on a Linux NAT gateway: record what it refuses" },
	{ "idle", cmd_idle,
	    "find after how long a silent connection dies, and how" },
	{ "ramp", cmd_ramp, "how many connections at once there is room for" },
	{ "reuse", cmd_reuse, "how soon a public port is handed out again" },
	{ "run", cmd_run, "fire the configured attempts and record them" },
	{ "witness", cmd_witness,
	    "be the far end: serve HTTPS and WebSocket, record arrivals" },
	{ NULL, NULL, NULL },
};
