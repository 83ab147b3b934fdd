// SPDX-License-Identifier: Apache-2.0
/* Signal: messages come as Server-Sent Events of signal-cli's daemon, all else goes by its JSON-RPC.  signal-cli has acknowledged a
 * message to Signal before anybody listens to it, so what was said last is kept, and asked for again by its event's id. */
#include "channel/signal.h"

#include <stdio.h>

#include "base/log.h"
#include "channel/platform_api.h"
#include "config/config.h"
#include "net/sse.h"
#include "net/url.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum {
    EVENT_ID_SIZE = 200, SAVE_EVERY_MS = 2000, STORE_TRIES = 60, STORE_PAUSE_MS = 1000, VERSION_SIZE = 40, LIST_MAX = 32 << 20,
    FIRST_BYTE_MS = 60 * 1000,      /* up to 0.14.3 the head comes with the first sign of life, after 15 s */
    SILENCE_MS = 90 * 1000,         /* a sign of life comes every 15 s */
};

static struct { char number[SIGNAL_NUMBER_SIZE], uuid[SIGNAL_UUID_SIZE], version[VERSION_SIZE]; } me;

/* The id of the event acted upon last. */
static struct { char id[EVENT_ID_SIZE]; bool changed; uint64_t saved_at; } last;

static bool configured(void)
{
    return config_now()->platforms_signal_url[0] && config_now()->platforms_signal_account[0];
}

static bool streams(void)
{
    return config_now()->platforms_signal_stream;
}

/* ---- who we are ---- */

static enum err no_such_account(const json_t *accounts)
{
    CLEANUP(buf_done) struct buf has = {0};
    const json_t *e;
    size_t i;

    json_array_foreach(accounts, i, e)
        buf_addf(&has, "%s%s", i ? ", " : "", json_text(e, "number"));
    return failed(ERR_AUTH, "signal-cli has no account %s%s%s: register or link it, or change platforms.signal.account",
                  config_now()->platforms_signal_account, has.len ? ", but has " : "", buf_c(&has));
}

/* A daemon for one account does not know listAccounts. */
static enum err find_account(struct arena *a) AWAITS
{
    CLEANUP(json_decrefp) json_t *accounts = NULL;
    str wanted = str_from(config_now()->platforms_signal_account);
    enum err e = signal_call(a, "listAccounts", NULL, 0, &accounts);
    const json_t *entry;
    size_t i;

    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    json_array_foreach(accounts, i, entry) {
        if (!str_eq(json_text_str(entry, "number"), wanted) && !str_eq_nocase(json_text_str(entry, "aci"), wanted))
            continue;
        snprintf(me.number, sizeof me.number, "%s", json_text(entry, "number"));
        if (!me.uuid[0])
            snprintf(me.uuid, sizeof me.uuid, "%s", json_text(entry, "aci"));
        return OK;
    }
    return no_such_account(accounts);
}

static enum err list_contacts(struct arena *a, str of, json_t **ret) AWAITS
{
    json_t *params = json_pack("{s:b}", "allRecipients", 1);

    if (of.len)
        json_object_set_new(params, "recipient", json_pack("[o]", json_from_str(of)));
    return signal_call(a, "listContacts", params, LIST_MAX, ret);
}

/* Mentions of us name the UUID, and the number where signal-cli has it: without the former we still see most of them. */
static enum err find_uuid(struct arena *a) AWAITS
{
    CLEANUP(json_decrefp) json_t *contacts = NULL;
    enum err e = me.uuid[0] ? OK : list_contacts(a, str_from(me.number), &contacts);
    const json_t *c;
    size_t i;

    json_array_foreach(contacts, i, c)
        if (str_eq(json_text_str(c, "number"), str_from(me.number)))
            snprintf(me.uuid, sizeof me.uuid, "%s", json_text(c, "uuid"));
    return e == ERR_INPUT || e == ERR_NOT_FOUND || e == ERR_REMOTE ? OK : e;
}

static enum err check_settings(void)
{
    str account = str_from(config_now()->platforms_signal_account);

    if (config_now()->platforms_signal_authorization[0])
        log_mask(str_from(config_now()->platforms_signal_authorization));
    if (!signal_is_number(account) && !uuid_valid(account))
        return failed(ERR_INPUT, "platforms.signal.account: write the number with its country, +491701234567, or the ACI");
    return OK;
}

