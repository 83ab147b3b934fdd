// SPDX-License-Identifier: Apache-2.0
#include "channel/hook.h"

#include "base/log.h"
#include "channel/markup.h"
#include "net/signature.h"
#include "runtime/clock.h"

enum { WATCH_MS = 10 * 60 * 1000, HEX_LEN = 64 };

bool hook_is_fresh(int64_t at_ms)
{
    int64_t age = clock_wall_ms() - at_ms;

    return age <= HOOK_CLOCK_SKEW_MS && age >= -HOOK_CLOCK_SKEW_MS;
}

bool hook_seconds_are_fresh(str seconds)
{
    int64_t at;

    return str_i64(seconds, &at) == OK && at > 0 && at < INT32_MAX && hook_is_fresh(at * 1000);
}

bool hook_signed(struct arena *a, str secret, const str *parts, size_t n_parts, str claimed)
{
    CLEANUP(buf_done) struct buf own = {0};
    str digest;

    if (!secret.len)
        return false;
    digest = hmac_sha256(a, secret, parts, n_parts);
    if (claimed.len == HEX_LEN)
        buf_add_hex(&own, digest);
    else
        buf_add_base64(&own, digest);
    return str_eq_secret(buf_str(&own), claimed);
}

bool hook_add_file(struct hook_message *m, const struct incoming_file *f)
{
    if (m->n_files == INCOMING_FILES_MAX || !f->type || !f->type[0])
        return false;
    m->files[m->n_files++] = *f;
    return true;
}

enum err hook_store(const struct channel_host *host, struct arena *a, struct hook_message *const *all, size_t n, incoming_locate locate)
{
    struct message *messages = arena_alloc(a, (n + 1) * sizeof *messages);

    for (size_t i = 0; i < n; i++) {
        TRY(incoming_files(host, a, &all[i]->message, all[i]->files, all[i]->n_files, locate));
        messages[i] = all[i]->message;
    }
    return n ? host->receive(host, messages, n) : OK;
}

enum err hook_answer(struct http_exchange *x, int status, const char *text)
{
    return http_answer(x, status, S("text/plain; charset=utf-8"), str_from(text));
}

enum err hook_answer_stored(const struct channel_host *host, struct http_exchange *x, enum err stored)
{
    if (stored == OK)
        return hook_answer(x, 200, "");
    log_event(LOG_WARN, "hook.not_stored", F("channel", host->channel->name), F("error", failed_text()));
    return hook_answer(x, 503, "not stored, call again\n");
}

str hook_text(struct arena *a, const struct outgoing *m, enum markup markup)
{
    CLEANUP(buf_done) struct buf text = {0};
    const struct md_node *doc = markup_parse(a, m->text);

    if (m->plain)
        markup_write_plainly(&text, doc, markup);
    else
        markup_write(&text, doc, markup);
    return arena_str(a, str_trim(buf_str(&text)).len ? buf_str(&text) : m->text);
}

const char *hook_type_of(str mime)
{
    static const char *const types[] = { "image", "audio", "video" };

    for (size_t i = 0; i < N_ELEMENTS(types); i++) {
        str rest = mime;

        if (str_eat(&rest, str_from(types[i])) && str_starts(rest, S("/")))
            return types[i];
    }
    return "file";
}

enum err hook_watch(const struct channel_host *host)
{
    for (;;) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        str who = S("");

        TRY(host->channel->check(a, &who));
        host->health(host, OK, arena_printf(a, "%.*s; waiting for calls", STR(who)));
        TRY(fiber_sleep(WATCH_MS));
    }
}
