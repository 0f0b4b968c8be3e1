/*
 * Other names for what a bundle is not to tell: private addresses wherever
 * they stand in a text, and the names of hosts.  The same address has the
 * same pseudonym everywhere, and two addresses never share one.  Pure.
 *
 * Private are the addresses of RFC 1918, RFC 6598 (shared by carriers), link
 * local and unique local ones.  Pseudonyms are from 240.0.0.0/4 and 100::/64,
 * which nobody routes; an address that is from there already gets another
 * one, so that no two meet.  In a text an IPv4 address counts with hyphens,
 * too: ip-10-0-0-5 is the name that a cloud gives a host.
 */
#ifndef NATDIFF_REPORT_PSEUDONYMS_H
#define NATDIFF_REPORT_PSEUDONYMS_H

#include <stdbool.h>
#include <stddef.h>

struct pseudonyms;

struct pseudonyms *pseudonyms_new(void);
void pseudonyms_free(struct pseudonyms *p);

/* Note the private addresses in a text; the name of a host. */
void pseudonyms_see(struct pseudonyms *p, const char *text);
void pseudonyms_see_host(struct pseudonyms *p, const char *name);

/*
 * When all were seen: number them.  The numbers depend on what was seen, not
 * on the order in which it came.
 */
void pseudonyms_settle(struct pseudonyms *p);

/*
 * A text with pseudonyms, in new memory; words: with those of hosts, too,
 * where they stand as words of four letters and more.  Addresses must have
 * been seen.
 */
char *pseudonyms_text(const struct pseudonyms *p, const char *text, bool words);

/* The pseudonym of a host that was seen, in new memory. */
char *pseudonyms_host(const struct pseudonyms *p, const char *name);

#endif
