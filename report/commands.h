/*
 * The commands of natdiff-report, one table: dispatch and usage come from it.
 * Each cmd_*() returns the exit status: 0 done, 1 failed, 2 usage.
 */
#ifndef NATDIFF_REPORT_COMMANDS_H
#define NATDIFF_REPORT_COMMANDS_H

#include "natdiff/program.h"

/* All commands, ended by one whose name is NULL. */
extern const struct command commands[];

int cmd_check(int argc, char **argv);
int cmd_bundle(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_metrics(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_note(int argc, char **argv);
int cmd_size(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_verify(int argc, char **argv);

#endif
