// SPDX-License-Identifier: Apache-2.0
/* tool_notes.c: notes: written down, shown, found by what they say, removed. */
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "gateway/kept.h"
#include "runtime/clock.h"
#include "runtime/zones.h"
#include "tool/file_job.h"

enum { TEXT_MAX = 5000, NOTES_MAX = 1000 /* of a person or a group */, SHOWN_MAX = 20, SHORT = 300 };

struct note { int64_t id; str person, text, taint; int64_t at; };

struct notes_call {
    struct kept      *kept;
    const json_t     *arguments;
    struct note      *notes;        /* newest first */
    size_t            n;
    struct kept_thing *things;
    bool             *marks;
};

#define SAY(c, chinese_text, english_text) ((c)->kept->chinese ? (chinese_text) : (english_text))

static enum err read_notes(struct notes_call *c) AWAITS
{
    struct arena *a = c->kept->cx->arena;
    struct rows r;

    TRY(store_read(c->kept->gateway->store, a, &r, "notes.list", "s", c->kept->scope));
    c->n = r.n;
    c->notes = arena_alloc(a, (r.n + 1) * sizeof *c->notes);
    c->things = arena_alloc(a, (r.n + 1) * sizeof *c->things);
    c->marks = arena_alloc(a, r.n + 1);
    for (size_t i = 0; i < r.n; i++) {
        c->notes[i] = (struct note){ row_int(&r, i, 0), row_str(&r, i, 1), row_str(&r, i, 2), row_str(&r, i, 3), row_int(&r, i, 4) };
        c->things[i] = (struct kept_thing){ c->notes[i].id, c->notes[i].text, NO_STR };
    }
    return OK;
}

static void say_note(struct notes_call *c, const struct note *n, size_t max)
{
    struct civil at;

    zone_civil(zones_local(), n->at, &at);
    buf_addf(&c->kept->text, "\n- #%" PRId64 " (%d-%02d-%02d) %.*s%s", n->id, at.year, at.month, at.day, STR(utf8_take(n->text, max)),
             n->text.len > max ? "…" : "");
    kept_shown(c->kept, n->person, n->taint);
}

static size_t say_marked(struct notes_call *c, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        if (c->marks[i] && n++ < SHOWN_MAX)
            say_note(c, &c->notes[i], max);
    if (n > SHOWN_MAX)
        buf_addf(&c->kept->text, SAY(c, "\n另有 %zu 条", "\nand %zu more"), n - SHOWN_MAX);
    return n;
}

static enum err add(struct notes_call *c) AWAITS
{
    struct kept *k = c->kept;
    struct batch *b = batch_new(k->cx->arena);
    str text = str_trim(json_text_str(c->arguments, "text")), after = k->chinese ? S("）") : S(")");

    if (text.len == 0)
        return failed(ERR_INPUT, SAY(c, "要记什么？", "what is to be written down?"));
    if (utf8_length(text) > TEXT_MAX)
        return failed(ERR_INPUT, SAY(c, "一条笔记最多 %d 个字", "a note has at most %d characters"), TEXT_MAX);
    if (c->n >= NOTES_MAX)
        return failed(ERR_LIMIT, SAY(c, "笔记太多了（%d 条），请先删除一些", "there are %d notes: remove some first"), NOTES_MAX);
    buf_addf(&k->text, SAY(c, "记下了：%.*s%s（#", "Noted: %.*s%s (#"), STR(utf8_take(text, SHORT)), text.len > SHORT ? "…" : "");
    batch_add(b, "notes.add", "ssssi", k->scope, k->cx->person.id, text, kept_taint(k), clock_wall_ms());
    kept_add_answer_with_id(k, b, "notes", arena_str(k->cx->arena, buf_str(&k->text)), after);
    TRY(store_commit(k->gateway->store, b));
    buf_addf(&k->text, "%" PRId64 "%.*s", row_int(batch_rows(b, 0), 0, 0), STR(after));
    return OK;
}

static enum err show(struct notes_call *c)
{
    str query = str_trim(json_text_str(c->arguments, "query"));
    struct kept *k = c->kept;
    size_t n = kept_match(c->things, c->n, query.len ? query : S("all"), c->marks);

