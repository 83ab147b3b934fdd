// SPDX-License-Identifier: Apache-2.0
#include "model/api.h"

#include <math.h>
#include <string.h>

#include "model/words.h"
#include "net/url.h"

static struct http_field key_of(struct arena *a, const struct model_target *t, const char *field)
{
    const char *name = t->key_field ? t->key_field : field;
    const char *before = strcmp(name, "Authorization") == 0 ? "Bearer " : "";

    return (struct http_field){ str_from(name), str_from(arena_printf(a, "%s%s", before, t->api_key)) };
}

void api_request(struct arena *a, const struct model_target *t, const struct api_head *head, str body, struct http_request *out)
{
    struct http_field *fields = arena_alloc(a, (head->n_more + 2) * sizeof *fields);
    str url = str_from(url_join(a, str_from(t->endpoint), str_from(head->path)));
    size_t n = 0;

    if (t->api_key && *t->api_key)
        fields[n++] = key_of(a, t, head->key_field);
    if (body.len)
        fields[n++] = (struct http_field){ S("Content-Type"), S("application/json") };
    for (size_t i = 0; i < head->n_more; i++)
        fields[n++] = head->more[i];
    if (t->query)
        url = str_from(arena_printf(a, "%.*s%c%s", STR(url), str_find_char(url, '?') == STR_NONE ? '?' : '&', t->query));
    *out = (struct http_request){
        .method = body.len ? "POST" : NULL, .url = url.p, .unix_socket = t->unix_socket, .fields = fields, .n_fields = n,
        .body = body.len ? arena_str(a, body) : NO_STR,
    };
}

json_t *api_kept(str kept, const char *api)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    /* It stands first, and thoughts are long: another API's are not even read. */
    if (str_find(str_take(kept, 64), str_from(api)) == STR_NONE)
        return NULL;
    if (json_parse(kept, &j) != OK || !str_eq(json_text_str(j, "api"), str_from(api)))
        return NULL;
    return json_incref(json_at(j, "items"));
}

/* Gemini wraps its errors into a list where it was asked for one. */
str api_error_words(const json_t *j)
{
    static const char *const places[] = { "error.message", "error", "message", "detail", "detail.0.msg", "0.error.message" };

    for (size_t i = 0; i < N_ELEMENTS(places); i++) {
        str s = json_strval(json_at(j, places[i]));

        if (s.len)
            return s;
    }
    return json_at(j, "error") ? S("an error without words") : NO_STR;
}

/* As OpenAI, Anthropic, Gemini, llama.cpp, vLLM and OpenRouter say it. */
static bool says_too_long(str kind, str words)
{
    static const char *const signs[] = {
        "context_length_exceeded", "exceed_context_size_error", "context length", "context window", "context size", "prompt is too long",
        "exceeds the maximum number of tokens", "too many tokens", "input is too long", "exceed context limit", "request_too_large",
    };

    for (size_t i = 0; i < N_ELEMENTS(signs); i++)
        if (str_find(kind, str_from(signs[i])) != STR_NONE || str_find(words, str_from(signs[i])) != STR_NONE)
            return true;
    return false;
}

/* Key or account, said with status 400 (Anthropic, Gemini), with 429 (OpenAI), or in a stream, which has none. */
static bool says_not_allowed(str kind, str words)
{
    static const char *const kinds[] = {
        "insufficient_quota", "authentication_error", "permission_error", "billing_error", "PERMISSION_DENIED", "UNAUTHENTICATED",
    };
    static const char *const signs[] = { "credit balance is too low", "API usage limits", "API key not valid", "API key expired" };

    for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
        if (str_eq(kind, str_from(kinds[i])))
            return true;
    for (size_t i = 0; i < N_ELEMENTS(signs); i++)
        if (str_find(words, str_from(signs[i])) != STR_NONE)
            return true;
    return false;
}

/* A used-up quota comes as 429 too, but waiting does not mend it. */
enum err api_code(int status, str kind, str words)
{
    if (status == 401 || status == 402 || status == 403 || says_not_allowed(kind, words))
        return ERR_AUTH;
    if (status == 429 || str_find(kind, S("rate_limit")) != STR_NONE)
        return ERR_LIMIT;
    if ((status == 0 || status == 400 || status == 413 || status == 422 || status == 500) && says_too_long(kind, words))
        return ERR_TOO_LONG;
    if (status == 408 || (status >= 500 && status != 501 && status != 505) || str_find(kind, S("overloaded")) != STR_NONE
        || str_eq(kind, S("server_error")) || str_eq(kind, S("api_error")))
        return ERR_NET;
    if (status == 404)
        return ERR_NOT_FOUND;
    return status == 400 || status == 413 || status == 422 ? ERR_INPUT : ERR_REMOTE;
}

/* OpenAI: error.code, error.type; Anthropic: error.type; Gemini: error.status, and error.code is the number. */
static str kind_of(const json_t *j)
{
    static const char *const places[] = { "error.code", "error.type", "error.status", "0.error.status", "code", "type" };

    for (size_t i = 0; i < N_ELEMENTS(places); i++) {
        str s = json_text_str(j, places[i]);

        if (s.len)
            return s;
    }
    return NO_STR;
}

