// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1_vectors.h"

#include "gateway/v1_read.h"

enum { TEXTS_MAX = 2048, DIMENSIONS_MAX = 65536 };

static enum err read_one(struct v1_request *r, const json_t *v, const char *where, const char *name, str *out)
{
    if (json_is_integer(v) || json_is_array(v))
        return v1_wrong(r, where, name, "is made of tokens; send the text: tokens are not the same to every model");
    if (!json_is_string(v) || json_string_length(v) == 0)
        return v1_wrong(r, where, name, "must be a string, and not empty");
    *out = json_strval(v);
    return OK;
}

static enum err read_input(struct v1_request *r, const json_t *body, struct v1_vectors_wish *w)
{
    const json_t *input = json_at(body, "input"), *one;
    size_t i;

    w->n = json_is_array(input) ? json_array_size(input) : 1;
    if (input == NULL || w->n == 0 || w->n > TEXTS_MAX)
        return v1_wrong(r, "", "input", "must be a text, or up to %d of them", TEXTS_MAX);
    w->texts = arena_alloc(r->arena, w->n * sizeof *w->texts);
    if (!json_is_array(input))
        return read_one(r, input, "", "input", &w->texts[0]);
    json_array_foreach((json_t *)input, i, one)
        TRY(read_one(r, one, "input", arena_printf(r->arena, "%zu", i), &w->texts[i]));
    return OK;
}

enum err v1_vectors_read(struct v1_request *r, const json_t *body, struct v1_vectors_wish *w)
{
    str format = S("float");

    TRY(v1_read_text(r, body, "", "model", &r->model));
    TRY(read_input(r, body, w));
    TRY(v1_read_text(r, body, "", "encoding_format", &format));
    if (!str_eq(format, S("float")) && !str_eq(format, S("base64")))
        return v1_wrong(r, "", "encoding_format", "must be float or base64");
    w->base64 = str_eq(format, S("base64"));
    TRY(v1_read_count(r, body, "dimensions", &w->dimensions));
    return w->dimensions > DIMENSIONS_MAX ? v1_wrong(r, "", "dimensions", "must be at most %d", DIMENSIONS_MAX) : OK;
}

/* Little-endian floats, as they are in memory here. */
static json_t *in_base64(const float *values, size_t n)
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };

    buf_add_base64(&b, str_of(values, n * sizeof *values));
    return json_from_str(buf_str(&b));
}

static json_t *in_numbers(const float *values, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_real((double)values[i]));
    return list;
}

json_t *v1_vectors_write(const struct embeddings *e, const struct v1_vectors_wish *w, const char *model)
{
    json_t *data = json_array();

    for (size_t i = 0; i < e->n; i++) {
        const float *values = e->values + i * e->dimension;

        json_array_append_new(data, json_pack("{s:s, s:I, s:o}", "object", "embedding", "index", (json_int_t)i, "embedding",
                                              w->base64 ? in_base64(values, e->dimension) : in_numbers(values, e->dimension)));
    }
    return json_pack("{s:s, s:o, s:s, s:{s:I, s:I}}", "object", "list", "data", data, "model", model, "usage", "prompt_tokens",
                     (json_int_t)e->tokens, "total_tokens", (json_int_t)e->tokens);
}