static enum err ask_who_we_are(struct arena *a) AWAITS
{
    CLEANUP(json_decrefp) json_t *version = NULL;
    const char *account = config_now()->platforms_signal_account;

    TRY(check_settings());
    snprintf(me.number, sizeof me.number, "%s", account[0] == '+' ? account : "");
    snprintf(me.uuid, sizeof me.uuid, "%s", account[0] == '+' ? "" : account);
    TRY(signal_call(a, "version", NULL, 0, &version));
    snprintf(me.version, sizeof me.version, "%s", json_text(version, "version"));
    TRY(find_account(a));
    return find_uuid(a);
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    TRY(ask_who_we_are(a));
    *ret_who = str_from(arena_printf(a, "%s (signal-cli %s)", config_now()->platforms_signal_account, me.version));
    return OK;
}

/* ---- messages ---- */

static enum err locate(const struct channel_host *host UNUSED, struct arena *a, struct incoming_file *f) AWAITS
{
    CLEANUP(buf_done) struct buf bytes = { .max = config_now()->blobs_max_size + 1 };
    CLEANUP(json_decrefp) json_t *j = NULL;

    TRY(signal_call(a, "getAttachment", json_pack("{s:o}", "id", json_from_str(f->id)), config_now()->blobs_max_size / 3 * 4 + 4096, &j));
    TRY(buf_add_unbase64(&bytes, json_text_str(j, "data")));
    f->bytes = arena_str(a, buf_str(&bytes));
    return OK;
}

/* Of several accounts only ours is asked for, and a daemon for one account has no other: unless it is the wrong daemon. */
static bool is_our_account(const json_t *event)
{
    str account = json_text_str(event, "account");

    return !account.len || str_eq(account, str_from(me.number)) || str_eq_nocase(account, str_from(me.uuid));
}

static enum err take(const struct channel_host *host, const json_t *event) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct hook_message *m = ARENA_NEW(a, struct hook_message);
    const struct signal_self self = { str_from(me.number), str_from(me.uuid) };
    bool wanted;

    if (signal_decode(a, event, &self, m, &wanted)) {
        log_event(LOG_WARN, "signal.odd_event", F("error", failed_text()));
        return OK;
    }
    if (json_at(event, "exception"))
        log_event(LOG_WARN, "signal.unreadable", F("error", json_text_str(event, "exception.message")));
    if (!is_our_account(event)) {
        host->health(host, ERR_INPUT, "messages come for another account than platforms.signal.account");
        return OK;
    }
    return wanted ? hook_store(host, a, &m, 1, locate) : OK;
}

/* Nobody but us has the message any more, if the daemon does not number its events. */
static enum err take_stubbornly(const struct channel_host *host, const json_t *event) AWAITS
{
    for (int i = 0;; i++) {
        enum err e = take(host, event);

        if ((e != ERR_IO && e != ERR_LIMIT) || i == STORE_TRIES)
            return e;
        log_event(LOG_ERROR, "signal.not_stored", F("error", failed_text()));
        TRY(fiber_sleep(STORE_PAUSE_MS));
    }
}

static enum err on_event(void *arg, const struct sse_event *ev) AWAITS
{
    const struct channel_host *host = arg;
    CLEANUP(json_decrefp) json_t *event = NULL;

    if (json_parse(ev->data, &event))
        log_event(LOG_WARN, "signal.odd_event", F("error", failed_text()));
    else
        TRY(take_stubbornly(host, event));
    if (ev->id.len && ev->id.len < sizeof last.id && http_is_value(ev->id)) {
        snprintf(last.id, sizeof last.id, "%.*s", STR(ev->id));
        last.changed = true;
    }
    return OK;
}

/* ---- events ---- */

static enum err save_last(const struct channel_host *host) AWAITS
{
    last.changed = false;
    last.saved_at = clock_ms();
    return host->remember(host, S("last"), str_from(last.id));
}

/* An id that the daemon does not know asks for all it has.  So it is only the first time of all that nothing is asked for. */
static enum err load_last(const struct channel_host *host, bool *ret_first) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str kept;

    TRY(host->recall(host, a, S("last"), &kept));
    *ret_first = !kept.len;
    snprintf(last.id, sizeof last.id, "%.*s", STR(kept.len ? kept : S("none")));
    return *ret_first ? save_last(host) : OK;
}

