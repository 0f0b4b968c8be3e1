/*
 * The database of a witness into another.
 */
#ifndef NATDIFF_IMPORT_MERGE_H
#define NATDIFF_IMPORT_MERGE_H

#include "natdiff/err.h"
#include "natdiff/store.h"
#include "report/import/import.h"

/*
 * Add what st lacks of the witness that wrote file, and count it in r.  -1
 * and e: file cannot be read, no witness wrote it, or st refused.
 */
int merge_witness(
    struct store *st, const char *file, struct import_result *r, struct err *e);

#endif
