/*
 * The tables of a natdiff database, and how they came to be.
 */
#ifndef NATDIFF_SCHEMA_H
#define NATDIFF_SCHEMA_H

/* PRAGMA application_id of every natdiff database: "NTDF". */
#define SCHEMA_APPLICATION_ID 0x4e544446

/* SQL that takes a database from version i to i + 1, and the newest one. */
extern const char *const schema_steps[];
extern const int schema_version;

#endif
