// SPDX-License-Identifier: Apache-2.0
/* Calls of the client-server API, and the login they are made with. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/matrix.h"
#include "channel/token.h"
#include "config/config.h"
#include "net/url.h"

static const int64_t lives_otherwise_ms = 365LL * 24 * 3600 * 1000;

/* ---- what an answer means ---- */

static uint64_t retry_after_ms(const struct http_response *r, const json_t *j)
{
    int64_t ms = json_int(j, "retry_after_ms", -1);     /* as servers said it before Retry-After */

    return ms >= 0 && http_response_field(r, S("Retry-After")).p == NULL ? (uint64_t)ms : platform_retry_after_ms(r);
}

enum err matrix_result(const struct http_response *r, const json_t *j, struct sent *out)
{
    struct sent unused, *sent = out ? out : &unused;
    str code = json_text_str(j, "errcode"), words = json_text_str(j, "error");
    CLEANUP(buf_done) struct buf said = {0};

    buf_addf(&said, "%.*s%s%.*s", STR(str_take(code, 80)), code.len && words.len ? ": " : "", STR(str_take(words, 200)));
    enum err e = platform_sent("Matrix", r, buf_str(&said), sent);

    if (e == OK && !json_is_object(j)) {
        sent->unknown = true;
        return failed(ERR_REMOTE, "Matrix answered %d without JSON", r->status);
    }
    if (e == ERR_LIMIT)
        sent->retry_after_ms = retry_after_ms(r, j);
    if (str_eq(code, S("M_UNRECOGNIZED")))
        return failed(ERR_INPUT, "Matrix: the server does not know this request");
    if (e != OK && str_eq(code, S("M_LIMIT_EXCEEDED")) && e != ERR_LIMIT) {
        sent->retry_after_ms = retry_after_ms(r, j);
        return failed(ERR_LIMIT, "Matrix: %.*s", STR(buf_str(&said)));
    }
    return e;
}

/* ---- the login ---- */

/* As a field: the access token given, or the one that the password got. */
static struct { char *login; bool by_password; } now;

static bool has_password(void)
{
    return config_now()->platforms_matrix_access_token[0] == '\0';
}

bool matrix_may_login_again(void)
{
    return has_password();
}

static enum err ask_login(struct arena *a, str *ret_token, uint64_t *ret_lives_ms) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(json_decrefp) json_t *body = NULL, *j = NULL;
    struct http_response answer;

    /* One device for ever: by it the server knows what was sent twice. */
    body = json_pack("{s:s, s:{s:s, s:s}, s:s, s:s, s:s}", "type", "m.login.password", "identifier", "type", "m.id.user", "user",
                     c->platforms_matrix_user, "password", c->platforms_matrix_password, "device_id", c->platforms_matrix_device,
                     "initial_device_display_name", "Clawdbot");
    TRY(platform_fetch(a, &(struct platform_call){
        .platform = "Matrix", .body = body, .url = url_join(a, str_from(c->platforms_matrix_homeserver), S("_matrix/client/v3/login")),
    }, &answer, &j));
    if (answer.status == 403 || answer.status == 401)
        return failed(ERR_AUTH, "the Matrix server refuses the login: check platforms.matrix.user and password");
    TRY(matrix_result(&answer, j, NULL));
    *ret_token = arena_str(a, json_text_str(j, "access_token"));
    *ret_lives_ms = (uint64_t)json_int(j, "expires_in_ms", lives_otherwise_ms);
    log_mask(*ret_token);
    return OK;
}

static struct token session = { .ask = ask_login };

enum err matrix_login(struct arena *a)
{
    str token = str_from(config_now()->platforms_matrix_access_token);

    if (has_password())
        TRY(token_get(&session, a, &token));
    free(now.login);
    now.login = str_dup_c(token);
    now.by_password = has_password();
    return OK;
}

void matrix_forget_login(void)
{
    token_forget(&session);
    free(now.login);
    now.login = NULL;
}

/* The token that the server does not know any more: the next call logs in again, where we can. */
static enum err login_lost(void)
{
    bool again = now.by_password;

    matrix_forget_login();
    if (again)
        return failed(ERR_REMOTE, "the Matrix server ended the login; it is made anew");
    return failed(ERR_AUTH, "the Matrix server refuses the access token: check platforms.matrix.access_token");
}

