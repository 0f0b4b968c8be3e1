/*
 * The file under the store: whose it is, its creation and its migration.
 *
 * A file that is not ours stays as it is.  So its first bytes are looked at
 * before SQLite reads it, which may already mean to replay a journal, and
 * they are read through SQLite's own file handle: a second descriptor, once
 * closed, would drop the locks of every connection in this process (fcntl(2)).
 *
 * A new file gets its tables in one transaction with a rollback journal and
 * is turned to WAL after that.  The main file thus carries our application_id
 * from its first byte on, whatever still waits in a WAL.
 *
 * There is no auto_vacuum: deleted rows leave free pages which the next rows
 * fill, so that the file stays at the size of its fullest day, and nothing is
 * moved about.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "natdiff/schema.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"

#include "lib/store_internal.h"

/* What stands at the begin of a file: https://www.sqlite.org/fileformat.html */
#define HEADER_SIZE           108
#define HEADER_USER_VERSION   60
#define HEADER_APPLICATION_ID 68
#define HEADER_SCHEMA_PAGE    100 /* type of the root page of sqlite_schema */
#define HEADER_SCHEMA_CELLS   103
#define PAGE_TABLE_LEAF       0x0d

static int32_t
big_endian_32(const unsigned char *p)
{
	return (int32_t)((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]);
}

static int
refuse_foreign(const char *file, struct err *e)
{
	return err_set(e, "%s: belongs to another program", file);
}

static int
refuse_newer(const char *file, int version, int known, struct err *e)
{
	return err_set(e,
	    "%s: is of a newer natdiff (schema version %d, this program "
	    "knows %d)",
	    file, version, known);
}

/* The folder must be writable: the WAL stands beside the file. */
static int
check_folder(const char *file, struct err *e)
{
	char *copy = x_strdup(file);
	const char *folder = dirname(copy);
	struct stat sb;
	int result = -1;

	if (stat(folder, &sb) != 0 && errno == ENOENT)
		err_set(e, "%s: folder %s does not exist", file, folder);
	else if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
		err_sys(e, "%s: cannot write to folder %s", file, folder);
	else
		result = 0;
	free(copy);
	return result;
}

static int
check_existing(const char *file, const struct stat *sb, struct err *e)
{
	char *real;
	int result;

	if (S_ISDIR(sb->st_mode))
		return err_set(e, "%s: is a directory", file);
	if (!S_ISREG(sb->st_mode))
		return err_set(e, "%s: is no regular file", file);
	if (faccessat(AT_FDCWD, file, R_OK | W_OK, AT_EACCESS) != 0)
		return err_sys(e, "%s: cannot be written", file);
	real = realpath(file, NULL);
	if (real == NULL)
		return err_sys(e, "%s: cannot open", file);
	result = check_folder(real, e);
	free(real);
	return result;
}

/* Make an empty file, mode 0600 whatever the umask; another may be faster. */
static int
create(const char *file, struct err *e)
{
	int fd, result = 0;

	if (check_folder(file, e) != 0)
		return -1;
	fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? 0
				       : err_sys(e, "%s: cannot create", file);
	if (fchmod(fd, 0600) != 0)
		result = err_sys(e, "%s: cannot set its mode", file);
	close(fd);
	return result;
}

/* See that there is a file to open, by its name. */
static int
prepare(const char *file, struct err *e)
{
	struct stat sb;

	if (*file == '\0')
		return err_set(e, "database: no file name");
	if (stat(file, &sb) == 0)
		return check_existing(file, &sb, e);
	if (errno != ENOENT)
		return err_sys(e, "%s: cannot open", file);
	return create(file, e);
}

