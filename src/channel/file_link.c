// SPDX-License-Identifier: Apache-2.0
#include "channel/file_link.h"

#include <string.h>

#include "base/buf.h"
#include "base/random.h"
#include "config/config.h"
#include "net/signature.h"
#include "runtime/clock.h"

/* A token: the end in seconds, the file's hash, the signature of both. */
enum { END_BYTES = 5, HASH_BYTES = 32, SIGNED_BYTES = END_BYTES + HASH_BYTES, MAC_BYTES = 16, KEY_BYTES = 32 };

static char key_bytes[KEY_BYTES];
static bool have_key;

static enum err read_key(struct store *store, struct arena *a, bool *ret_found) AWAITS
{
    CLEANUP(buf_done) struct buf key = {0};
    struct rows r;

    TRY(store_read(store, a, &r, "meta.get", "c", "files.key"));
    if (!r.n)
        return OK;
    TRY(buf_add_unbase64(&key, row_str(&r, 0, 0)));
    if (key.len != KEY_BYTES)
        return failed(ERR_BUG, "files.key in the table meta is no key");
    memcpy(key_bytes, key.p, KEY_BYTES);
    *ret_found = have_key = true;
    return OK;
}

enum err file_links_open(struct store *store)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf text = {0};
    struct batch *b = batch_new(a);
    char fresh[KEY_BYTES];
    bool found = false;

    have_key = false;
    TRY(read_key(store, a, &found));
    if (found)
        return OK;
    random_bytes(fresh, sizeof fresh);
    buf_add_base64(&text, str_of(fresh, sizeof fresh));
    batch_add(b, "meta.add", "cs", "files.key", buf_str(&text));
    TRY(store_commit(store, b));
    memcpy(key_bytes, fresh, sizeof fresh);
    have_key = true;
    return OK;
}

bool file_links_possible(void)
{
    return have_key && config_now()->server_public_url[0] != '\0';
}

static str mac_of(struct arena *a, str text)
{
    str parts[] = { S("file"), text };

    return str_take(hmac_sha256(a, str_of(key_bytes, KEY_BYTES), parts, 2), MAC_BYTES);
}

static int64_t end_of(const struct blob *blob)
{
    uint64_t lasts = config_now()->delivery_link_expire;
    int64_t end = lasts ? clock_wall_ms() + (int64_t)lasts : INT64_MAX;

    if (blob->expires_at && blob->expires_at < end)
        end = blob->expires_at;
    return end;
}

static void add_end(struct buf *b, int64_t end_ms)
{
    uint64_t seconds = (uint64_t)end_ms / 1000, most = (UINT64_C(1) << 8 * END_BYTES) - 1;

    seconds = seconds < most ? seconds : most;
    for (int i = END_BYTES - 1; i >= 0; i--)
        buf_add_char(b, (char)(seconds >> 8 * i));
}

static void add_hash(struct buf *b, str hex)
{
    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        unsigned hi = (unsigned char)hex.p[i], lo = (unsigned char)hex.p[i + 1];

        hi = hi <= '9' ? hi - '0' : (hi | 0x20) - 'a' + 10;
        lo = lo <= '9' ? lo - '0' : (lo | 0x20) - 'a' + 10;
        buf_add_char(b, (char)(hi << 4 | lo));
    }
}

str file_link(struct arena *a, const struct blob *blob)
{
    CLEANUP(buf_done) struct buf bytes = {0}, token = {0};
    str base = str_from(config_now()->server_public_url);

    if (!file_links_possible())
        return NO_STR;
    add_end(&bytes, end_of(blob));
    add_hash(&bytes, blob->hash);
    buf_add(&bytes, mac_of(a, buf_str(&bytes)));
    buf_add_base64url(&token, buf_str(&bytes));
    while (str_ends(base, S("/")))
        base.len--;
    return str_from(arena_printf(a, "%.*s/files/%s", STR(base), buf_c(&token)));
}

static bool is_ours(str bytes)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    int64_t end = 0;

    if (!have_key || bytes.len != SIGNED_BYTES + MAC_BYTES
        || !str_eq_secret(mac_of(a, str_take(bytes, SIGNED_BYTES)), str_skip(bytes, SIGNED_BYTES)))
        return false;
    for (size_t i = 0; i < END_BYTES; i++)
        end = end << 8 | (unsigned char)bytes.p[i];
    return end >= clock_wall_ms() / 1000;
}

enum err file_link_read(str token, char ret_hash[BLOB_HASH_SIZE])
{
    CLEANUP(buf_done) struct buf bytes = { .max = 1024 }, hex = {0};

    if (token.len > 200 || buf_add_unbase64(&bytes, token) || !is_ours(buf_str(&bytes)))
        return failed(ERR_NOT_FOUND, "there is no such file, or no longer");
    buf_add_hex(&hex, str_cut(buf_str(&bytes), END_BYTES, SIGNED_BYTES));
    memcpy(ret_hash, buf_c(&hex), BLOB_HASH_SIZE);
    return OK;
}
