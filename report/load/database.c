/*
 * Opening a database that somebody else made.
 *
 * Not trusted: the file's schema.  Its tables and views must be, letter by
 * letter, those that lib/schema.c makes, so that none is a view in disguise.
 * What SQLite itself finds wrong in a page is an error of the statement.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "natdiff/schema.h"
#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/reference.h"

#define BUSY_MS       5000
#define VALUE_MAX     (4 * 1024 * 1024) /* bytes of a text, a row, an SQL */
#define ROW_BYTES_MIN 8                 /* of the smallest row of ours */

/* Whether SQLite's result says that the file itself is not in order. */
static bool
is_damage(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT ||
	    (code & 0xff) == SQLITE_FORMAT;
}

int
database_error(sqlite3 *db, const char *file, struct err *e)
{
	int code = sqlite3_errcode(db);

	if ((code & 0xff) == SQLITE_NOTADB)
		return err_set(e, "%s: not a SQLite database", file);
	if (is_damage(code))
		return err_set(e, "%s: damaged: %s", file, sqlite3_errmsg(db));
	if ((code & 0xff) == SQLITE_BUSY)
		return err_set(e,
		    "%s: busy: another program has held it for "
		    "%d s",
		    file, BUSY_MS / 1000);
	return err_set(e, "%s: cannot read: %s", file, sqlite3_errmsg(db));
}

/* A file that can hold a database at all; its size. */
static int
check_file(const char *file, off_t *size, struct err *e)
{
	struct stat st;

	if (stat(file, &st) != 0)
		return err_sys(e, "%s: cannot open", file);
	if (S_ISDIR(st.st_mode))
		return err_set(e, "%s: is a directory, not a database", file);
	if (!S_ISREG(st.st_mode))
		return err_set(e, "%s: not a regular file", file);
	if (access(file, R_OK) != 0)
		return err_sys(e, "%s: cannot open", file);
	if (st.st_size == 0)
		return err_set(
		    e, "%s: empty file, not a natdiff database", file);
	*size = st.st_size;
	return 0;
}

/*
 * "file:NAME?mode=ro", with what means something in a URI written as %XX.
 * Relative names would lose a leading "//".
 */
static char *
uri_of(const char *file, const char *parameters)
{
	static const char hex[] = "0123456789abcdef";
	char *uri, *p;
	const char *from;

	p = uri = x_malloc(strlen(file) * 3 + strlen(parameters) + 8);
	p = stpcpy(p, file[0] == '/' ? "file://" : "file:");
	for (from = file; *from != '\0'; from++) {
		if (strchr("%?#", *from) != NULL ||
		    (unsigned char)*from < 0x20) {
			*p++ = '%';
			*p++ = hex[(unsigned char)*from >> 4];
			*p++ = hex[(unsigned char)*from & 15];
		} else {
			*p++ = *from;
		}
	}
	stpcpy(p, parameters);
	return uri;
}

/* Nothing in the file is to be run, and nothing huge to be read. */
static void
distrust(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_busy_timeout(db, BUSY_MS);
}

