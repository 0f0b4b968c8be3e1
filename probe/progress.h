/*
 * The progress line on a terminal.
 */
#ifndef NATDIFF_PROBE_PROGRESS_H
#define NATDIFF_PROBE_PROGRESS_H

#include <stdio.h>

#include "probe/agent.h"

/* Draw the line anew on out, a terminal: as much of it as fits. */
void progress_draw(FILE *out, const struct agent_status *s);

/* The same with any text, one line. */
void progress_draw_text(FILE *out, const char *text);

/* Take the line away, so that something else can be printed. */
void progress_erase(FILE *out);

#endif