    if (c->n == 0)
        buf_addf(&k->text, SAY(c, "还没有笔记。", "There are no notes yet."));
    else if (n == 0)
        buf_addf(&k->text, SAY(c, "没有关于“%.*s”的笔记。", "There is no note about %.*s."), STR(utf8_take(query, 100)));
    else
        buf_addf(&k->text, SAY(c, "笔记（%zu）：", "Notes (%zu):"), n);
    say_marked(c, n == 1 ? TEXT_MAX * 4 : SHORT);
    return OK;
}

static size_t drop_those_of_others(struct notes_call *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++) {
        c->marks[i] = c->marks[i] && kept_may_change(c->kept, c->notes[i].person);
        n += c->marks[i];
    }
    return n;
}

static enum err remove_marked(struct notes_call *c) AWAITS
{
    struct kept *k = c->kept;
    struct batch *b = batch_new(k->cx->arena);

    buf_add(&k->text, k->chinese ? S("已删除：") : S("Removed:"));
    say_marked(c, SHORT);
    for (size_t i = 0; i < c->n; i++)
        if (c->marks[i])
            batch_add(b, "notes.remove", "is", c->notes[i].id, k->scope);
    kept_add_answer(k, b);
    return store_commit(k->gateway->store, b);
}

static enum err remove_some(struct notes_call *c) AWAITS
{
    str which = str_trim(json_text_str(c->arguments, "which"));
    struct kept *k = c->kept;

    if (which.len == 0)
        return failed(ERR_INPUT, SAY(c, "要删除哪条笔记？", "which note?"));
    size_t n = kept_match(c->things, c->n, which, c->marks);

    if (n == 0)
        return kept_refuse(k, SAY(c, "没有这样的笔记：%.*s", "There is no such note: %.*s"), STR(utf8_take(which, 100)));
    if (drop_those_of_others(c) == 0)
        return kept_refuse(k, SAY(c, "那是别人的笔记。", "That note is somebody else's."));
    if (n == 1 || kept_is_all(which))
        return remove_marked(c);
    buf_add(&k->text, k->chinese ? S("有几条符合，请说编号：") : S("Several fit; say the number:"));
    say_marked(c, SHORT);
    k->refused = true;
    return OK;
}

static enum err act(struct notes_call *c) AWAITS
{
    static const struct { const char *name; enum err (*run)(struct notes_call *); } actions[] = {
        { "add", add }, { "show", show }, { "remove", remove_some },
    };
    const char *action = json_text(c->arguments, "action");

    TRY(read_notes(c));
    for (size_t i = 0; i < N_ELEMENTS(actions); i++)
        if (strcmp(action, actions[i].name) == 0)
            return actions[i].run(c);
    return failed(ERR_INPUT, "action is add, show or remove");
}

static enum err notes_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    CLEANUP(kept_done) struct kept k;
    struct notes_call c = { .kept = &k, .arguments = arguments };
    enum err e = kept_begin(cx, "notes", arguments, &k);

    if (e == OK && k.answered.len == 0)
        e = act(&c);
    if (e == ERR_INPUT || e == ERR_AUTH || e == ERR_LIMIT)
        e = kept_refuse(&k, "%s", failed_text());
    TRY(e);
    kept_result(&k, out);
    return OK;
}

const struct tool tool_notes = {
    .name = "notes",
    .description = "Notes of this person: writes one down, shows them or those about something, removes one. For what is to be found again "
                   "word for word; memory_save is for what you should know. The answer can be shown to the person as it is.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"action\"],\"properties\":{"
              "\"action\":{\"type\":\"string\",\"enum\":[\"add\",\"show\",\"remove\"]},"
              "\"text\":{\"type\":\"string\",\"description\":\"For add\"},"
              "\"query\":{\"type\":\"string\",\"description\":\"For show: what it is about, or a number; all if absent\"},"
              "\"which\":{\"type\":\"string\",\"description\":\"For remove: its number, words of it, or all\"}}}",
    .risk = RISK_READ, .repeatable = true, .run = notes_run,
};
