/*
 * What a packet means to the connection that it is of.  Pure.
 */
#ifndef NATDIFF_IMPORT_FLOWRULES_H
#define NATDIFF_IMPORT_FLOWRULES_H

#include <stdbool.h>

#include "report/import/flowrows.h"
#include "report/import/flowtable.h"
#include "report/import/packet.h"

/* The first packet of a tuple, of whose flow only the key is set; no RST. */
void flowrules_first(
    struct flowrows *r, struct flow *c, const struct packet *p, bool from_b);

/* Another one; a SYN may make another connection of the flow. */
void flowrules_packet(
    struct flowrows *r, struct flow *c, const struct packet *p, bool from_b);

#endif
