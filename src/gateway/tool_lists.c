// SPDX-License-Identifier: Apache-2.0
/* tool_lists.c: lists: what is to be done, to be bought, and whatever else people call one.  A list is there as long as something is
 * on it.  In a group everybody there may change what is on it. */
#include <string.h>

#include "base/utf8.h"
#include "gateway/kept.h"
#include "runtime/clock.h"
#include "tool/file_job.h"

enum { TEXT_MAX = 500, NAME_MAX_ = 60, ITEMS_MAX = 1000 /* of a person or a group */, ASKED_MAX = 100, DONE_SHOWN = 10, TOLD_MAX = 20 };

struct list_item { int64_t id; str person, list, text, taint; bool done; };

struct lists_call {
    struct kept      *kept;
    const json_t     *arguments;
    str               list;         /* its name as it is stored */
    bool              list_said;    /* by whoever asks; else it is the default */
    str               wanted[ASKED_MAX];
    size_t            n_wanted;
    struct list_item *items;        /* all there are, of all lists */
    size_t            n;
    struct kept_thing *things;      /* one for each of them; the number is its place among what is open on `list` */
    bool             *marks;
};

#define SAY(c, chinese_text, english_text) ((c)->kept->chinese ? (chinese_text) : (english_text))

/* ---- names ---- */

/* Those that people have more than one word for.  The first is the one that is stored. */
static const struct { const char *name, *chinese, *words; } known[] = {
    { "to-do", "待办", "to-do,todo,to do,todos,tasks,待办,待办事项,任务,默认,default" },
    { "shopping", "购物", "shopping,groceries,grocery,shopping list,购物,采购,购物单" },
};

static bool is_word_of(const char *words, str name)
{
    str rest = str_from(words), word;

    while (str_split(&rest, ',', &word))
        if (str_eq_nocase(word, name))
            return true;
    return false;
}

static str without_ending(str name)
{
    static const str endings[] = { S(" list"), S(" List"), S("清单"), S("列表"), S("名单") };

    for (size_t i = 0; i < N_ELEMENTS(endings); i++)
        if (name.len > endings[i].len && str_ends(name, endings[i]))
            return str_trim(str_take(name, name.len - endings[i].len));
    return name;
}

static str stored_name(str name)
{
    for (size_t i = 0; i < N_ELEMENTS(known); i++)
        if (is_word_of(known[i].words, name))
            return str_from(known[i].name);
    return name;
}

static str shown_name(const struct lists_call *c, str name)
{
    for (size_t i = 0; i < N_ELEMENTS(known) && c->kept->chinese; i++)
        if (str_eq(name, str_from(known[i].name)))
            return str_from(known[i].chinese);
    return name;
}

/* ---- reading ---- */

static enum err want(struct lists_call *c, str text)
{
    text = str_trim(text);
    if (text.len == 0)
        return OK;
    if (c->n_wanted >= ASKED_MAX)
        return failed(ERR_INPUT, SAY(c, "一次最多 %d 项", "at most %d items at a time"), ASKED_MAX);
    if (utf8_length(text) > TEXT_MAX)
        return failed(ERR_INPUT, SAY(c, "一项最多 %d 个字", "an item has at most %d characters"), TEXT_MAX);
    c->wanted[c->n_wanted++] = text;
    return OK;
}

static size_t first_of(str text, const str *marks, size_t n, size_t *ret_len)
{
    size_t first = STR_NONE;

    for (size_t i = 0; i < n; i++) {
        size_t at = str_find(text, marks[i]);

        if (at < first) {
            first = at;
            *ret_len = marks[i].len;
        }
    }
    return first;
}

/* As people say several: "milk, eggs and bread", 牛奶、鸡蛋和面包.  "bread and butter" alone is one. */
static enum err want_said(struct lists_call *c, str text)
{
    static const str marks[] = { S("、"), S("，"), S(", "), S("；"), S("; "), S("\n") }, last[] = { S(" and "), S("和") };
    size_t len, at;

