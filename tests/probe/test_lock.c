#include "config.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "natdiff/xalloc.h"

#include "probe/lock.h"

static char folder[] = "/tmp/natdiff-lock.XXXXXX";
static char database[sizeof(folder) + 20];

static void
make_folder(void)
{
	cr_assert_not_null(mkdtemp(folder));
	snprintf(database, sizeof(database), "%s/x.db", folder);
}

static void
remove_folder(void)
{
	char *command = x_asprintf("rm -rf '%s'", folder);

	cr_expect_eq(system(command), 0);
	free(command);
}

TestSuite(lock, .init = make_folder, .fini = remove_folder);

/* A process that holds a lock until it is killed. */
static pid_t
holder_of(const char *path, int64_t slot)
{
	int ready[2];
	pid_t pid, holder;
	char c;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (lock_take(database, path, slot, &holder, NULL) == NULL)
			_exit(1);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
expect_free(const char *path, int64_t slot)
{
	struct err e;
	pid_t holder;
	struct lock *l = lock_take(database, path, slot, &holder, &e);

	cr_expect_not_null(l, "%s %lld: %s", path, (long long)slot, e.msg);
	lock_free(l);
}

static void
expect_held(const char *path, int64_t slot, pid_t by)
{
	char *wanted = x_asprintf("%s: path %s is being measured by process "
				  "%ld",
	    database, path, (long)by);
	struct err e = { 0 };
	pid_t holder = 0;

	cr_expect_null(lock_take(database, path, slot, &holder, &e), "%s %lld",
	    path, (long long)slot);
	cr_expect_eq(holder, by);
	cr_expect_str_eq(e.msg, wanted);
	free(wanted);
}

Test(lock, a_whole_path_excludes_all_of_that_path_and_no_other)
{
	pid_t pid = holder_of("nat", LOCK_ALL_SLOTS);

	expect_held("nat", LOCK_ALL_SLOTS, pid);
	expect_held("nat", 0, pid);
	expect_held("nat", 176722560, pid);
	expect_free("direct", LOCK_ALL_SLOTS);
	expect_free("direct", 176722560);
	expect_free("nat2", LOCK_ALL_SLOTS);
	end(pid);
}

Test(lock, a_slot_excludes_itself_and_the_whole_path)
{
	pid_t pid = holder_of("nat", 100);

	expect_held("nat", 100, pid);
	expect_held("nat", LOCK_ALL_SLOTS, pid);
	expect_free("nat", 99);
	expect_free("nat", 101);
	expect_free("direct", 100);
	end(pid);
}

Test(lock, ends_with_its_process)
{
	end(holder_of("nat", LOCK_ALL_SLOTS));
	expect_free("nat", LOCK_ALL_SLOTS);
}

Test(lock, far_slots_are_within_their_path)
{
	static const int64_t slots[] = { -2, 0, UINT32_MAX,
		INT64_C(17672256000000), INT64_MAX };
	struct err e;
	pid_t holder;
	size_t i;

	for (i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		expect_free("nat", slots[i]);
	cr_assert_not_null(
	    lock_take(database, "direct", INT64_MAX, &holder, &e));
	expect_free("nat", INT64_MAX);
}

/* Locks of one process do not conflict by themselves, and drop together. */
Test(lock, paths_of_one_process_are_freed_one_by_one)
{
	struct lock *nat, *direct;
	struct err e;
	pid_t holder, pid;
	int status;

	nat = lock_take(database, "nat", LOCK_ALL_SLOTS, &holder, &e);
	direct = lock_take(database, "direct", LOCK_ALL_SLOTS, &holder, &e);
	cr_assert_not_null(nat);
	cr_assert_not_null(direct);
	expect_held("nat", LOCK_ALL_SLOTS, getpid());
	expect_held("nat", 5, getpid());
	lock_free(direct);

	pid = fork();
	if (pid == 0) {
		if (lock_take(database, "nat", 5, &holder, &e) != NULL ||
		    holder != getppid())
			_exit(1);
		if (lock_take(database, "direct", 5, &holder, &e) == NULL)
			_exit(2);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	cr_expect_eq(status, 0);
	lock_free(nat);
	expect_free("nat", LOCK_ALL_SLOTS);
}

Test(lock, another_database_is_another_lock)
{
	pid_t pid = holder_of("nat", LOCK_ALL_SLOTS);

	strcat(database, "2");
	expect_free("nat", LOCK_ALL_SLOTS);
	end(pid);
}

Test(lock, a_file_that_cannot_be_made_is_an_error)
{
	char *wanted;
	struct err e;
	pid_t holder = 1;

	snprintf(database, sizeof(database), "%s/no/x.db", folder);
	wanted = x_asprintf(
	    "%s.lock: cannot open: No such file or directory", database);
	cr_expect_null(lock_take(database, "nat", 1, &holder, &e));
	cr_expect_eq(holder, 0);
	cr_expect_str_eq(e.msg, wanted);
	free(wanted);
}

Test(lock, without_the_right_to_create_it_is_an_error)
{
	struct err e;
	pid_t holder;

	cr_assert_eq(chmod(folder, 0555), 0);
	if (getuid() == 0)
		cr_assert_eq(seteuid(65534), 0);
	cr_expect_null(lock_take(database, "nat", 1, &holder, &e));
	cr_expect_not_null(
	    strstr(e.msg, "x.db.lock: cannot open: Permission"), "%s", e.msg);
	if (getuid() == 0)
		cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(chmod(folder, 0755), 0);
}