/* See by its first bytes whether an open file is empty or ours. */
static int
inspect(sqlite3 *db, const char *file, struct err *e)
{
	unsigned char h[HEADER_SIZE];
	sqlite3_file *f = NULL;
	sqlite3_int64 size = 0;
	int version, id, rc;

	sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &f);
	if (f == NULL || f->pMethods == NULL ||
	    f->pMethods->xFileSize(f, &size) != SQLITE_OK)
		return err_set(e, "%s: cannot read", file);
	if (size == 0)
		return 0;
	rc = f->pMethods->xRead(f, h, sizeof(h), 0);
	if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
		return err_set(e, "%s: cannot read", file);
	if (rc != SQLITE_OK || memcmp(h, "SQLite format 3", 16) != 0)
		return err_set(e, "%s: is no SQLite database", file);
	version = big_endian_32(h + HEADER_USER_VERSION);
	id = big_endian_32(h + HEADER_APPLICATION_ID);
	if (id == 0 && version == 0 &&
	    h[HEADER_SCHEMA_PAGE] == PAGE_TABLE_LEAF &&
	    h[HEADER_SCHEMA_CELLS] == 0 && h[HEADER_SCHEMA_CELLS + 1] == 0)
		return 0;
	if (id != SCHEMA_APPLICATION_ID)
		return refuse_foreign(file, e);
	if (version > schema_version)
		return refuse_newer(file, version, schema_version, e);
	return 0;
}

static int
exec(sqlite3 *db, const char *file, const char *sql, struct err *e)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(db, file, e);
	return 0;
}

/* The first column of the first row as a number; it must be there. */
static int
query_int(
    sqlite3 *db, const char *file, const char *sql, int *value, struct err *e)
{
	sqlite3_stmt *s = NULL;
	int result = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK ||
	    sqlite3_step(s) != SQLITE_ROW) {
		store_fail(db, file, e);
		goto out;
	}
	*value = sqlite3_column_int(s, 0);
	result = 0;
out:
	sqlite3_finalize(s);
	return result;
}

/*
 * The version of the schema, 0 for an empty database; -1 and e where the
 * database is not ours or newer.
 */
static int
read_version(
    sqlite3 *db, const char *file, int known, int *version, struct err *e)
{
	int id, entries;

	if (query_int(db, file, "PRAGMA application_id", &id, e) != 0 ||
	    query_int(db, file, "PRAGMA user_version", version, e) != 0 ||
	    query_int(db, file, "SELECT count(*) FROM sqlite_schema", &entries,
		e) != 0)
		return -1;
	if (id == 0 && *version == 0 && entries == 0)
		return 0;
	if (id != SCHEMA_APPLICATION_ID)
		return refuse_foreign(file, e);
	if (*version > known)
		return refuse_newer(file, *version, known, e);
	if (*version < 1)
		return err_set(
		    e, "%s: damaged: schema version %d", file, *version);
	return 0;
}

static int
run_steps(sqlite3 *db, const char *file, const char *const *steps, int version,
    int known, struct err *e)
{
	char sql[100];
	int i;

	for (i = version; i < known; i++)
		if (exec(db, file, steps[i], e) != 0)
			return -1;
	sqlite3_snprintf(sizeof(sql), sql,
	    "PRAGMA application_id = %d; PRAGMA user_version = %d",
	    SCHEMA_APPLICATION_ID, known);
	return exec(db, file, sql, e);
}

/*
 * In one transaction read the version and, unless steps is NULL, run those
 * that are missing.
 */
static int
migrate(sqlite3 *db, const char *file, const char *const *steps, int known,
    const char *begin, int *version, struct err *e)
{
	if (exec(db, file, begin, e) != 0)
		return -1;
	if (read_version(db, file, known, version, e) != 0 ||
	    (steps != NULL && *version < known &&
		run_steps(db, file, steps, *version, known, e) != 0) ||
	    exec(db, file, "COMMIT", e) != 0) {
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		return -1;
	}
	return 0;
}

/*
 * Bring a database to version known, all steps in one transaction that
 * excludes every other one: who comes second finds the work done.  A look
 * comes first, so that a file that is up to date is opened without waiting.
 */
int
store_file_migrate(sqlite3 *db, const char *file, const char *const *steps,
    int known, struct err *e)
{
	int version;

	if (migrate(db, file, NULL, known, "BEGIN", &version, e) != 0)
		return -1;
	if (version == known)
		return 0;
	return migrate(db, file, steps, known, "BEGIN EXCLUSIVE", &version, e);
}

/*
 * Turn the database to WAL.  SQLite does not wait here for another process
 * that opens it in the same moment, so we do.
 */
