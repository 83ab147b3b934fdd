// SPDX-License-Identifier: Apache-2.0
/* Calls of signal-cli's daemon.  It serves one account, and then passes the parameter "account" over, or all it has, and then needs
 * it. */
#include "channel/signal.h"

#include "base/buf.h"
#include "channel/platform_api.h"
#include "config/config.h"
#include "net/url.h"

enum { GROUP_ID_MAX = 64, DIGITS_MIN = 3, DIGITS_MAX = 18 };

/* Of JSON-RPC, and signal-cli's own: its exit codes, negative. */
enum {
    BAD_JSON = -32700, BAD_REQUEST = -32600, NO_METHOD = -32601, BAD_PARAMS = -32602,
    USER_ERROR = -1, IO_ERROR = -3, UNTRUSTED_KEY = -4, RATE_LIMIT = -5,
};

const char *signal_url(struct arena *a, const char *path)
{
    return url_join(a, str_from(config_now()->platforms_signal_url), str_from(path));
}

const char *signal_authorization(void)
{
    const char *value = config_now()->platforms_signal_authorization;

    return value[0] ? value : NULL;
}

/* ---- chats ---- */

bool signal_is_number(str s)
{
    if (!str_eat(&s, S("+")) || s.len < DIGITS_MIN || s.len > DIGITS_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

/* A number is no base64 of that many bytes, for it is too short. */
bool signal_is_group(str id)
{
    CLEANUP(buf_done) struct buf raw = {0};

    return id.len <= GROUP_ID_MAX && str_find_char(id, '-') == STR_NONE && buf_add_unbase64(&raw, id) == OK
           && (raw.len == 16 || raw.len == 32);
}

enum err signal_add_chat(json_t *params, str chat_id)
{
    str name = chat_id;

    if (signal_is_number(chat_id) || uuid_valid(chat_id))
        json_object_set_new(params, "recipient", json_pack("[o]", json_from_str(chat_id)));
    else if (str_eat(&name, S("u:")) && name.len)
        json_object_set_new(params, "username", json_pack("[o]", json_from_str(name)));
    else if (signal_is_group(chat_id))
        json_object_set_new(params, "groupId", json_from_str(chat_id));
    else
        return failed(ERR_INPUT, "'%.*s' is neither a number (+49...), a UUID, a username (u:name.01) nor a group's id on Signal",
                      STR(str_take(chat_id, 80)));
    return OK;
}

/* ---- calls ---- */

static struct platform_call call_of(struct arena *a, const char *method, json_t *params, const char *id, json_t **ret_body)
{
    *ret_body = json_pack("{s:s, s:s, s:s}", "jsonrpc", "2.0", "method", method, "id", id);
    if (params) {
        json_object_set_new(params, "account", json_string(config_now()->platforms_signal_account));
        json_object_set(*ret_body, "params", params);
    }
    return (struct platform_call){ .platform = "signal-cli", .url = signal_url(a, "api/v1/rpc"), .body = *ret_body,
                                   .authorization = signal_authorization() };
}

void signal_request(struct arena *a, const char *method, json_t *params, const char *id, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    struct platform_call call = call_of(a, method, params, id, &body);

    platform_request(a, &call, out);
}

enum err signal_rpc_error(const json_t *error)
{
    str words = str_take(json_text_str(error, "message"), 300);
    int64_t code = json_int(error, "code", 0);

    switch (code) {
    case BAD_PARAMS:        /* said of the account alone */
        return failed(ERR_AUTH, "signal-cli has no account %s: check platforms.signal.account (%.*s)",
                      config_now()->platforms_signal_account, STR(words));
    case NO_METHOD: return failed(ERR_NOT_FOUND, "signal-cli does not know this call: %.*s", STR(words));
    case BAD_JSON: case BAD_REQUEST: case USER_ERROR: return failed(ERR_INPUT, "signal-cli says: %.*s", STR(words));
    case UNTRUSTED_KEY: return failed(ERR_CONFLICT, "signal-cli does not trust the key: %.*s", STR(words));
    case RATE_LIMIT: return failed(ERR_LIMIT, "Signal's rate limit: %.*s", STR(words));
    case IO_ERROR: return failed(ERR_REMOTE, "signal-cli does not reach Signal: %.*s", STR(words));
    default: return failed(ERR_REMOTE, "signal-cli failed (%lld): %.*s", (long long)code, STR(words));
    }
}

enum err signal_status_error(int status)
{
    switch (status) {
    case 401: case 403:
        return failed(ERR_AUTH, "what stands before signal-cli refuses us (%d): check platforms.signal.authorization", status);
    case 404: return failed(ERR_REMOTE, "there is no signal-cli at platforms.signal.url (404)");
    case 421: return failed(ERR_AUTH, "signal-cli is bound to another name: use in platforms.signal.url the address of its --http");
    default: return platform_error("signal-cli", status, S(""));
    }
}

enum err signal_call(struct arena *a, const char *method, json_t *params, size_t max_body, json_t **ret_result)
{
    CLEANUP(json_decrefp) json_t *owned = params, *body = NULL, *j = NULL;
    struct platform_call call = call_of(a, method, params, method, &body);
    struct http_response answer;

    call.max_body = max_body;
    TRY(platform_fetch(a, &call, &answer, &j));
    if (answer.status != 200)
        return signal_status_error(answer.status);
    if (json_at(j, "error"))
        return signal_rpc_error(json_at(j, "error"));
    if (!json_at(j, "result"))
        return failed(ERR_REMOTE, "what answers at platforms.signal.url is no signal-cli");
    *ret_result = json_incref(json_at(j, "result"));
    return OK;
}
