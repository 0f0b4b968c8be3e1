/*
 * Texts that repeat from row to row, by number: targets, addresses, TLS
 * sessions.  A small cache stands before each table.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"

#include "lib/store_internal.h"

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
static struct id_entry *
slot_of(struct id_cache *c, const void *key, size_t size)
{
	const unsigned char *p = key;
	uint64_t h = UINT64_C(14695981039346656037);
	size_t i;

	for (i = 0; i < size; i++)
		h = (h ^ p[i]) * UINT64_C(1099511628211);
	return &c->slots[(h ^ h >> 32) % ID_CACHE_SLOTS];
}

static bool
cache_get(struct id_cache *c, const void *key, size_t size, int64_t *id)
{
	const struct id_entry *s = slot_of(c, key, size);

	if (s->key == NULL || s->size != size || memcmp(s->key, key, size) != 0)
		return false;
	*id = s->id;
	return true;
}

static void
cache_put(struct id_cache *c, const void *key, size_t size, int64_t id)
{
	struct id_entry *s = slot_of(c, key, size);

	free(s->key);
	s->key = x_malloc(size);
	memcpy(s->key, key, size);
	s->size = size;
	s->id = id;
}

static void
cache_clear(struct id_cache *c)
{
	size_t i;

	for (i = 0; i < ID_CACHE_SLOTS; i++)
		free(c->slots[i].key);
	memset(c, 0, sizeof(*c));
}

void
store_ids_clear(struct store *st)
{
	cache_clear(&st->targets);
	cache_clear(&st->addresses);
	cache_clear(&st->tls_sessions);
}

/* An address as bytes that compare; the port only for a target. */
struct address_key {
	uint16_t family;
	uint16_t port;
	uint8_t ip[16];
};

static struct address_key
address_key(const struct endpoint_address *a, uint16_t port)
{
	struct address_key k;

	memset(&k, 0, sizeof(k));
	k.family = (uint16_t)a->family;
	k.port = port;
	if (a->family == AF_INET)
		memcpy(k.ip, &a->ip.v4, sizeof(a->ip.v4));
	else
		memcpy(k.ip, &a->ip.v6, sizeof(a->ip.v6));
	return k;
}

int
store_id_target(struct store *st, const struct endpoint_address *a, int64_t *id,
    struct err *e)
{
	struct address_key k = address_key(a, a->port);
	char ip[INET6_ADDRSTRLEN];
	struct row r;
	int found;

	*id = NOT_MEASURED;
	if (a->family == 0 || cache_get(&st->targets, &k, sizeof(k), id))
		return 0;
	endpoint_address_ip(a, ip);
	r = row_begin(st, STMT_FIND_TARGET);
	row_text(&r, ip);
	row_int(&r, a->port);
	found = row_find(st, &r, id, e);
	if (found == 0) {
		r = row_begin(st, STMT_ADD_TARGET);
		row_text(&r, ip);
		row_int(&r, a->port);
		row_int(&r, a->family == AF_INET ? 4 : 6);
		found = row_end(st, &r, e);
		*id = sqlite3_last_insert_rowid(st->db);
	}
	if (found >= 0)
		cache_put(&st->targets, &k, sizeof(k), *id);
	return found < 0 ? -1 : 0;
}

int
store_id_address(struct store *st, const struct endpoint_address *a,
    int64_t *id, struct err *e)
{
	struct address_key k = address_key(a, 0);
	char ip[INET6_ADDRSTRLEN];
	struct row r;
	int found;

	*id = NOT_MEASURED;
	if (a->family == 0 || cache_get(&st->addresses, &k, sizeof(k), id))
		return 0;
	endpoint_address_ip(a, ip);
	r = row_begin(st, STMT_FIND_ADDRESS);
	row_text(&r, ip);
	found = row_find(st, &r, id, e);
	if (found == 0) {
		r = row_begin(st, STMT_ADD_ADDRESS);
		row_text(&r, ip);
		found = row_end(st, &r, e);
		*id = sqlite3_last_insert_rowid(st->db);
	}
	if (found >= 0)
		cache_put(&st->addresses, &k, sizeof(k), *id);
	return found < 0 ? -1 : 0;
}

/* What makes a TLS session, as one key; free(). */
static void *
tls_key(const struct attempt_record *a, size_t *size)
{
	const char *parts[] = { a->tls_version, a->tls_cipher, a->cert_issuer };
	size_t n = 0, i, used;
	char *key;

	/* A missing text is one byte, another two and its bytes. */
	for (i = 0; i < 3; i++)
		n += parts[i] == NULL ? 1 : strlen(parts[i]) + 2;
	n += sizeof(a->cert_verify) + (a->has_cert ? SHA256_SIZE : 0);
	key = x_malloc(n);
	used = 0;
	for (i = 0; i < 3; i++) {
		key[used++] = parts[i] != NULL;
		if (parts[i] == NULL)
			continue;
		memcpy(key + used, parts[i], strlen(parts[i]) + 1);
		used += strlen(parts[i]) + 1;
	}
	memcpy(key + used, &a->cert_verify, sizeof(a->cert_verify));
	used += sizeof(a->cert_verify);
	if (a->has_cert)
		memcpy(key + used, a->cert_sha256, SHA256_SIZE);
	*size = n;
	return key;
}

static struct row
tls_row(struct store *st, enum statement which, const struct attempt_record *a)
{
	struct row r = row_begin(st, which);

	row_text(&r, a->tls_version);
	row_text(&r, a->tls_cipher);
	row_blob(&r, a->has_cert ? a->cert_sha256 : NULL, SHA256_SIZE);
	row_text(&r, a->cert_issuer);
	row_int(&r, a->cert_verify);
	return r;
}

int
store_id_tls(struct store *st, const struct attempt_record *a, int64_t *id,
    struct err *e)
{
	struct row r;
	size_t size;
	void *key;
	int found;

	*id = NOT_MEASURED;
	if (a->tls_version == NULL && !a->has_cert)
		return 0;
	key = tls_key(a, &size);
	found = cache_get(&st->tls_sessions, key, size, id);
	if (found == 0) {
		r = tls_row(st, STMT_FIND_TLS, a);
		found = row_find(st, &r, id, e);
	}
	if (found == 0) {
		r = tls_row(st, STMT_ADD_TLS, a);
		found = row_end(st, &r, e);
		*id = sqlite3_last_insert_rowid(st->db);
	}
	if (found >= 0)
		cache_put(&st->tls_sessions, key, size, *id);
	free(key);
	return found < 0 ? -1 : 0;
}