static const char *events_url(struct arena *a)
{
    CLEANUP(buf_done) struct buf b = {0};

    platform_add_pair(&b, "account", str_from(config_now()->platforms_signal_account));
    return arena_printf(a, "%s?%s", signal_url(a, "api/v1/events"), buf_c(&b));
}

static enum err open_events(struct arena *a, bool first, struct http_stream **out) AWAITS
{
    struct http_field fields[3] = { { S("Accept"), S("text/event-stream") } };
    struct http_request q = { .url = events_url(a), .fields = fields, .n_fields = 1, .max_body = SIZE_MAX / 2,
                              .first_byte_timeout_ms = FIRST_BYTE_MS, .idle_timeout_ms = SILENCE_MS };

    if (signal_authorization())
        fields[q.n_fields++] = (struct http_field){ S("Authorization"), str_from(signal_authorization()) };
    if (!first)
        fields[q.n_fields++] = (struct http_field){ S("Last-Event-ID"), str_from(last.id) };
    TRY(http_open(&q, out));
    if (http_status(*out) == 400)
        return failed(ERR_AUTH, "signal-cli has no account %s: check platforms.signal.account", config_now()->platforms_signal_account);
    if (http_status(*out) != 200)
        return signal_status_error(http_status(*out));
    if (!str_starts(http_field(*out, S("Content-Type")), S("text/event-stream")))
        return failed(ERR_REMOTE, "what answers at platforms.signal.url is no signal-cli");
    return OK;
}

static enum err listen(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(sse_done) struct sse sse = { .on_event = on_event, .arg = (void *)(uintptr_t)host };
    CLEANUP(http_closep) struct http_stream *s = NULL;
    bool first;
    str bytes;

    TRY(ask_who_we_are(a));
    TRY(load_last(host, &first));
    TRY(open_events(a, first, &s));
    host->health(host, OK, arena_printf(a, "connected as %s (signal-cli %s)", config_now()->platforms_signal_account, me.version));
    do {
        TRY(http_read(s, &bytes));
        TRY(sse_feed(&sse, bytes));
        if (last.changed && (clock_ms() - last.saved_at > SAVE_EVERY_MS || !bytes.len))
            TRY(save_last(host));
    } while (bytes.len);
    return failed(ERR_NET, "signal-cli closed the stream of events");
}

static enum err run(const struct channel_host *host) AWAITS
{
    enum err e = listen(host);

    if (e == ERR_NOT_FOUND)
        e = failed_in(ERR_NET, "Signal: ");
    if (e && e != ERR_CANCELLED)
        host->health(host, e, failed_text());
    return e;
}

/* ---- names ---- */

/* One of that name, or none, or too many. */
static enum err choose(struct arena *a, str name, str found, str *out)
{
    if (out->len && !str_eq(*out, found))
        return failed(ERR_CONFLICT, "there are several of the name \"%.*s\" on Signal: use the id", STR(str_take(name, 60)));
    *out = arena_str(a, found);
    return OK;
}

static enum err find_group(struct arena *a, str name, str *ret) AWAITS
{
    CLEANUP(json_decrefp) json_t *groups = NULL;
    str found = S("");
    const json_t *g;
    size_t i;

    TRY(signal_call(a, "listGroups", json_object(), LIST_MAX, &groups));
    json_array_foreach(groups, i, g)
        if (str_eq_nocase(json_text_str(g, "name"), name) && json_flag(g, "isMember"))
            TRY(choose(a, name, json_text_str(g, "id"), &found));
    if (!found.len)
        return failed(ERR_NOT_FOUND, "the account is in no group \"%.*s\" on Signal", STR(str_take(name, 60)));
    *ret = found;
    return OK;
}

static bool is_called(struct arena *a, const json_t *contact, str name)
{
    static const char *const places[] = { "number", "uuid", "username", "name", "nickName", "givenName", "profile.givenName" };
    str whole = str_from(arena_printf(a, "%s %s", json_text(contact, "profile.givenName"), json_text(contact, "profile.familyName")));

    for (size_t i = 0; i < N_ELEMENTS(places); i++)
        if (str_eq_nocase(json_text_str(contact, places[i]), name))
            return true;
    return str_eq_nocase(str_trim(whole), name);
}

