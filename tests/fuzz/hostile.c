#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "natdiff/xalloc.h"
#include "tests/fuzz/hostile.h"
#include "tests/tools/fixture.h"

#define FILE_BYTES_MAX (1024 * 1024)
#define SQL_BYTES_MAX  4096
#define SQL_STEPS      (100 * 1000) /* of SQLite's machine */

/* In memory where it can be: SQLite waits for a disk. */
static char in_memory[] = "/dev/shm/natdiff-fuzz.XXXXXX";
static char on_disk[] = "/tmp/natdiff-fuzz.XXXXXX";
static const char *folder;
static char *file;
static unsigned char *template;
static size_t template_size;

static void
check(int holds)
{
	if (!holds)
		abort();
}

char *
hostile_beside(const char *name)
{
	return x_asprintf("%s/%s", folder, name);
}

static void
tidy(void)
{
	DIR *d = opendir(folder);
	struct dirent *i;
	char *name;

	while (d != NULL) {
		i = readdir(d);
		if (i == NULL)
			break;
		name = hostile_beside(i->d_name);
		if (i->d_name[0] != '.')
			unlink(name);
		free(name);
	}
	if (d != NULL)
		closedir(d);
	rmdir(folder);
}

static void
begin(const char *good)
{
	FILE *f;

	folder = mkdtemp(in_memory);
	if (folder == NULL)
		folder = mkdtemp(on_disk);
	check(folder != NULL);
	file = hostile_beside("f.db");
	atexit(tidy);
	fixture_make(file, &good, 1);
	template = x_malloc(FILE_BYTES_MAX);
	f = fopen(file, "rb");
	check(f != NULL);
	template_size = fread(template, 1, FILE_BYTES_MAX, f);
	fclose(f);
}

static void
write_file(const void *bytes, size_t size)
{
	FILE *f = fopen(file, "wb");

	check(f != NULL);
	check(fwrite(bytes, 1, size, f) == size);
	check(fclose(f) == 0);
}

static void
patch(const uint8_t *data, size_t size)
{
	unsigned char *bytes = x_malloc(template_size);
	size_t i, at;

	memcpy(bytes, template, template_size);
	for (i = 0; i + 4 <= size; i += 4) {
		at = (size_t)data[i] << 16 | (size_t)data[i + 1] << 8 |
		    data[i + 2];
		bytes[at % template_size] = data[i + 3];
	}
	write_file(bytes, template_size);
	free(bytes);
}

static int
enough(void *arg)
{
	(void)arg;
	return 1;
}

/* Whatever of it SQLite takes, in memory. */
static void
change(const uint8_t *data, size_t size)
{
	sqlite3_int64 n;
	unsigned char *bytes;
	sqlite3 *db;
	char *sql;

	check(sqlite3_open(":memory:", &db) == SQLITE_OK);
	bytes = sqlite3_malloc64(template_size);
	check(bytes != NULL);
	memcpy(bytes, template, template_size);
	check(sqlite3_deserialize(db, "main", bytes,
		  (sqlite3_int64)template_size, (sqlite3_int64)template_size,
		  SQLITE_DESERIALIZE_FREEONCLOSE |
		      SQLITE_DESERIALIZE_RESIZEABLE) == SQLITE_OK);
	/* It must reach no other file: ATTACH, and VACUUM INTO by it. */
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, FILE_BYTES_MAX / 4);
	sqlite3_progress_handler(db, SQL_STEPS, enough, NULL);
	sql = x_malloc(size + 1);
	memcpy(sql, data, size);
	sql[size] = '\0';
	sqlite3_exec(db, sql, NULL, NULL, NULL);
	free(sql);
	bytes = sqlite3_serialize(db, "main", &n, 0);
	if (bytes != NULL && n > 0)
		write_file(bytes, (size_t)n);
	sqlite3_free(bytes);
	sqlite3_close(db);
}

char *
hostile_database(const char *good, const uint8_t *data, size_t size)
{
	if (template == NULL)
		begin(good);
	if (size == 0 || size > FILE_BYTES_MAX)
		return NULL;
	if (memcmp(data, "S", 1) == 0 &&
	    (size < 16 || memcmp(data, "SQLite format 3", 16) != 0)) {
		if (size <= SQL_BYTES_MAX)
			change(data + 1, size - 1);
	} else if (data[0] == 'P') {
		patch(data + 1, size - 1);
	} else {
		write_file(data, size);
	}
	return file;
}