    if (first_of(text, marks, N_ELEMENTS(marks), &len) == STR_NONE)
        return want(c, text);
    while ((at = first_of(text, marks, N_ELEMENTS(marks), &len)) != STR_NONE) {
        TRY(want(c, str_take(text, at)));
        text = str_skip(text, at + len);
    }
    str_eat(&text, S("and "));
    at = first_of(text, last, N_ELEMENTS(last), &len);
    if (at == STR_NONE)
        return want(c, text);
    TRY(want(c, str_take(text, at)));
    return want(c, str_skip(text, at + len));
}

static enum err read_arguments(struct lists_call *c)
{
    str name = without_ending(str_trim(json_text_str(c->arguments, "list")));
    const json_t *one;
    size_t i;

    c->list_said = name.len > 0;
    c->list = c->list_said ? stored_name(name) : str_from(known[0].name);
    if (utf8_length(c->list) > NAME_MAX_)
        return failed(ERR_INPUT, SAY(c, "清单的名字最多 %d 个字", "a list's name has at most %d characters"), NAME_MAX_);
    json_array_foreach(json_at(c->arguments, "items"), i, one)
        TRY(want(c, json_strval(one)));
    return want_said(c, json_text_str(c->arguments, "item"));
}

/* Of the same name in another case, the one that is there. */
static void use_name_of(struct lists_call *c, str existing)
{
    if (str_eq_nocase(existing, c->list))
        c->list = existing;
}

static enum err read_items(struct lists_call *c) AWAITS
{
    struct arena *a = c->kept->cx->arena;
    struct rows r;

    TRY(store_read(c->kept->gateway->store, a, &r, "lists.items", "s", c->kept->scope));
    c->n = r.n;
    c->items = arena_alloc(a, (r.n + 1) * sizeof *c->items);
    c->things = arena_alloc(a, (r.n + 1) * sizeof *c->things);
    c->marks = arena_alloc(a, r.n + 1);
    for (size_t i = 0; i < r.n; i++) {
        c->items[i] = (struct list_item){ row_int(&r, i, 0), row_str(&r, i, 1), row_str(&r, i, 2), row_str(&r, i, 3), row_str(&r, i, 4),
                                          !row_null(&r, i, 5) };
        use_name_of(c, c->items[i].list);
    }
    return OK;
}

/* ---- show ---- */

static bool is_on(const struct lists_call *c, size_t i)
{
    return str_eq(c->items[i].list, c->list);
}

static size_t count(const struct lists_call *c, str list, bool done)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += str_eq(c->items[i].list, list) && c->items[i].done == done;
    return n;
}

static void say_done(struct lists_call *c, size_t n_done)
{
    struct buf *b = &c->kept->text;
    size_t said = 0;

    if (n_done == 0)
        return;
    buf_add(b, c->kept->chinese ? S("\n\n已完成：") : S("\n\nDone: "));
    for (size_t i = c->n; i-- > 0 && said < DONE_SHOWN;)
        if (is_on(c, i) && c->items[i].done) {
            buf_addf(b, "%s%.*s", said++ ? SAY(c, "、", ", ") : "", STR(c->items[i].text));
            kept_shown(c->kept, c->items[i].person, c->items[i].taint);
        }
    if (n_done > said)
        buf_addf(b, SAY(c, "，另有 %zu 项", ", and %zu more"), n_done - said);
}

static enum err show(struct lists_call *c)
{
    struct buf *b = &c->kept->text;
    size_t open = count(c, c->list, false), n = 0;
    str name = shown_name(c, c->list);

    if (open == 0)
        buf_addf(b, SAY(c, "%.*s清单是空的。", "There is nothing on the list %.*s."), STR(name));
    else
        buf_addf(b, SAY(c, "%.*s（%zu 项）：", "%.*s (%zu):"), STR(name), open);
    for (size_t i = 0; i < c->n; i++)
        if (is_on(c, i) && !c->items[i].done) {
            buf_addf(b, "\n%zu. %.*s", ++n, STR(c->items[i].text));
            kept_shown(c->kept, c->items[i].person, c->items[i].taint);
        }
    say_done(c, count(c, c->list, true));
    return OK;
}