static int
set_wal(sqlite3 *db, const char *file, struct err *e)
{
	sqlite3_stmt *s;
	int rc, tries = 0, result = -1;

	for (;;) {
		if (sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &s,
			NULL) != SQLITE_OK)
			return store_fail(db, file, e);
		rc = sqlite3_step(s);
		if ((rc & 0xff) != SQLITE_BUSY || ++tries > STORE_BUSY_MS / 10)
			break;
		sqlite3_finalize(s);
		sqlite3_sleep(10);
	}
	if (rc != SQLITE_ROW)
		store_fail(db, file, e);
	else if (strcmp((const char *)sqlite3_column_text(s, 0), "wal") != 0)
		err_set(e, "%s: no write-ahead log on this file system", file);
	else
		result = 0;
	sqlite3_finalize(s);
	return result;
}

/*
 * secure_delete: there are no secrets here, and Debian's default writes every
 * deleted page once more.  journal_size_limit: a WAL that grew while somebody
 * read for long is cut to this afterwards.  Checkpoints are store_commit()'s.
 */
static int
set_up(sqlite3 *db, const char *file, struct err *e)
{
	return exec(db, file,
	    "PRAGMA synchronous = NORMAL;"
	    "PRAGMA secure_delete = FAST;"
	    "PRAGMA journal_size_limit = 8388608;"
	    "PRAGMA wal_autocheckpoint = 0",
	    e);
}

sqlite3 *
store_file_open(const char *file, struct err *e)
{
	sqlite3 *db = NULL;
	char *name = NULL;
	bool ok = false;

	if (prepare(file, e) != 0)
		return NULL;

	/* "./" keeps "file:x" and ":memory:" plain names. */
	name = x_asprintf("%s%s", *file == '/' ? "" : "./", file);
	if (sqlite3_open_v2(name, &db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK) {
		store_fail(db, file, e);
		goto out;
	}
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, STORE_BUSY_MS);
	if (sqlite3_db_readonly(db, "main") == 1) {
		err_set(e, "%s: is read-only", file);
		goto out;
	}

	/* Until the file is known as ours, closing it must not change it. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (inspect(db, file, e) != 0 ||
	    store_file_migrate(db, file, schema_steps, schema_version, e) != 0)
		goto out;
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	ok = set_wal(db, file, e) == 0 && set_up(db, file, e) == 0;
out:
	free(name);
	if (!ok) {
		sqlite3_close(db);
		db = NULL;
	}
	return db;
}

/* 32 random hex digits. */
static void
make_agent(char agent[33])
{
	unsigned char b[16];
	size_t i;

	/* 16 bytes are never interrupted (getrandom(2)). */
	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		abort();
	for (i = 0; i < sizeof(b); i++)
		sqlite3_snprintf(3, agent + 2 * i, "%02x", b[i]);
}

static int
add_agent(sqlite3 *db, const char *file, struct err *e)
{
	char agent[33], host[256] = "";
	sqlite3_stmt *s = NULL;
	int result = -1;

	make_agent(agent);
	gethostname(host, sizeof(host) - 1);
	if (sqlite3_prepare_v2(db,
		"INSERT INTO agent (agent, host_name, created_at)"
		" SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM agent)",
		-1, &s, NULL) != SQLITE_OK)
		return store_fail(db, file, e);
	sqlite3_bind_text(s, 1, agent, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, host, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, walltime_now_us());
	if (sqlite3_step(s) == SQLITE_DONE)
		result = 0;
	else
		store_fail(db, file, e);
	sqlite3_finalize(s);
	return result;
}

/* The agent's id: the first, where databases were merged; new if none. */
int
store_file_agent(sqlite3 *db, const char *file, char agent[33], struct err *e)
{
	sqlite3_stmt *s = NULL;
	int rc, tries;

	for (tries = 0; tries < 2; tries++) {
		if (sqlite3_prepare_v2(db,
			"SELECT agent FROM agent ORDER BY id LIMIT 1", -1, &s,
			NULL) != SQLITE_OK)
			return store_fail(db, file, e);
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW) {
			sqlite3_snprintf(33, agent, "%s",
			    (const char *)sqlite3_column_text(s, 0));
			sqlite3_finalize(s);
			return 0;
		}
		if (rc != SQLITE_DONE)
			store_fail(db, file, e);
		sqlite3_finalize(s);
		if (rc != SQLITE_DONE || add_agent(db, file, e) != 0)
			return -1;
	}
	return err_set(e, "%s: damaged: holds no agent", file);
}
