// SPDX-License-Identifier: Apache-2.0
#include "gateway/kept.h"

#include <inttypes.h>
#include <string.h>

#include "base/words.h"
#include "tool/file_job.h"

/* ---- a call ---- */

/* A provider may use a call's id again in its next reply: what it says belongs to the key. */
static str key_of(const struct tool_context *cx, const char *tool, const json_t *arguments)
{
    static const uint64_t fixed[2] = { 3, 4 };

    if (cx->inbox_id == 0)
        return NO_STR;
    return str_from(arena_printf(cx->arena, "%s/%.*s/%016" PRIx64, tool, STR(cx->call_id),
                                 str_hash_keyed(json_print(cx->arena, arguments), fixed)));
}

static enum err find_answer(struct kept *k) AWAITS
{
    struct rows r;

    if (k->key.len == 0)
        return OK;
    TRY(store_read(k->gateway->store, k->cx->arena, &r, "kept.answered", "is", k->cx->inbox_id, k->key));
    if (r.n)
        k->answered = row_str(&r, 0, 0);
    return OK;
}

/* The command line asks in no conversation. */
static enum err find_scope(struct kept *k) AWAITS
{
    const struct tool_context *cx = k->cx;

    if (cx->session_id.len == 0 && person_is_owner(&cx->person)) {
        k->scopes.own = (struct scope){ SCOPE_USER, cx->person.id };
        k->scopes.is_private = true;
    } else {
        TRY(memory_scopes_of(k->gateway, cx->arena, cx->session_id, &cx->person, &k->scopes));
        if (!k->scopes.may_save)
            return failed(ERR_AUTH, k->chinese ? "访客不能使用提醒、清单和笔记" : "nothing is kept for guests");
    }
    k->scope = scope_text(cx->arena, k->scopes.own);
    return OK;
}

enum err kept_begin(const struct tool_context *cx, const char *tool, const json_t *arguments, struct kept *out)
{
    *out = (struct kept){ .cx = cx, .gateway = cx->host->gateway, .chinese = cx->chinese, .key = key_of(cx, tool, arguments),
                          .answered = S(""), .taint = S("") };
    TRY(find_scope(out));
    return find_answer(out);
}

void kept_done(struct kept *k)
{
    buf_done(&k->text);
}

void kept_result(const struct kept *k, struct tool_result *out)
{
    *out = (struct tool_result){ .text = k->answered.len ? k->answered : arena_str(k->cx->arena, buf_str(&k->text)),
                                 .is_error = k->refused, .taint = k->taint };
}

void kept_add_answer(const struct kept *k, struct batch *b)
{
    if (k->key.len)
        batch_add(b, "kept.answer", "iss", k->cx->inbox_id, k->key, buf_str(&k->text));
}

void kept_add_answer_with_id(const struct kept *k, struct batch *b, const char *table, str before, str after)
{
    if (k->key.len == 0)
        return;
    if (strcmp(table, "timers") == 0)
        batch_add(b, "kept.answer_timer", "isss", k->cx->inbox_id, k->key, before, after);
    else
        batch_add(b, "kept.answer_note", "isss", k->cx->inbox_id, k->key, before, after);
}

enum err kept_refuse(struct kept *k, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    buf_clear(&k->text);
    buf_add(&k->text, tool_refusal(k->cx, "%s", text).text);
    k->refused = true;
    return OK;
}

/* ---- whose words ---- */

str kept_taint(const struct kept *k)
{
    return k->cx->taint;
}

void kept_shown(struct kept *k, str person, str taint)
{
    if (k->taint.len)
        return;
    if (taint.len)
        k->taint = arena_str(k->cx->arena, taint);
    else if (!str_eq(person, k->cx->person.id))
        k->taint = str_from(arena_printf(k->cx->arena, "what %.*s had kept", STR(person)));
}

