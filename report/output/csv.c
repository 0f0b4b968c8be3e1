/*
 * Comma-separated values.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/output/csv.h"
#include "report/output/printable.h"

void
csv_field(FILE *out, const char *text, size_t size, bool first)
{
	size_t i;

	if (!first)
		putc(',', out);
	/* Quoted where it must be (RFC 4180, section 2). */
	if (strcspn(text, ",\"\r\n") == size) {
		fwrite(text, 1, size, out);
		return;
	}
	putc('"', out);
	for (i = 0; i < size; i++) {
		if (text[i] == '"')
			putc('"', out);
		putc(text[i], out);
	}
	putc('"', out);
}

void
csv_harmless(FILE *out, const char *text, bool first)
{
	char *shown = printable(text, 0), *quoted = NULL;

	if (shown[0] != '\0' && strchr("=+-@", shown[0]) != NULL)
		quoted = x_asprintf("'%s", shown);
	csv_field(out, quoted != NULL ? quoted : shown,
	    strlen(quoted != NULL ? quoted : shown), first);
	free(quoted);
	free(shown);
}
