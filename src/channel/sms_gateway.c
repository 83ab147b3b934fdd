// SPDX-License-Identifier: Apache-2.0
/* Any provider of SMS that can be described by where things stand in its calls: the generic webhook's endpoint, for numbers. */
#include "channel/platform_api.h"
#include "channel/sms.h"
#include "config/config.h"

enum { HEADERS_MAX = PLATFORM_FIELDS_MAX - 2 };

enum err sms_gateway_endpoint(struct arena *a, struct webhook_endpoint *out)
{
    const json_t *settings = config_now()->platforms_sms_gateway;
    CLEANUP(json_decrefp) json_t *all = NULL;

    if (!settings)
        return failed(ERR_NOT_FOUND, "platforms.sms.gateway is not set");
    all = json_pack("{s:O}", "sms", settings);
    if (webhook_endpoint_read(a, all, S("sms"), out))
        return failed_in(ERR_INPUT, "platforms.sms.gateway, read as an endpoint: ");
    if (!out->url.len)
        return failed(ERR_INPUT, "platforms.sms.gateway.out.url is missing");
    if (!json_object_get(json_object_get(settings, "out"), "format"))
        out->format = MARKUP_PLAIN;
    return OK;
}

enum err sms_gateway_read(struct arena *a, str content_type, str body, json_t **out)
{
    struct sms_form *form = ARENA_NEW(a, struct sms_form);

    if (!str_starts(content_type, S("application/x-www-form-urlencoded")))
        return json_parse(body, out);
    sms_form_read(a, body, form);
    *out = json_object();
    for (size_t i = 0; i < form->n; i++)
        json_object_setn_new(*out, form->names[i].p, form->names[i].len, json_from_str(form->values[i]));
    return OK;
}

/* There is one gateway: its name before the ids would only be in the way. */
static void drop_name(str *id)
{
    str name, rest;

    if (webhook_split(*id, &name, &rest))
        *id = rest;
}

enum err sms_gateway_decode(struct arena *a, const struct webhook_endpoint *e, const json_t *call, struct hook_message *out,
                            bool *ret_wanted)
{
    struct webhook_proof proof = { S(""), S("") };

    TRY(webhook_decode(a, e, call, &proof, out, ret_wanted));
    drop_name(&out->message.chat_id);
    drop_name(&out->message.user_id);
    drop_name(&out->message.external_id);
    drop_name(&out->message.reply_to);
    out->message.platform = S("sms");
    out->message.chat_type = S("private");
    return OK;
}

enum err sms_gateway_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    struct http_field fields[HEADERS_MAX];
    struct webhook_endpoint e;
    size_t n = 0;
    const char *key;
    const json_t *v;
    str body;

    TRY(sms_gateway_endpoint(a, &e));
    TRY(webhook_body(a, &e, m, &body));
    fields[n++] = (struct http_field){ e.header, webhook_sign(a, e.out_secret, S(""), body) };
    json_object_foreach((json_t *)e.headers, key, v)
        if (n < HEADERS_MAX)
            fields[n++] = (struct http_field){ arena_str(a, str_from(key)), json_strval(v) };
    platform_request(a, &(struct platform_call){ .url = arena_c(a, e.url), .raw = body, .raw_type = "application/json; charset=utf-8",
                                                 .fields = fields, .n_fields = n }, out);
    return OK;
}

enum err sms_gateway_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct webhook_endpoint e;
    const json_t *id;

    TRY(platform_sent("the SMS gateway", r, str_take(r->body, 200), out));
    if (sms_gateway_endpoint(a, &e) || !e.out_id.len || !r->body.len || json_parse(r->body, &j))
        return OK;
    id = json_pointer(j, e.out_id);
    out->remote_id = json_is_string(id) ? arena_str(a, json_strval(id)) : json_is_integer(id)
                     ? str_from(arena_printf(a, "%lld", (long long)json_integer_value(id))) : S("");
    return OK;
}
