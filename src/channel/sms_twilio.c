// SPDX-License-Identifier: Apache-2.0
/* Twilio's Programmable Messaging: forms in, forms out.  twilio.com/docs/messaging */
#include <stdlib.h>

#include "base/log.h"
#include "base/utf8.h"
#include "channel/platform_api.h"
#include "channel/sms.h"
#include "config/config.h"
#include "net/chars.h"
#include "net/signature.h"
#include "net/url.h"
#include "runtime/clock.h"

enum { MEDIA_MAX = 10 };

/* ---- forms ---- */

static str decoded(struct arena *a, str text)
{
    CLEANUP(buf_done) struct buf b = {0}, clean = {0};

    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];
        int high = i + 2 < text.len ? http_hex(text.p[i + 1]) : -1, low = i + 2 < text.len ? http_hex(text.p[i + 2]) : -1;

        if (c == '%' && high >= 0 && low >= 0) {
            buf_add_char(&b, high + low ? (char)(high * 16 + low) : ' ');        /* no store takes U+0000 */
            i += 2;
        } else {
            buf_add_char(&b, c == '+' ? ' ' : c);
        }
    }
    utf8_add_repaired(&clean, buf_str(&b));
    return arena_str(a, buf_str(&clean));
}

void sms_form_read(struct arena *a, str body, struct sms_form *out)
{
    str rest = body, pair;

    out->n = 0;
    while (out->n < SMS_FIELDS_MAX && str_split(&rest, '&', &pair)) {
        size_t eq = str_find_char(pair, '=');

        if (!pair.len)
            continue;
        out->names[out->n] = decoded(a, str_take(pair, eq));
        out->values[out->n] = decoded(a, eq == STR_NONE ? S("") : str_skip(pair, eq + 1));
        out->n++;
    }
}

str sms_form_get(const struct sms_form *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->names[i], str_from(name)))
            return f->values[i];
    return S("");
}

/* ---- who calls ---- */

struct pair { str name, value; };

static int by_name(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int order = str_cmp(x->name, y->name);

    return order ? order : str_cmp(x->value, y->value);
}

/* The address and each name with its value, by name. */
bool sms_twilio_signed(struct arena *a, str auth_token, str url, const struct sms_form *f, str claimed)
{
    struct pair *pairs = arena_alloc(a, (f->n + 1) * sizeof *pairs);
    str *parts = arena_alloc(a, (2 * f->n + 1) * sizeof *parts);
    CLEANUP(buf_done) struct buf own = {0};
    size_t n = 0;

    if (!auth_token.len)
        return false;
    for (size_t i = 0; i < f->n; i++)
        pairs[i] = (struct pair){ f->names[i], f->values[i] };
    qsort(pairs, f->n, sizeof *pairs, by_name);
    parts[n++] = url;
    for (size_t i = 0; i < f->n; i++) {
        parts[n++] = pairs[i].name;
        parts[n++] = pairs[i].value;
    }
    buf_add_base64(&own, hmac_sha1(a, auth_token, parts, n));
    return str_eq_secret(buf_str(&own), claimed);
}

/* ---- what comes in ---- */

static const char *basic(struct arena *a)
{
    const struct config *c = config_now();
    CLEANUP(buf_done) struct buf b = {0};

    buf_add(&b, S("Basic "));
    buf_add_base64(&b, str_from(arena_printf(a, "%s:%s", c->platforms_sms_account_sid, c->platforms_sms_auth_token)));
    return arena_str(a, buf_str(&b)).p;
}

/* Our credentials go to Twilio's own address only. */
static void add_media(struct arena *a, const struct sms_form *f, struct hook_message *m)
{
    for (int i = 0; i < MEDIA_MAX; i++) {
        str url = sms_form_get(f, arena_printf(a, "MediaUrl%d", i)), mime = sms_form_get(f, arena_printf(a, "MediaContentType%d", i));
        bool theirs = str_starts(url, str_from(arena_printf(a, "%s/", config_now()->platforms_sms_api_url)));
        struct incoming_file file = { .type = hook_type_of(mime), .id = url, .name = S(""), .mime = utf8_take(mime, 255), .size = -1 };

        if (!url.len)
            break;
        if (theirs)
            platform_request(a, &(struct platform_call){ .url = arena_c(a, url), .authorization = basic(a) }, &file.request);
        hook_add_file(m, &file);
    }
}

