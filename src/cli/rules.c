// SPDX-License-Identifier: Apache-2.0
/* rules list | check | test: the rules of rules.file (nlu/rule.h), as they are on the disk now.  No gateway is needed. */
#include "base/time.h"
#include "base/utf8.h"
#include "cli/remote.h"
#include "config/config.h"
#include "gateway/engine_context.h"
#include "gateway/rule_host.h"
#include "gateway/tool_host.h"
#include "runtime/clock.h"
#include "runtime/zones.h"

static void free_rules(struct rules **r)
{
    rules_free(*r);
}

static enum err read_rules(struct cli *c, struct rules **out)
{
    TRY(cli_load_config(c));
    TRY(rules_of_file(out));
    return *out ? OK : failed(ERR_NOT_FOUND, "there are no rules: %s does not exist (docs/commands.md says how to write it)",
                              config_now()->rules_file);
}

enum err command_rules_list(struct cli *c)
{
    CLEANUP(free_rules) struct rules *rules = NULL;
    size_t i;
    json_t *one;

    TRY(cli_want_words(c, 0, 0));
    TRY(read_rules(c, &rules));
    CLEANUP(json_decrefp) json_t *all = rules_to_json(rules);

    if (c->json) {
        cli_print_json(all);
        return OK;
    }
    json_array_foreach(all, i, one)
        printf("%5lld  %-8s %-9s %s\n", (long long)json_int(one, "priority", 0), json_text(one, "does"), json_text(one, "then"),
               json_text(one, "name"));
    return OK;
}

enum err command_rules_check(struct cli *c)
{
    CLEANUP(free_rules) struct rules *rules = NULL;

    TRY(cli_want_words(c, 0, 0));
    TRY(read_rules(c, &rules));
    gateway_register_tools();
    str unknown = rules_unknown_names(c->arena, NULL, rules);

    if (unknown.len)
        return failed(ERR_INPUT, "%.*s", STR(str_trim(unknown)));
    printf("%zu rules, nothing wrong\n", rules_count(rules));
    return OK;
}

/* ---- test ---- */

static str flag_or(const struct cli *c, const char *name, const char *otherwise)
{
    const char *value = cli_flag(c, name);

    return str_from(value ? value : otherwise);
}

/* "telegram:77" */
static void set_channel(struct rule_facts *f, str channel)
{
    size_t colon = str_find_char(channel, ':');

    f->platform = str_take(channel, colon);
    f->chat_id = colon == STR_NONE ? S("") : str_skip(channel, colon + 1);
}

static enum err context_of(struct cli *c, struct nlu_context *out)
{
    const struct zone *zone = zones_find(str_from(engine_zone_name(NO_STR)));
    const char *time = cli_flag(c, "time");

    *out = (struct nlu_context){ .now = clock_wall_ms(), .zone = zone ? zone : zones_local() };
    return time ? time_parse(str_from(time), &out->now) : OK;
}

static void print_explained(const json_t *all)
{
    size_t i;
    json_t *one;

    json_array_foreach((json_t *)all, i, one) {
        printf("%s %s: %s\n", json_flag(one, "fires") ? "FIRES" : "  -  ", json_text(one, "name"), json_text(one, "why"));
        if (json_flag(one, "fires"))
            printf("        %s%s%s%s%s\n", json_text(one, "does"), *json_text(one, "to") ? " to " : "", json_text(one, "to"),
                   *json_text(one, "text") ? ": " : "", json_text(one, "text"));
    }
}

enum err command_rules_test(struct cli *c)
{
    CLEANUP(free_rules) struct rules *rules = NULL;
    CLEANUP(buf_done) struct buf text = { 0 };
    struct nlu_context context;
    struct understanding heard;

    TRY(cli_want_words(c, 1, SIZE_MAX));
    TRY(read_rules(c, &rules));
    TRY(context_of(c, &context));
    for (size_t i = 0; i < c->n_words; i++)
        buf_addf(&text, "%s%s", i ? " " : "", c->words[i]);
    understand(c->arena, &context, buf_str(&text), &heard);
    struct rule_facts f = {
        .text = buf_str(&text), .person = flag_or(c, "user", "owner"), .role = flag_or(c, "role", "owner"),
        .is_private = !cli_flag(c, "group"),
        .language = utf8_has_han(buf_str(&text)) ? S("zh") : S("en"), .project = flag_or(c, "project", ""), .context = &context,
        .heard = &heard,
    };

    set_channel(&f, flag_or(c, "channel", "cli"));
    CLEANUP(json_decrefp) json_t *all = rules_explain(c->arena, rules, &f);

    if (c->json)
        cli_print_json(all);
    else
        print_explained(all);
    return OK;
}
