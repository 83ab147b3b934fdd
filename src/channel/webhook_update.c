// SPDX-License-Identifier: Apache-2.0
/* What comes in: a call's JSON to a message, by the endpoint's pointers. */
#include "base/random.h"
#include "base/time.h"
#include "base/utf8.h"
#include "channel/webhook.h"
#include "net/address.h"
#include "net/signature.h"
#include "runtime/clock.h"

enum { ID_MAX = MESSAGE_ID_MAX - 64 };
#define SECONDS_BELOW INT64_C(100000000000)      /* a time that is larger counts milliseconds: from 1973 on */

/* ---- who calls ---- */

static enum err check_time(const struct webhook_proof *p)
{
    int64_t at;

    if (!p->timestamp.len || str_i64(p->timestamp, &at))
        return failed(ERR_AUTH, "X-Timestamp is missing, or not seconds since 1970");
    if (at > INT64_MAX / 1000 || at < 0 || !hook_is_fresh(at < SECONDS_BELOW ? at * 1000 : at))
        return failed(ERR_AUTH, "X-Timestamp is more than five minutes from now");
    return OK;
}

enum err webhook_verify(struct arena *a, const struct webhook_endpoint *e, struct webhook_proof *p, str body)
{
    const str signed_text[] = { p->timestamp, S("."), body };
    str claimed = str_trim(p->signature);

    (void)str_eat(&claimed, S("sha256="));
    if (!claimed.len)
        return failed(ERR_AUTH, "%.*s is missing", STR(e->header));
    if (!hook_signed(a, e->secret, e->timestamp ? signed_text : &body, e->timestamp ? 3 : 1, claimed))
        return failed(ERR_AUTH, "%.*s is wrong", STR(e->header));
    p->signature = webhook_sign(a, e->secret, e->timestamp ? p->timestamp : S(""), body);
    return e->timestamp ? check_time(p) : OK;
}

str webhook_sign(struct arena *a, str secret, str timestamp, str body)
{
    const str parts[] = { timestamp, S("."), body };
    CLEANUP(buf_done) struct buf hex = {0};

    buf_add_hex(&hex, hmac_sha256(a, secret, timestamp.len ? parts : &body, timestamp.len ? 3 : 1));
    return arena_str(a, buf_str(&hex));
}

/* ---- fields ---- */

static const json_t *find(const struct webhook_endpoint *e, enum webhook_field f, const json_t *j)
{
    for (size_t i = 0; i < WEBHOOK_POINTERS_MAX && e->in[f][i].p; i++) {
        const json_t *v = json_pointer(j, e->in[f][i]);

        if (v)
            return v;
    }
    return NULL;
}

/* Ids are numbers in many systems. */
static str text_of(struct arena *a, const json_t *v)
{
    if (json_is_integer(v))
        return str_from(arena_printf(a, "%lld", (long long)json_integer_value(v)));
    return json_is_string(v) ? arena_str(a, json_strval(v)) : S("");
}

static str take(struct arena *a, const struct webhook_endpoint *e, enum webhook_field f, const json_t *j)
{
    return text_of(a, find(e, f, j));
}

static str named(struct arena *a, const struct webhook_endpoint *e, str id)
{
    return id.len ? str_from(arena_printf(a, "%.*s/%.*s", STR(e->name), STR(id))) : S("");
}

/* RFC 3339, or seconds or milliseconds since 1970.  0: not told, or nothing that can be. */
static int64_t time_of(struct arena *a, const json_t *v)
{
    str text = text_of(a, v);
    int64_t n;

    if (json_is_real(v))
        return json_real_value(v) > 0 && json_real_value(v) < SECONDS_BELOW ? (int64_t)(json_real_value(v) * 1000) : 0;
    if (str_i64(text, &n) == OK)
        return n < 0 ? 0 : n < SECONDS_BELOW ? n * 1000 : n;
    return time_parse(text, &n) == OK ? n : 0;
}

/* Without an id a message cannot be told from its repetition, unless the moment is signed with it. */
static str id_of(struct arena *a, const struct webhook_endpoint *e, const json_t *j, const struct webhook_proof *proof)
{
    str id = take(a, e, WEBHOOK_ID, j);
    char uuid[UUID_SIZE];

    if (!id.len && e->timestamp)
        id = str_from(arena_printf(a, "signed-%.*s-%.*s", STR(str_take(proof->timestamp, 20)), STR(str_take(proof->signature, 80))));
    if (!id.len) {
        random_uuid(uuid);
        id = str_from(arena_printf(a, "%s", uuid));
    }
    return named(a, e, utf8_take(id, ID_MAX));
}

