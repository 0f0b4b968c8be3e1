#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "report/bundle/manifest.h"
#include "report/bundle/signing.h"

#define DIGEST \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

Test(manifest, allows_plain_names_only)
{
	static const char *const good[] = { "SUMMARY.md", "host/nat-1.txt",
		"a/b/c+d_e", "-" };
	static const char *const bad[] = { "", "/", "/etc/passwd", "..", "../x",
		"a/../b", "a/..", ".", "./a", "a//b", "a/", ".ssh/x", "a/.b",
		"a b", "a\\b", "a\nb", "a\033b", "\xc3\xa4", "C:x" };
	char longest[BUNDLE_NAME_MAX + 2];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_expect_null(manifest_bad_name(good[i]), "%s", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_not_null(manifest_bad_name(bad[i]), "%s", bad[i]);
	memset(longest, 'x', sizeof(longest));
	longest[BUNDLE_NAME_MAX] = '\0';
	cr_expect_null(manifest_bad_name(longest));
	longest[BUNDLE_NAME_MAX] = 'x';
	longest[BUNDLE_NAME_MAX + 1] = '\0';
	cr_expect_not_null(manifest_bad_name(longest));
}

Test(manifest, reads_what_it_writes)
{
	uint8_t digest[DIGEST_SIZE];
	struct manifest m;
	struct text text;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(digest); i++)
		digest[i] = (uint8_t)(i * 8);
	text_init(&text, 1000);
	manifest_line(&text, "a", digest);
	manifest_line(&text, "b/c", digest);
	cr_assert_eq(manifest_parse(&m, text.s, text.size, &e), 0, "%s", e.msg);
	cr_assert_eq(m.n, 2);
	cr_expect_str_eq(m.file[0].name, "a");
	cr_expect_str_eq(m.file[1].name, "b/c");
	cr_expect_eq(memcmp(m.file[1].digest, digest, sizeof(digest)), 0);
	manifest_clear(&m);
	text_clear(&text);
}

Test(manifest, names_the_line_that_is_wrong)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ DIGEST "  a", "MANIFEST.sha256:1: cut off" },
		{ DIGEST "  a\n\n", "MANIFEST.sha256:2: not a line" },
		{ DIGEST " a\n", "MANIFEST.sha256:1: not a line" },
		{ DIGEST "   a\n", "other than letters" },
		{ DIGEST "xx a\n", "expected two blanks" },
		{ "X" DIGEST " a\n", "not a digest" },
		{ "0123456789ABCDEF" DIGEST "  a\n", "not a digest" },
		{ DIGEST "  ../x\n", "..: would be written outside" },
		{ DIGEST "  MANIFEST.sig\n", "lists itself" },
	};
	struct manifest m;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect_eq(manifest_parse(
				 &m, cases[i].text, strlen(cases[i].text), &e),
		    -1, "%s", cases[i].text);
		cr_expect_not_null(strstr(e.msg, cases[i].says), "%s: %s",
		    cases[i].text, e.msg);
		manifest_clear(&m);
	}
}

Test(manifest, reads_a_name_with_a_nul_as_none)
{
	static const char text[] = DIGEST "  a\0b\n";
	struct manifest m;
	struct err e;

	cr_expect_eq(manifest_parse(&m, text, sizeof(text) - 1, &e), -1);
	manifest_clear(&m);
}

/* The first key of RFC 8032, section 7.1, and a message of one byte. */
static const char rfc_key[] = "-----BEGIN PUBLIC KEY-----\n"
			      "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPap"
			      "iMlrwIaaPcHURo=\n"
			      "-----END PUBLIC KEY-----\n";
static const uint8_t rfc_signature[SIGNATURE_SIZE] = { 0xe5, 0x56, 0x43, 0x00,
	0xc3, 0x60, 0xac, 0x72, 0x90, 0x86, 0xe2, 0xcc, 0x80, 0x6e, 0x82, 0x8a,
	0x84, 0x87, 0x7f, 0x1e, 0xb8, 0xe5, 0xd9, 0x74, 0xd8, 0x73, 0xe0, 0x65,
	0x22, 0x49, 0x01, 0x55, 0x5f, 0xb8, 0x82, 0x15, 0x90, 0xa3, 0x3b, 0xac,
	0xc6, 0x1e, 0x39, 0x70, 0x1c, 0xf9, 0xb4, 0x6b, 0xd2, 0x5b, 0xf5, 0xf0,
	0x59, 0x5b, 0xbe, 0x24, 0x65, 0x51, 0x41, 0x43, 0x8e, 0x7a, 0x10,
	0x0b };

Test(signing, agrees_with_rfc_8032)
{
	struct signing_key *k;
	struct err e;

	k = signing_parse_public("key", rfc_key, strlen(rfc_key), &e);
	cr_assert_not_null(k, "%s", e.msg);
	cr_expect(
	    signing_check(k, "", 0, rfc_signature, sizeof(rfc_signature)));
	cr_expect_not(
	    signing_check(k, "x", 1, rfc_signature, sizeof(rfc_signature)));
	cr_expect_not(signing_check(k, "", 0, rfc_signature, 63));
	cr_expect_not(signing_check(k, "", 0, "", 0));
	signing_free(k);
}

Test(signing, refuses_what_is_no_key)
{
	struct err e;

	cr_expect_null(signing_parse_public("key", "", 0, &e));
	cr_expect_null(signing_parse_public("key", rfc_key, 50, &e));
	cr_expect_not_null(strstr(e.msg, "key: no Ed25519 key"), "%s", e.msg);
}
