// SPDX-License-Identifier: Apache-2.0
#include "model/quirks.h"

#include "model/api.h"

static const char *const names[] = {
#define QUIRK(id, name, words, doc) name,
#include "model/quirks.def"
#undef QUIRK
};

static const struct refusal rows[] = {
#define QUIRK(id, name, words, doc) { words, QUIRK_##id },
#include "model/quirks.def"
#undef QUIRK
};

unsigned quirk_named(str name)
{
    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (str_eq(name, str_from(names[i])))
            return 1u << i;
    return 0;
}

/* FastAPI's way: detail is a list of {"loc": ["body", "top_p"], "msg"}, and quotes what it was given beside, which may be all of it. */
static void add_details(struct buf *b, const json_t *details)
{
    const json_t *detail, *place;
    size_t i, k;

    json_array_foreach(details, i, detail) {
        json_array_foreach(json_at(detail, "loc"), k, place) {
            buf_add_char(b, '.');
            buf_add(b, json_strval(place));
        }
        buf_add_char(b, ' ');
        buf_add(b, json_text_str(detail, "msg"));
        buf_add_char(b, '\n');
    }
}

/* What is said of the request, without the request. */
static void add_complaint(struct buf *b, str body)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(body, &j) != OK) {
        buf_add(b, body);
        return;
    }
    buf_add(b, api_error_words(j));
    buf_add_char(b, ' ');
    buf_add(b, json_text_str(j, "error.param"));
    buf_add_char(b, ' ');
    buf_add(b, json_text_str(j, "error.code"));
    buf_add_char(b, '\n');
    add_details(b, json_at(j, "detail"));
}

static bool says_one_of(str complaint, str words)
{
    for (str word; str_split(&words, '|', &word); )
        if (str_find(complaint, word) != STR_NONE)
            return true;
    return false;
}

unsigned refusals_in(const struct refusal *all, size_t n, int status, str body)
{
    CLEANUP(buf_done) struct buf complaint = {0};
    unsigned found = 0;

    if (status != 400 && status != 413 && status != 422)
        return 0;
    add_complaint(&complaint, body);
    for (size_t i = 0; i < n; i++)
        if (says_one_of(buf_str(&complaint), str_from(all[i].words)))
            found |= all[i].bit;
    return found;
}

unsigned quirks_learned(int status, str body)
{
    unsigned found = refusals_in(rows, N_ELEMENTS(rows), status, body);

    if (found & QUIRK_NO_JSON_OBJECT)       /* it names what it takes instead */
        found &= ~(unsigned)QUIRK_NO_JSON_SCHEMA;
    return found;
}