/* ---- files ---- */

/* A person there says where it is: not within our own networks, unless the owner says so. */
static bool may_connect(void *arg UNUSED, const struct sockaddr *address)
{
    return address_is_public(address);
}

static const char *type_of(str told, str mime)
{
    static const char *const types[] = { "image", "audio", "video", "file" };

    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (str_eq(told, str_from(types[i])))
            return types[i];
    return hook_type_of(mime);
}

static void add_file(struct arena *a, const struct webhook_endpoint *e, const json_t *j, struct hook_message *m)
{
    str url = json_is_string(j) ? text_of(a, j) : take(a, e, WEBHOOK_FILE_URL, j);
    struct incoming_file f = {
        .name = utf8_take(take(a, e, WEBHOOK_FILE_NAME, j), 255), .mime = utf8_take(take(a, e, WEBHOOK_FILE_MIME, j), 255), .size = -1,
        .id = url, .request = { .url = arena_c(a, url), .allow_address = e->private_files ? NULL : may_connect },
    };

    f.type = type_of(take(a, e, WEBHOOK_FILE_TYPE, j), f.mime);
    if (url.len && url.len <= MESSAGE_URL_MAX)
        hook_add_file(m, &f);
}

static void add_files(struct arena *a, const struct webhook_endpoint *e, const json_t *call, struct hook_message *m)
{
    const json_t *all = find(e, WEBHOOK_FILES, call), *one;
    size_t i;

    if (!json_is_array(all)) {
        add_file(a, e, all, m);
        return;
    }
    json_array_foreach(all, i, one)
        add_file(a, e, one, m);
}

/* ---- the message ---- */

static void drop_json(void *j)
{
    json_decref(j);
}

static const json_t *context_of(struct arena *a, const json_t *v)
{
    json_t *copy;

    if (!json_is_array(v) || !json_array_size(v) || json_array_size(v) > MESSAGE_PREV_MAX)
        return NULL;
    for (size_t i = 0; i < json_array_size(v); i++)
        if (!json_is_object(json_array_get(v, i)) && !json_is_string(json_array_get(v, i)))
            return NULL;
    copy = json_deep_copy(v);
    arena_on_free(a, drop_json, copy);
    return copy;
}

static str chat_type_of(str told)
{
    return str_eq(told, S("private")) || str_eq(told, S("group")) ? told : S("");
}

enum err webhook_decode(struct arena *a, const struct webhook_endpoint *e, const json_t *call, const struct webhook_proof *proof,
                        struct hook_message *out, bool *ret_wanted)
{
    str user = utf8_take(take(a, e, WEBHOOK_USER, call), ID_MAX), chat = utf8_take(take(a, e, WEBHOOK_CHAT, call), ID_MAX);
    int64_t at = time_of(a, find(e, WEBHOOK_TIME, call));

    *out = (struct hook_message){ .message = {
        .id = S(""), .session_id = S(""), .platform = S("webhook"), .agent = S(""), .external_id = id_of(a, e, call, proof),
        .chat_id = named(a, e, chat.len ? chat : user), .user_id = named(a, e, user),
        .user_name = utf8_take(take(a, e, WEBHOOK_USER_NAME, call), ID_MAX),
        .thread_id = utf8_take(take(a, e, WEBHOOK_THREAD, call), ID_MAX),
        .chat_type = chat_type_of(take(a, e, WEBHOOK_CHAT_TYPE, call)), .text = take(a, e, WEBHOOK_TEXT, call),
        .reply_to = named(a, e, utf8_take(take(a, e, WEBHOOK_REPLY_TO, call), ID_MAX)), .created_at = at ? at : clock_wall_ms(),
        .prev_messages = context_of(a, find(e, WEBHOOK_CONTEXT, call)),
    } };
    add_files(a, e, call, out);
    *ret_wanted = str_trim(out->message.text).len || out->n_files;
    if (*ret_wanted && !user.len)
        return failed(ERR_INPUT, "nothing is at %.*s, where the sender's id is expected", STR(e->in[WEBHOOK_USER][0]));
    return OK;
}