bool kept_may_change(const struct kept *k, str person)
{
    struct memory_item like = { .scope = k->scopes.own, .person = person };

    return k->cx->session_id.len == 0 || memory_scopes_may_change(&k->scopes, &like);
}

/* ---- which ---- */

static bool is_number(str which, int64_t *out)
{
    static const str before[] = { S("#"), S("＃"), S("第"), S("no."), S("No.") }, after[] = { S("."), S("号"), S("个"), S("条"), S("项") };

    for (size_t i = 0; i < N_ELEMENTS(before); i++)
        if (str_eat(&which, before[i]))
            break;
    which = str_trim(which);
    for (size_t i = 0; i < N_ELEMENTS(after); i++)
        if (str_ends(which, after[i]))
            which.len -= after[i].len;
    return str_i64(which, out) == OK;
}

bool kept_is_all(str which)
{
    static const str words[] = {
        S("all"), S("everything"), S("all of them"), S("all reminders"), S("全部"), S("所有"), S("所有的"), S("全部的"), S("都"), S("一切"),
        S("所有提醒"), S("全部提醒"), S("*"),
    };

    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (str_eq_nocase(which, words[i]))
            return true;
    return false;
}

/* Chinese is looked for as it stands (its words are pairs of characters), all else from where a word begins. */
static bool has_word(str text, const struct word *w)
{
    struct words of_text = { .text = text };
    struct word other;

    if (w->is_han)
        return str_find(text, w->folded) != STR_NONE;
    while (words_next(&of_text, &other))
        if (str_eq(other.folded, w->folded) || (w->folded.len > 2 && str_starts(other.folded, w->folded)))
            return true;
    return false;
}

/* Words that say nothing of what is meant. */
static bool is_filler(str word)
{
    static const str fillers[] = {
        S("the"), S("a"), S("an"), S("my"), S("our"), S("of"), S("for"), S("to"), S("about"), S("that"), S("with"),
    };

    for (size_t i = 0; i < N_ELEMENTS(fillers); i++)
        if (str_eq(word, fillers[i]))
            return true;
    return false;
}

enum { LIKE_ENOUGH = 500, LIKE_WORDS = 1000, LIKE_ITSELF = 2000 };

static unsigned likeness(const struct kept_thing *thing, str which)
{
    struct words words = { .text = which };
    unsigned n = 0, found = 0;
    size_t end = 0;
    struct word w;

    if (str_eq_nocase(str_trim(thing->text), which))
        return LIKE_ITSELF;
    while (words_next(&words, &w)) {
        bool counts = w.is_han ? w.end != end : !is_filler(w.folded);       /* the last of a run of pairs ends where a pair ended */

        end = w.end;
        n += counts;
        found += counts && (has_word(thing->text, &w) || has_word(thing->also, &w));
    }
    return n ? LIKE_WORDS * found / n : 0;
}

static size_t mark_number(const struct kept_thing *things, size_t n, int64_t number, bool *marks)
{
    size_t marked = 0;

    for (size_t i = 0; i < n; i++)
        marked += marks[i] = number > 0 && things[i].number == number;
    return marked;
}

/* The likest of them, as long as half of the words are there. */
static size_t mark_likest(const struct kept_thing *things, size_t n, str which, bool *marks)
{
    unsigned best = LIKE_ENOUGH;
    size_t marked = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned like = likeness(&things[i], which);

        best = like > best ? like : best;
    }
    for (size_t i = 0; i < n; i++)
        marked += marks[i] = likeness(&things[i], which) == best;
    return marked;
}

size_t kept_match(const struct kept_thing *things, size_t n, str which, bool *marks)
{
    int64_t number;

    which = str_trim(which);
    memset(marks, 0, n * sizeof *marks);
    if (is_number(which, &number)) {
        size_t marked = mark_number(things, n, number, marks);

        if (marked)
            return marked;
    }
    if (!kept_is_all(which))
        return mark_likest(things, n, which, marks);
    memset(marks, true, n * sizeof *marks);
    return n;
}