enum err api_refused(int status, str body)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(buf_done) struct buf words = {0};

    if (json_parse(body, &j) == OK && api_error_words(j).p)
        words_shorten(&words, api_error_words(j));
    else
        words_of_page(&words, body);
    return failed(api_code(status, kind_of(j), buf_str(&words)), "HTTP %d: %s", status, words.len ? buf_c(&words) : "no words");
}

uint64_t api_retry_delay_ms(str body)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *detail;
    uint64_t seconds;
    size_t i;

    if (json_parse(body, &j) != OK)
        return UINT64_MAX;
    json_array_foreach(json_at(j, json_is_array(j) ? "0.error.details" : "error.details"), i, detail) {
        str delay = json_text_str(detail, "retryDelay"), whole = NO_STR;

        if (str_ends(delay, S("s")) && str_split(&(str){ delay.p, delay.len - 1 }, '.', &whole)
            && str_u64(whole, &seconds) == OK && seconds < UINT32_MAX)
            return (seconds + (whole.len + 1 < delay.len)) * 1000;
    }
    return UINT64_MAX;
}

/* An error inside a stream has no status, but some servers put one into the code. */
enum err api_broke_off(const json_t *j)
{
    CLEANUP(buf_done) struct buf words = {0};

    words_shorten(&words, api_error_words(j));
    enum err e = api_code((int)json_int(j, "error.code", 0), kind_of(j), buf_str(&words));

    return failed(e == ERR_INPUT ? ERR_REMOTE : e, "the server broke off: %s", buf_c(&words));
}

/* What a model wrote that was cut short is no JSON.  The result that follows the call says what was wrong with it. */
str api_call_arguments(str written)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    return json_parse(written, &j) == OK && json_is_object(j) ? written : S("{}");
}

void api_names(struct arena *a, const json_t *list, const char *path, const char ***ret_names, size_t *ret_n)
{
    const char **names = arena_alloc(a, (json_array_size(list) + 1) * sizeof *names);
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(list); i++)
        if (*json_text(json_array_get(list, i), path))
            names[n++] = arena_c(a, json_text_str(json_array_get(list, i), path));
    *ret_names = names;
    *ret_n = n;
}

/* A list of numbers, or (OpenAI) the base64 of 32 bit floats, the lowest byte first. */
static enum err add_vector(const json_t *vector, struct buf *all)
{
    const json_t *number;
    size_t i;

    if (json_is_string(vector)) {
        if (buf_add_unbase64(all, json_strval(vector)) != OK || all->len % sizeof(float))
            return failed(ERR_REMOTE, "a vector of the embeddings is neither numbers nor base64 of floats");
        return OK;
    }
    json_array_foreach(vector, i, number) {
        float value = (float)json_number_value(number);

        if (!json_is_number(number))
            return failed(ERR_REMOTE, "a vector of the embeddings has something in it that is no number");
        buf_add(all, str_of(&value, sizeof value));
    }
    return OK;
}

static enum err add_vectors(const json_t *list, const char *path, struct buf *all)
{
    size_t i, size = 0;
    const json_t *element;

    json_array_foreach(list, i, element) {
        size_t before = all->len;

        TRY(add_vector(path ? json_at(element, path) : element, all));
        if (i == 0)
            size = all->len;
        if (all->len - before != size)
            return failed(ERR_REMOTE, "the vectors of the embeddings are not of one length");
    }
    if (size == 0)
        return failed(ERR_REMOTE, "there are no vectors in the answer");
    return buf_check(all, "the vectors of the embeddings");
}

enum err api_vectors(struct arena *a, const json_t *list, const char *path, struct embeddings *out)
{
    CLEANUP(buf_done) struct buf all = { .max = SIZE_MAX / 2 };

    TRY(add_vectors(list, path, &all));
    float *values = arena_alloc(a, all.len);
    size_t n = json_array_size(list);

    memcpy(values, all.p, all.len);
    for (size_t i = 0; i < all.len / sizeof *values; i++)
        if (!isfinite(values[i]))
            return failed(ERR_REMOTE, "a vector of the embeddings has a number in it that is infinite or none");
    *out = (struct embeddings){ .values = values, .n = n, .dimension = all.len / sizeof *values / n };
    return OK;
}

static int64_t context_of(const json_t *entry)
{
    static const char *const words[] = {
        "max_model_len", "context_length", "max_context_length", "context_window", "inputTokenLimit", "meta.n_ctx_train",
    };

    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (json_int(entry, words[i], 0) > 0)
            return json_int(entry, words[i], 0);
    return 0;
}

int64_t api_listed_context(const json_t *list, const char *name)
{
    const json_t *all = json_at(list, "data") ? json_at(list, "data") : json_at(list, "models"), *entry;
    size_t i;

    json_array_foreach(all, i, entry) {
        str id = json_text_str(entry, "id").len ? json_text_str(entry, "id") : json_text_str(entry, "name");

        str_eat(&id, S("models/"));         /* Gemini */
        if (str_eq(id, str_from(name)))
            return context_of(entry);
    }
    return 0;
}