static enum err names(struct lists_call *c)
{
    struct buf *b = &c->kept->text;

    if (c->n == 0) {
        buf_addf(b, SAY(c, "还没有清单。", "There are no lists yet."));
        return OK;
    }
    buf_add(b, c->kept->chinese ? S("清单：") : S("Lists:"));
    for (size_t i = 0; i < c->n; i++) {     /* sorted by list */
        str list = c->items[i].list;

        kept_shown(c->kept, c->items[i].person, c->items[i].taint);
        if (i == 0 || !str_eq(list, c->items[i - 1].list))
            buf_addf(b, SAY(c, "\n- %.*s（%zu 项）", "\n- %.*s (%zu)"), STR(shown_name(c, list)), count(c, list, false));
    }
    return OK;
}

/* ---- add ---- */

static bool is_there(const struct lists_call *c, str text)
{
    for (size_t i = 0; i < c->n; i++)
        if (is_on(c, i) && !c->items[i].done && str_eq_nocase(c->items[i].text, text))
            return true;
    return false;
}

static bool was_said_before(const struct lists_call *c, size_t k)
{
    for (size_t i = 0; i < k; i++)
        if (str_eq_nocase(c->wanted[i], c->wanted[k]))
            return true;
    return false;
}

static void say_wanted(struct lists_call *c, const bool *which, bool value)
{
    struct buf *b = &c->kept->text;
    size_t said = 0, more = 0;

    for (size_t k = 0; k < c->n_wanted; k++) {
        if (which[k] != value)
            continue;
        if (said < TOLD_MAX)
            buf_addf(b, "%s%.*s", said++ ? SAY(c, "、", ", ") : "", STR(c->wanted[k]));
        else
            more++;
    }
    if (more)
        buf_addf(b, SAY(c, "等（另有 %zu 项）", " and %zu more"), more);
}

static void say_added(struct lists_call *c, const bool *is_new, size_t n_new)
{
    struct buf *b = &c->kept->text;
    str name = shown_name(c, c->list);

    if (n_new) {
        buf_addf(b, SAY(c, "已加到%.*s清单：", "Added to %.*s: "), STR(name));
        say_wanted(c, is_new, true);
        buf_addf(b, SAY(c, "。（现在共 %zu 项）", ". (%zu now)"), count(c, c->list, false) + n_new);
    }
    if (n_new < c->n_wanted) {
        buf_addf(b, SAY(c, "%s%.*s清单上已经有：", "%sAlready on %.*s: "), n_new ? SAY(c, "", " ") : "", STR(name));
        say_wanted(c, is_new, false);
        buf_add(b, c->kept->chinese ? S("。") : S("."));
    }
}

static enum err add(struct lists_call *c) AWAITS
{
    struct kept *k = c->kept;
    struct batch *b = batch_new(k->cx->arena);
    bool *is_new = arena_alloc(k->cx->arena, ASKED_MAX);
    size_t n_new = 0;

    if (c->n_wanted == 0)
        return failed(ERR_INPUT, SAY(c, "要添加什么？", "what is to be added?"));
    for (size_t i = 0; i < c->n_wanted; i++) {
        is_new[i] = !is_there(c, c->wanted[i]) && !was_said_before(c, i);
        n_new += is_new[i];
        if (is_new[i])
            batch_add(b, "lists.add", "sssssi", k->scope, k->cx->person.id, c->list, c->wanted[i], kept_taint(k), clock_wall_ms());
    }
    if (c->n + n_new > ITEMS_MAX)
        return failed(ERR_LIMIT, SAY(c, "清单上的东西太多了（最多 %d 项），请先移除一些", "your lists are full (%d items): remove some first"), ITEMS_MAX);
    say_added(c, is_new, n_new);
    kept_add_answer(k, b);
    return batch_size(b) ? store_commit(k->gateway->store, b) : OK;
}

