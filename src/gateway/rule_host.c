// SPDX-License-Identifier: Apache-2.0
#include "gateway/rule_host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "config/config.h"
#include "config/yaml.h"
#include "gateway/access.h"
#include "gateway/agents.h"
#include "gateway/engine_context.h"
#include "gateway/engine_plan.h"
#include "gateway/models.h"
#include "gateway/sessions.h"
#include "gateway/tool_host.h"
#include "runtime/clock.h"
#include "tool/registry.h"

enum { LOOK_EVERY_MS = 1000 };

/* Which bytes were read: another file, or the same at another time. */
struct seen { bool exists; dev_t device; ino_t inode; off_t size; struct timespec changed; };

struct rule_host { struct rules *rules; struct seen seen; uint64_t looked_ms; };

/* ---- the file ---- */

static struct seen look(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return (struct seen){ 0 };
    return (struct seen){ true, st.st_dev, st.st_ino, st.st_size, st.st_mtim };
}

static bool is_same(const struct seen *a, const struct seen *b)
{
    return a->exists == b->exists && a->device == b->device && a->inode == b->inode && a->size == b->size
           && a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* A small file of the owner's, on the local disk. */
static enum err read_text(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char part[8192];
    ssize_t n;

    if (fd < 0)
        return failed(errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
    while ((n = read(fd, part, sizeof part)) > 0 && out->len <= YAML_SIZE_MAX)
        buf_add(out, str_of(part, (size_t)n));
    close(fd);
    return n < 0 ? failed(ERR_IO, "%s: %s", path, strerror(errno)) : OK;
}

enum err rules_of_file(struct rules **out)
{
    const char *path = config_now()->rules_file;
    CLEANUP(buf_done) struct buf text = { .max = YAML_SIZE_MAX + 16384 };

    *out = NULL;
    enum err e = read_text(path, &text);

    if (e == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    return rules_read(buf_str(&text), out) ? failed_in(ERR_INPUT, "%s:", path) : OK;
}

enum err rule_host_open(struct rule_host **out)
{
    struct rule_host *h = NEW(struct rule_host);

    h->seen = look(config_now()->rules_file);
    enum err e = rules_of_file(&h->rules);

    if (e) {
        free(h);
        return e;
    }
    *out = h;
    return OK;
}

void rule_host_free(struct rule_host *h)
{
    if (h == NULL)
        return;
    rules_free(h->rules);
    free(h);
}

static void follow(struct rule_host *h)
{
    struct seen now;
    struct rules *fresh;

    if (h->looked_ms && clock_ms() - h->looked_ms < LOOK_EVERY_MS)
        return;
    h->looked_ms = clock_ms();
    now = look(config_now()->rules_file);
    if (is_same(&now, &h->seen))
        return;
    h->seen = now;
    if (rules_of_file(&fresh)) {
        log_event(LOG_ERROR, "rules.refused", F("error", failed_text()));
        return;
    }
    rules_free(h->rules);
    h->rules = fresh;
    log_event(LOG_INFO, "rules.loaded", F("rules", fresh ? rules_count(fresh) : 0));
}

str rules_unknown_names(struct arena *a, const struct gateway *g, const struct rules *rules)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    CLEANUP(json_decrefp) json_t *all = rules_to_json(rules);
    size_t i;
    json_t *one;

    json_array_foreach(all, i, one) {
        str tool = json_text_str(one, "tool"), agent = json_text_str(one, "agent");

        if (tool.len && !tool_find(tool))
            buf_addf(&b, "rule %s: there is no tool '%.*s'\n", json_text(one, "name"), STR(tool));
        if (agent.len && g && !agents_find(g, agent))
            buf_addf(&b, "rule %s: there is no agent '%.*s'\n", json_text(one, "name"), STR(agent));
    }
    return arena_str(a, buf_str(&b));
}

/* ---- what a message is matched by ---- */

static enum err facts_of(struct gateway *g, const struct answer *a, struct engine_context *c, struct rule_facts *out) AWAITS
{
    const struct message *m = a->message;
    struct session_place place;
    struct model_choice choice;
    struct person person = access_person(g->access, m->platform, m->user_id);

    TRY(engine_context(g, a, c));
    TRY(sessions_find(g, a->arena, m->session_id, &place));
    TRY(models_choice(g, a->arena, m->session_id, MODEL_MAIN, &choice));
    *out = (struct rule_facts){
        .text = m->text, .platform = m->platform, .chat_id = m->chat_id, .person = person.id, .role = person.role,
        .is_private = !str_eq(place.chat_type, S("group")), .has_attachments = m->n_attachments > 0, .has_model = choice.route != NULL,
        .language = a->chinese ? S("zh") : S("en"), .project = place.project, .context = &c->nlu,
    };
    return OK;
}

/* ---- what is done ---- */

static enum err forward(struct gateway *g, struct answer *a, const struct rule_hit *h) AWAITS
{
    const struct tool *tool = tool_find(S("send_message"));
    const struct message *m = a->message;
    struct person writer = access_person(g->access, m->platform, m->user_id);
    struct tool_host host = { .gateway = g, .agent = a->agent };
    struct tool_context cx = {
        .arena = a->arena, .workspace = a->agent->workspace, .session_id = m->session_id, .platform = m->platform, .chat_id = m->chat_id,
        .user = m->user_id, .person = { S("owner"), S("owner") }, .inbox_id = a->inbox_id, .host = &host,
        .call_id = str_from(arena_printf(a->arena, "rule-%.*s", STR(h->name))),
        .taint = person_is_owner(&writer) ? NO_STR : str_from(arena_printf(a->arena, "a message from %.*s", STR(writer.id))),
    };
    CLEANUP(json_decrefp) json_t *arguments = json_pack("{s:o, s:o}", "to", json_from_str(h->to), "text", json_from_str(h->text));
    struct tool_result r = { 0 };

    TRY(tool->run(&cx, arguments, &r));
    if (r.is_error)
        log_event(LOG_WARN, "rules.forward", F("rule", h->name), F("error", r.text));
    return OK;
}

static enum err run_tools(struct gateway *g, struct answer *a, struct engine_context *c, const struct rule_hit *h) AWAITS
{
    struct intent as_intent = { .name = h->name, .as = h->name, .group = S("rules"), .plan = h->plan };
    struct plan p;

    TRY(engine_values(a, c, &as_intent, h->values));
    TRY(plan_make(a->arena, &as_intent, h->values, &p));
    return engine_run_plan(g, a, &p);
}

static void add_words(struct answer *a, const struct rule_hit *h)
{
    if (!h->stops)
        a->preface = a->preface.len ? str_from(arena_printf(a->arena, "%.*s\n\n%.*s", STR(a->preface), STR(h->text))) : h->text;
    else
        a->text = h->text;
}

static enum err carry_out(struct gateway *g, struct answer *a, struct engine_context *c, const struct rule_hit *h) AWAITS
{
    metric_add(METRIC_rules_fired, 1);
    log_event(LOG_INFO, "rules.fired", F("rule", h->name));
    switch (h->action) {
    case RULE_REPLY:
        add_words(a, h);
        return OK;
    case RULE_FORWARD:
        return forward(g, a, h);
    case RULE_PLAN:
        return run_tools(g, a, c, h);
    case RULE_AGENT:
        a->agent = agents_find(g, h->to);
        return a->agent ? OK : failed(ERR_NOT_FOUND, "rule %.*s: there is no agent '%.*s'", STR(h->name), STR(h->to));
    }
    return OK;
}

enum err rule_host_take(struct gateway *g, struct answer *a, enum rule_outcome *out)
{
    struct rule_hit hits[RULE_HITS_MAX];
    struct engine_context c;
    struct understanding heard;
    struct rule_facts f;

    *out = RULES_PASS;
    a->preface = NO_STR;
    if (g->rules == NULL)
        return OK;
    follow(g->rules);
    if (g->rules->rules == NULL || rules_count(g->rules->rules) == 0)
        return OK;
    TRY(facts_of(g, a, &c, &f));
    if (rules_want_intents(g->rules->rules)) {
        understand(a->arena, &c.nlu, a->message->text, &heard);
        f.heard = &heard;
    }
    size_t n = rules_match(a->arena, g->rules->rules, &f, hits);    /* of them nothing belongs to the rules any more: a reload may come */

    for (size_t i = 0; i < n; i++) {
        TRY(carry_out(g, a, &c, &hits[i]));
        if (hits[i].stops)
            *out = hits[i].action == RULE_AGENT ? RULES_AGENT : RULES_TAKEN;
    }
    return OK;
}
