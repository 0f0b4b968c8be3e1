/*
 * Runs a fuzzer's function over files, without libFuzzer: so that its corpus
 * is a test of every build, with any compiler.
 *
 *   replay_conf FOLDER...
 */
#include "config.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"

#define BYTES_MAX (16 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int
replay_file(const char *file)
{
	uint8_t *all = x_malloc(BYTES_MAX), *bytes;
	FILE *f = fopen(file, "rb");
	size_t n, i;

	if (f == NULL) {
		perror(file);
		free(all);
		return -1;
	}
	n = fread(all, 1, BYTES_MAX, f);
	fclose(f);
	/* Exactly as large as it is, for the sanitizers to see. */
	bytes = x_malloc(n);
	for (i = 0; i < n; i++)
		bytes[i] = all[i];
	free(all);
	LLVMFuzzerTestOneInput(bytes, n);
	free(bytes);
	return 0;
}

/* How many files of a folder were run, -1 where one could not be read. */
static int
replay_folder(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	int n = 0, result = 0;
	char *file;

	if (d == NULL) {
		perror(folder);
		return -1;
	}
	for (entry = readdir(d); entry != NULL; entry = readdir(d)) {
		if (entry->d_name[0] == '.')
			continue;
		file = x_asprintf("%s/%s", folder, entry->d_name);
		if (replay_file(file) != 0)
			result = -1;
		free(file);
		n++;
	}
	closedir(d);
	return result == 0 ? n : -1;
}

int
main(int argc, char **argv)
{
	int i, n;

	for (i = 1; i < argc; i++) {
		n = replay_folder(argv[i]);
		if (n <= 0) {
			fprintf(stderr, "%s: nothing to replay\n", argv[i]);
			return 1;
		}
		printf("%s: %d inputs\n", argv[i], n);
	}
	return 0;
}