/* ---- done, remove ---- */

/* What may be meant: first what is on the list, then, where none was named, what is on any. */
static void look_at(struct lists_call *c, bool everywhere, bool with_done)
{
    int64_t place = 0;

    for (size_t i = 0; i < c->n; i++) {
        bool here = is_on(c, i), counts = (here || everywhere) && (with_done || !c->items[i].done);

        c->things[i] = (struct kept_thing){ here && !c->items[i].done ? ++place : 0, counts ? c->items[i].text : S(""), NO_STR };
    }
}

/* What looks the same is one thing too many: the first that is open is taken. */
static void keep_one(struct lists_call *c, const bool *found, bool *marks)
{
    size_t first = c->n;

    for (size_t i = 0; i < c->n && first == c->n; i++)
        if (found[i] && !c->items[i].done)
            first = i;
    for (size_t i = 0; i < c->n && first == c->n; i++)
        if (found[i])
            first = i;
    if (first < c->n)
        marks[first] = true;
}

static bool are_the_same(const struct lists_call *c, const bool *found)
{
    str text = NO_STR;

    for (size_t i = 0; i < c->n; i++) {
        if (found[i] && text.len && !str_eq_nocase(text, c->items[i].text))
            return false;
        if (found[i])
            text = c->items[i].text;
    }
    return true;
}

static void say_which(struct lists_call *c, const bool *found)
{
    struct buf *b = &c->kept->text;

    buf_clear(b);
    buf_add(b, c->kept->chinese ? S("有几项符合，请说得具体些：") : S("Several fit, say which:"));
    for (size_t i = 0; i < c->n; i++)
        if (found[i]) {
            buf_addf(b, "\n- %.*s", STR(c->items[i].text));
            kept_shown(c->kept, c->items[i].person, c->items[i].taint);
        }
    c->kept->refused = true;
}

static void mark_all(struct lists_call *c, bool with_done)
{
    for (size_t i = 0; i < c->n; i++)
        c->marks[i] = c->marks[i] || (is_on(c, i) && (with_done || !c->items[i].done));
}

/* False: it is not clear what is meant, and that is said. */
static bool mark(struct lists_call *c, str wanted, bool with_done)
{
    bool *found = arena_alloc(c->kept->cx->arena, c->n + 1);

    if (kept_is_all(wanted)) {
        mark_all(c, with_done);
        return true;
    }
    look_at(c, false, with_done);
    size_t n = kept_match(c->things, c->n, wanted, found);

    if (n == 0 && !c->list_said) {
        look_at(c, true, with_done);
        n = kept_match(c->things, c->n, wanted, found);
    }
    if (n == 0) {
        (void)kept_refuse(c->kept, SAY(c, "清单上没有：%.*s", "That is on no list: %.*s"), STR(utf8_take(wanted, 100)));
        return false;
    }
    if (n > 1 && !are_the_same(c, found)) {
        say_which(c, found);
        return false;
    }
    keep_one(c, found, c->marks);
    return true;
}

static bool mark_wanted(struct lists_call *c, bool with_done)
{
    for (size_t i = 0; i < c->n_wanted; i++)
        if (!mark(c, c->wanted[i], with_done))
            return false;
    return true;
}

static void say_marked(struct lists_call *c, const char *head)
{
    struct buf *b = &c->kept->text;
    size_t said = 0, more = 0, left = count(c, c->list, false);

    buf_addf(b, "%s", head);
    for (size_t i = 0; i < c->n; i++) {
        if (!c->marks[i])
            continue;
        left -= is_on(c, i) && !c->items[i].done;
        kept_shown(c->kept, c->items[i].person, c->items[i].taint);
        if (said < TOLD_MAX)
            buf_addf(b, "%s%.*s", said++ ? SAY(c, "、", ", ") : "", STR(c->items[i].text));
        else
            more++;
    }
    if (more)
        buf_addf(b, SAY(c, "等（另有 %zu 项）", " and %zu more"), more);
    buf_addf(b, SAY(c, "。（%.*s还有 %zu 项）", ". (%.*s: %zu left)"), STR(shown_name(c, c->list)), left);
}