/* Open and begin to read; *code is SQLite's result. */
static sqlite3 *
open_with(const char *file, const char *parameters, int *code)
{
	char *uri = uri_of(file, parameters);
	sqlite3 *db;

	*code = sqlite3_open_v2(uri, &db,
	    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	free(uri);
	if (*code == SQLITE_OK) {
		distrust(db);
		/* A scan needs few pages at once: not 2 MB a file. */
		*code = sqlite3_exec(db,
		    "PRAGMA cell_size_check = ON; PRAGMA query_only = ON;"
		    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -256;"
		    "BEGIN; SELECT count(*) FROM sqlite_schema;",
		    NULL, NULL, NULL);
	}
	return db;
}

/* The size of FILE-wal: rows that are not in the file yet. */
static off_t
wal_size(const char *file)
{
	char *wal = x_asprintf("%s-wal", file);
	struct stat st;
	off_t size = 0;

	if (stat(wal, &st) == 0)
		size = st.st_size;
	free(wal);
	return size;
}

/*
 * In a place where nothing can be written SQLite cannot make the -shm file
 * that reading in WAL mode asks for.  Nobody else can write there either, so
 * the file may be read as it is, unless a -wal beside it holds more of it.
 */
static sqlite3 *
open_any(const char *file, struct err *e)
{
	sqlite3 *db;
	int code;

	db = open_with(file, "?mode=ro", &code);
	if (code == SQLITE_OK)
		return db;
	if ((code & 0xff) == SQLITE_CANTOPEN ||
	    (code & 0xff) == SQLITE_READONLY) {
		if (wal_size(file) > 0) {
			err_set(e,
			    "%s: the rows in its -wal file cannot be "
			    "read in a place that is read-only: copy both "
			    "files to a writable one",
			    file);
			sqlite3_close(db);
			return NULL;
		}
		sqlite3_close(db);
		db = open_with(file, "?mode=ro&immutable=1", &code);
		if (code == SQLITE_OK)
			return db;
	}
	if (code == SQLITE_NOMEM)
		err_set(e, "%s: out of memory", file);
	else
		database_error(db, file, e);
	sqlite3_close(db);
	return NULL;
}

static int
pragma_number(sqlite3 *db, const char *file, const char *name, int64_t *value,
    struct err *e)
{
	sqlite3_stmt *st;
	char *sql;
	int result = -1;

	sql = x_asprintf("PRAGMA %s", name);
	st = database_prepare(db, file, sql, e);
	free(sql);
	if (st == NULL)
		return -1;
	if (sqlite3_step(st) == SQLITE_ROW) {
		*value = sqlite3_column_int64(st, 0);
		result = 0;
	} else {
		database_error(db, file, e);
	}
	sqlite3_finalize(st);
	return result;
}

static int
check_version(sqlite3 *db, const char *file, int64_t *version, struct err *e)
{
	int64_t id;

	if (pragma_number(db, file, "application_id", &id, e) != 0 ||
	    pragma_number(db, file, "user_version", version, e) != 0)
		return -1;
	if (id != SCHEMA_APPLICATION_ID)
		return err_set(
		    e, "%s: a SQLite database, but not natdiff's", file);
	if (*version > schema_version)
		return err_set(e,
		    "%s: schema %" PRId64 " is newer than this "
		    "program, which knows up to %d",
		    file, *version, schema_version);
	if (*version < 1)
		return err_set(
		    e, "%s: a natdiff database without tables", file);
	return 0;
}

/* Which of ours has that name; own->n: none. */
static size_t
find_object(const struct reference *own, const char *name)
{
	size_t i;

	for (i = 0; i < own->n; i++)
		if (strcmp(own->object[i].name, name) == 0)
			break;
	return i;
}

/*
 * Compare a row of name and sql with ours, if it has one of our names, and
 * note that it is there.
 */
static int
check_object(const char *file, sqlite3_stmt *st, const struct reference *own,
    bool *there, struct err *e)
{
	const char *name = (const char *)sqlite3_column_text(st, 0);
	const char *sql = (const char *)sqlite3_column_text(st, 1);
	size_t i = name != NULL ? find_object(own, name) : own->n;

	if (i == own->n)
		return 0;
	there[i] = true;
	if (sql == NULL || strcmp(sql, own->object[i].sql) != 0)
		return err_set(e, "%s: its table %s is not as natdiff makes it",
		    file, own->object[i].name);
	return 0;
}

/* Whether the tables and views of ours are there, and are ours. */
static int
check_schema(sqlite3 *db, const char *file, int64_t version, struct err *e)
{
	const struct reference *own = reference_of((int)version);
	sqlite3_stmt *st;
	bool *there;
	size_t i;
	int code, result = 0;

	st = database_prepare(db, file,
	    "SELECT name, sql FROM sqlite_schema"
	    " WHERE type IN ('table', 'view')",
	    e);
	if (st == NULL)
		return -1;
	there = x_calloc(own->n + 1, sizeof(*there));
	while (result == 0 && (code = sqlite3_step(st)) == SQLITE_ROW)
		result = check_object(file, st, own, there, e);
	if (result == 0 && code != SQLITE_DONE)
		result = database_error(db, file, e);
	for (i = 0; i < own->n && result == 0; i++)
		if (!there[i])
			result = err_set(e, "%s: damaged: no table %s", file,
			    own->object[i].name);
	free(there);
	sqlite3_finalize(st);
	return result;
}

static int
check_pages(sqlite3 *db, const char *file, struct err *e)
{
	sqlite3_stmt *st;
	const char *says = NULL;
	int result = -1;

	st = database_prepare(db, file, "PRAGMA quick_check(1)", e);
	if (st == NULL)
		return -1;
	if (sqlite3_step(st) == SQLITE_ROW)
		says = (const char *)sqlite3_column_text(st, 0);
	/* "*** in database main ***" stands alone on the first line. */
	if (says != NULL && says[0] == '*' && strchr(says, '\n') != NULL)
		says = strchr(says, '\n') + 1;
	if (says == NULL)
		database_error(db, file, e);
	else if (strcmp(says, "ok") != 0)
		err_set(e, "%s: damaged: %.*s", file, (int)strcspn(says, "\n"),
		    says);
	else
		result = 0;
	sqlite3_finalize(st);
	return result;
}

static sqlite3 *
open_checked(const char *file, bool pages, struct err *e)
{
	sqlite3 *db;
	int64_t version = 0;
	off_t size = 0;

	if (check_file(file, &size, e) != 0)
		return NULL;
	db = open_any(file, e);
	if (db == NULL)
		return NULL;
	if (check_version(db, file, &version, e) != 0 ||
	    check_schema(db, file, version, e) != 0 ||
	    (pages && size <= DATABASE_CHECKED_BYTES &&
		check_pages(db, file, e) != 0)) {
		sqlite3_close(db);
		return NULL;
	}
	return db;
}

sqlite3 *
database_open(const char *file, struct err *e)
{
	return open_checked(file, true, e);
}

sqlite3 *
database_open_again(const char *file, struct err *e)
{
	return open_checked(file, false, e);
}

void
database_close(sqlite3 *db)
{
	sqlite3_close(db);
}

sqlite3_stmt *
database_prepare(sqlite3 *db, const char *file, const char *sql, struct err *e)
{
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK) {
		database_error(db, file, e);
		return NULL;
	}
	return st;
}

int64_t
database_rows_most(sqlite3 *db)
{
	int64_t pages, size;

	if (pragma_number(db, "", "page_count", &pages, NULL) != 0 ||
	    pragma_number(db, "", "page_size", &size, NULL) != 0)
		return 0;
	return pages * size / ROW_BYTES_MIN;
}

int64_t
database_version(sqlite3 *db)
{
	int64_t version;

	if (pragma_number(db, "", "user_version", &version, NULL) != 0)
		return 0;
	return version;
}