static void note_status(const struct sms_form *f)
{
    str status = sms_form_get(f, "MessageStatus");

    if (str_eq(status, S("failed")) || str_eq(status, S("undelivered")))
        log_event(LOG_WARN, "sms.not_delivered", F("remote_id", sms_form_get(f, "MessageSid")), F("status", status),
                  F("code", sms_form_get(f, "ErrorCode")));
}

enum err sms_twilio_decode(struct arena *a, const struct sms_form *f, struct hook_message *out, bool *ret_wanted)
{
    str from = sms_form_get(f, "From"), id = sms_form_get(f, "MessageSid");

    *ret_wanted = false;
    *out = (struct hook_message){0};
    if (!id.len)
        return failed(ERR_INPUT, "that is not a call of Twilio's");
    if (sms_form_get(f, "MessageStatus").len) {      /* what comes in has none, only SmsStatus */
        note_status(f);
        return OK;
    }
    out->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("sms"), .agent = S(""), .thread_id = S(""), .chat_type = S("private"),
        .reply_to = S(""), .external_id = id, .chat_id = from, .user_id = from, .text = sms_form_get(f, "Body"),
        .user_name = sms_form_get(f, "ProfileName"),
        .created_at = clock_wall_ms(),      /* Twilio does not say when */
    };
    add_media(a, f, out);
    *ret_wanted = from.len && (str_trim(out->message.text).len || out->n_files);
    return OK;
}

/* ---- what goes out ---- */

enum err sms_twilio_check(struct arena *a, str *ret_who)
{
    const struct config *c = config_now();
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (!c->platforms_sms_auth_token[0] || !c->platforms_sms_from[0] || !c->platforms_sms_webhook_url[0])
        return failed(ERR_INPUT, "platforms.sms needs auth_token, from and webhook_url besides account_sid");
    const char *url = arena_printf(a, "%s/2010-04-01/Accounts/%s.json", c->platforms_sms_api_url, c->platforms_sms_account_sid);
    enum err e = platform_get(a, &(struct platform_call){ .platform = "Twilio", .authorization = basic(a), .url = url }, &j);
    if (e == ERR_AUTH || e == ERR_NOT_FOUND)
        return failed_in(ERR_AUTH, "check platforms.sms.account_sid and auth_token: ");
    TRY(e);
    *ret_who = str_from(arena_printf(a, "%s, %s", json_text(j, "friendly_name"), c->platforms_sms_from));
    return OK;
}

enum err sms_twilio_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    const struct config *c = config_now();
    CLEANUP(buf_done) struct buf form = {0};
    bool service = str_starts(str_from(c->platforms_sms_from), S("MG"));

    if (m->blob.len)
        return failed(ERR_INPUT, "files are sent as links");
    if (!str_trim(m->text).len)
        return failed(ERR_INPUT, "there is nothing to send");
    platform_add_pair(&form, "To", m->chat_id);
    platform_add_pair(&form, service ? "MessagingServiceSid" : "From", str_from(c->platforms_sms_from));
    platform_add_pair(&form, "Body", hook_text(a, m, MARKUP_PLAIN));
    if (c->platforms_sms_status_callback)
        platform_add_pair(&form, "StatusCallback", str_from(c->platforms_sms_webhook_url));
    platform_request(a, &(struct platform_call){
        .url = arena_printf(a, "%s/2010-04-01/Accounts/%s/Messages.json", c->platforms_sms_api_url, c->platforms_sms_account_sid),
        .authorization = basic(a), .raw = arena_str(a, buf_str(&form)), .raw_type = "application/x-www-form-urlencoded" }, out);
    return OK;
}

/* twilio.com/docs/api/errors: numbers that will never take a message. */
static bool is_gone(int64_t code)
{
    static const int64_t gone[] = { 21211, 21214, 21217, 21408, 21610, 21612, 21614 };

    for (size_t i = 0; i < N_ELEMENTS(gone); i++)
        if (gone[i] == code)
            return true;
    return false;
}

enum err sms_twilio_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (r->body.len && json_parse(r->body, &j))
        j = NULL;
    enum err e = platform_sent("Twilio", r, json_text_str(j, "message"), out);

    if (e)
        out->gone = e == ERR_INPUT && is_gone(json_int(j, "code", 0));
    else
        out->remote_id = arena_str(a, json_text_str(j, "sid"));
    return e;
}