/* "ada.42": whoever has it need not be among the contacts. */
static bool is_username(str name)
{
    size_t dot = str_find_char(name, '.');
    uint64_t number;

    return dot != STR_NONE && dot >= 3 && name.len >= dot + 3 && str_u64(str_skip(name, dot + 1), &number) == OK
           && str_find_char(name, ' ') == STR_NONE;
}

static enum err find_person(struct arena *a, str name, str *ret) AWAITS
{
    CLEANUP(json_decrefp) json_t *contacts = NULL;
    str found = S("");
    const json_t *c;
    size_t i;

    TRY(list_contacts(a, S(""), &contacts));
    json_array_foreach(contacts, i, c)
        if (is_called(a, c, name)) {
            str uuid = json_text_str(c, "uuid");

            TRY(choose(a, name, uuid.len ? uuid : json_text_str(c, "number"), &found));
        }
    if (!found.len && is_username(name))
        found = str_from(arena_printf(a, "u:%.*s", STR(name)));
    if (!found.len)
        return failed(ERR_NOT_FOUND, "signal-cli knows nobody called \"%.*s\"", STR(str_take(name, 60)));
    *ret = found;
    return OK;
}

/* "+49 170 123-4567" */
static str compact(struct arena *a, str number)
{
    CLEANUP(buf_done) struct buf b = {0};

    for (size_t i = 0; i < number.len; i++)
        if (number.p[i] != ' ' && number.p[i] != '-' && number.p[i] != '(' && number.p[i] != ')')
            buf_add_char(&b, number.p[i]);
    return arena_str(a, buf_str(&b));
}

/* Whoever wrote to us is known by their UUID: what is sent to the number belongs to that conversation. */
static enum err find_number(struct arena *a, str number, str *ret) AWAITS
{
    CLEANUP(json_decrefp) json_t *contacts = NULL;
    enum err e = list_contacts(a, number, &contacts);
    const json_t *c;
    size_t i;

    *ret = arena_str(a, number);
    json_array_foreach(contacts, i, c)
        if (str_eq(json_text_str(c, "number"), number) && uuid_valid(json_text_str(c, "uuid")))
            *ret = arena_str(a, json_text_str(c, "uuid"));
    return e == ERR_CANCELLED ? e : OK;
}

static enum err resolve(struct arena *a, str name, str *ret_chat_id) AWAITS
{
    CLEANUP(json_decrefp) json_t *params = json_object();
    str bare = name, number;

    if (str_eat(&bare, S("#")))
        return find_group(a, bare, ret_chat_id);
    (void)str_eat(&bare, S("@"));
    number = compact(a, bare);
    if (signal_is_number(number))
        return find_number(a, number, ret_chat_id);
    if (bare.p != name.p)
        return find_person(a, bare, ret_chat_id);
    *ret_chat_id = arena_str(a, name);
    return signal_add_chat(params, name) ? failed(ERR_NOT_FOUND, "%s", arena_printf(a, "%s", failed_text())) : OK;
}

static const struct channel_key keys[] = {
    { "platforms.signal.url", "Address of signal-cli's daemon, such as http://127.0.0.1:8080 (signal-cli daemon --http)",
      "signal-cli 守护进程的地址，例如 http://127.0.0.1:8080（signal-cli daemon --http）", false },
    { "platforms.signal.account", "The account's phone number there, with its country (+491701234567)",
      "该账号的电话号码，带国家代码（+8613812345678）", false },
};

const struct channel channel_signal = {
    .name = "signal", .title = "Signal", .proven_by = "signal-cli 0.13.19 (its own code, run by hand)",
    .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_IRC, .unit = UNIT_BYTE, .text_max = 2000, .file_max = 14 << 20, .edit_every_ms = 5000,
    .edits = 1, .typing = 1, .files = 1, .configured = configured, .streams = streams, .check = check, .run = run,
    .resolve = resolve, .addresses = "a number (+49 170 1234567), @username, @name of a contact, #name of a group, a UUID or a group's id",
    .encode = signal_encode, .encode_typing = signal_encode_typing, .decode_sent = signal_decode_sent,
};
