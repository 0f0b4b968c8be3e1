/*
 * Inside report/output: the sections of the page that text, Markdown and HTML
 * share, in their order.  Each writes nothing where there is nothing to say.
 */
#ifndef NATDIFF_OUTPUT_SECTIONS_H
#define NATDIFF_OUTPUT_SECTIONS_H

#include "report/output/page.h"
#include "report/report.h"

#define LIST_MAX 10 /* hosts, targets, inputs, episodes */
#define NOTE_MAX 20

/*
 * The endpoints in the order in which they are shown: those that are judged,
 * controls, what only serves the measurement.  As an array to free.
 */
size_t *sections_order(const struct report *r);

void section_verdict(struct page *p, const struct report *r);
void section_where(struct page *p, const struct report *r);   /* part of it */
void section_missing(struct page *p, const struct report *r); /* of that */
void section_comparison(struct page *p, const struct report *r);
void section_episodes(struct page *p, const struct report *r);
void section_compared(struct page *p, const struct report *r);
void section_ledger(struct page *p, const struct report *r);
void section_egress(struct page *p, const struct report *r);
void section_evidence(struct page *p, const struct report *r);
void section_not_ruled_out(struct page *p, const struct report *r);
void section_ruled_out(struct page *p, const struct report *r);
void section_advice(struct page *p, const struct report *r);
void section_notes(struct page *p, const struct report *r);
void section_sources(struct page *p, const struct report *r);
void section_counts(struct page *p, const struct report *r);

#endif