/* Where the list was not named, what is told is about the one that it was on. */
static void use_list_of_marked(struct lists_call *c)
{
    for (size_t i = 0; i < c->n && !c->list_said; i++)
        if (c->marks[i]) {
            c->list = c->items[i].list;
            return;
        }
}

static enum err change_marked(struct lists_call *c, const char *statement) AWAITS
{
    struct kept *k = c->kept;
    struct batch *b = batch_new(k->cx->arena);

    for (size_t i = 0; i < c->n; i++)
        if (c->marks[i] && strcmp(statement, "lists.done") == 0)
            batch_add(b, "lists.done", "isi", c->items[i].id, k->scope, clock_wall_ms());
        else if (c->marks[i])
            batch_add(b, "lists.remove", "is", c->items[i].id, k->scope);
    kept_add_answer(k, b);
    return batch_size(b) ? store_commit(k->gateway->store, b) : OK;
}

static enum err done(struct lists_call *c) AWAITS
{
    if (c->n_wanted == 0)
        return failed(ERR_INPUT, SAY(c, "完成了哪一项？", "which item is done?"));
    if (!mark_wanted(c, false))
        return OK;
    use_list_of_marked(c);
    say_marked(c, SAY(c, "已完成：", "Done: "));
    return change_marked(c, "lists.done");
}

static enum err remove_some(struct lists_call *c) AWAITS
{
    if (c->n_wanted == 0)
        return failed(ERR_INPUT, SAY(c, "要移除哪一项？", "which item is to be removed?"));
    if (!mark_wanted(c, true))
        return OK;
    use_list_of_marked(c);
    say_marked(c, SAY(c, "已移除：", "Removed: "));
    return change_marked(c, "lists.remove");
}

/* ---- the call ---- */

static enum err act(struct lists_call *c) AWAITS
{
    static const struct { const char *name; enum err (*run)(struct lists_call *); } actions[] = {
        { "add", add }, { "show", show }, { "done", done }, { "remove", remove_some }, { "names", names },
    };
    const char *action = json_text(c->arguments, "action");

    TRY(read_arguments(c));
    TRY(read_items(c));
    for (size_t i = 0; i < N_ELEMENTS(actions); i++)
        if (strcmp(action, actions[i].name) == 0)
            return actions[i].run(c);
    return failed(ERR_INPUT, "action is add, show, done, remove or names");
}

static enum err lists_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    CLEANUP(kept_done) struct kept k;
    struct lists_call *c = ARENA_NEW(cx->arena, struct lists_call);
    enum err e = kept_begin(cx, "lists", arguments, &k);

    c->kept = &k;
    c->arguments = arguments;
    if (e == OK && k.answered.len == 0)
        e = act(c);
    if (e == ERR_INPUT || e == ERR_AUTH || e == ERR_LIMIT)
        e = kept_refuse(&k, "%s", failed_text());
    TRY(e);
    kept_result(&k, out);
    return OK;
}

const struct tool tool_lists = {
    .name = "lists",
    .description = "Lists such as to-do and shopping: adds to one, shows it, marks items as done, removes them, names the lists there are. "
                   "The answer can be shown to the person as it is.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"action\"],\"properties\":{"
              "\"action\":{\"type\":\"string\",\"enum\":[\"add\",\"show\",\"done\",\"remove\",\"names\"]},"
              "\"list\":{\"type\":\"string\",\"description\":\"Its name; to-do if absent\"},"
              "\"items\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"description\":\"What is added, done or removed: its "
              "text, or its number as show has it; all\"},"
              "\"item\":{\"type\":\"string\",\"description\":\"The same as the person said it: milk, eggs and bread\"}}}",
    .risk = RISK_READ, .repeatable = true, .run = lists_run,
};
