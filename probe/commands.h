/*
 * The commands of natdiff-probe, one table: dispatch and usage come from it.
 * Each cmd_*() returns the exit status: 0 done, 1 failed, 2 usage or
 * configuration.
 */
#ifndef NATDIFF_PROBE_COMMANDS_H
#define NATDIFF_PROBE_COMMANDS_H

#include "natdiff/program.h"

/* All commands, ended by one whose name is NULL. */
extern const struct command commands[];

int cmd_census(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_gateway(int argc, char **argv);
int cmd_idle(int argc, char **argv);
int cmd_ramp(int argc, char **argv);
int cmd_reuse(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_witness(int argc, char **argv);

#endif
