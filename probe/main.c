/*
 * natdiff-probe: measures and records.
 */
#include "config.h"

#include <signal.h>

#include "probe/commands.h"

static const struct program program = {
	"natdiff-probe",
	"natdiff-probe measures one side, or both, of the comparison: timed\n"
	"HTTPS and WebSocket handshakes, every attempt stored.\n"
	"\n"
	"  natdiff-probe check -c natdiff.yaml        read, resolve, show the plan\n"
	"  natdiff-probe run -c natdiff.yaml --once   the current slot, for cron\n"
	"  natdiff-probe run -c natdiff.yaml          until stopped\n",
	commands,
};

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	return program_main(&program, argc, argv);
}