/* ---- calls ---- */

enum err matrix_request(struct arena *a, const struct platform_call *c, struct http_request *out)
{
    struct platform_call call = *c;

    if (!now.login)
        return failed(ERR_REMOTE, "there is no login yet");
    call.platform = "Matrix";
    call.url = url_join(a, str_from(config_now()->platforms_matrix_homeserver), str_from(c->url));
    call.authorization = arena_printf(a, "Bearer %s", now.login);
    platform_request(a, &call, out);
    return OK;
}

enum err matrix_fetch(struct arena *a, const struct matrix_call *c, json_t **ret_json, uint64_t *ret_retry_ms)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct http_response answer;
    struct sent told;

    if (!now.login)
        TRY(matrix_login(a));
    TRY(platform_fetch(a, &(struct platform_call){
        .platform = "Matrix", .method = c->method, .body = c->body, .timeout_ms = c->timeout_ms, .max_body = c->max_body,
        .url = url_join(a, str_from(config_now()->platforms_matrix_homeserver), c->path),
        .authorization = arena_printf(a, "Bearer %s", now.login),
    }, &answer, &j));
    enum err e = matrix_result(&answer, j, &told);

    if (ret_retry_ms)
        *ret_retry_ms = told.retry_after_ms;
    if (e == ERR_AUTH)
        return login_lost();
    TRY(e);
    if (ret_json)
        *ret_json = json_incref(j);
    return OK;
}

str matrix_path(struct arena *a, const char *begin, str one, const char *middle, str two)
{
    CLEANUP(buf_done) struct buf b = {0};

    buf_add(&b, str_from(begin));
    url_add_encoded(&b, one);
    buf_add(&b, str_from(middle));
    url_add_encoded(&b, two);
    return arena_str(a, buf_str(&b));
}

enum err matrix_who(struct arena *a, struct matrix_bot *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL, *profile = NULL;

    TRY(matrix_fetch(a, &(struct matrix_call){ .path = S("/_matrix/client/v3/account/whoami") }, &j, NULL));
    out->user_id = arena_str(a, json_text_str(j, "user_id"));
    out->name = S("");
    if (!out->user_id.len)
        return failed(ERR_REMOTE, "the Matrix server does not say who we are");
    /* Without a display name there is none to be called by. */
    str path = matrix_path(a, "/_matrix/client/v3/profile/", out->user_id, "/displayname", S(""));
    enum err e = matrix_fetch(a, &(struct matrix_call){ .path = path }, &profile, NULL);

    if (e == OK)
        out->name = arena_str(a, json_text_str(profile, "displayname"));
    return e == OK || e == ERR_NOT_FOUND || e == ERR_INPUT ? OK : e;
}

/* ---- files ---- */

/* Media without a login (before 1.11 of the specification) is asked for where the newer way is not known. */
enum err matrix_locate(const struct channel_host *host UNUSED, struct arena *a, struct incoming_file *f)
{
    static const char *const ways[] = { "/_matrix/client/v1/media/download/", "/_matrix/media/v3/download/" };
    str rest = f->id, server;

    if (!str_eat(&rest, S("mxc://")) || !str_split(&rest, '/', &server) || !server.len || !rest.len)
        return failed(ERR_INPUT, "its address is none of Matrix");
    for (size_t i = 0; i < N_ELEMENTS(ways); i++) {
        CLEANUP(json_decrefp) json_t *j = NULL;
        struct http_response answer;

        TRY(matrix_login(a));
        TRY(matrix_request(a, &(struct platform_call){ .url = matrix_path(a, ways[i], server, "/", rest).p }, &f->request));
        f->request.max_body = config_now()->blobs_max_size;
        f->request.max_redirects = 3;       /* to where the server keeps its media; the login does not go along */
        TRY(channel_fetch(a, &f->request, &answer, NULL));
        bool unknown = answer.status >= 400 && json_parse(answer.body, &j) == OK
                       && str_eq(json_text_str(j, "errcode"), S("M_UNRECOGNIZED"));

        f->bytes = answer.body;
        if (!unknown || i + 1 == N_ELEMENTS(ways))
            return platform_error("Matrix", answer.status, json_text_str(j, "error"));
    }
    return OK;
}
