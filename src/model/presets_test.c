// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <ctype.h>
#include <string.h>

#include "config/options.h"
#include "model/facts.h"
#include "model/presets.h"
#include "model/providers.h"
#include "net/url.h"

static bool is_variable(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!isupper((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_')
            return false;
    return isupper((unsigned char)*name);
}

static bool is_base_url(struct arena *a, const char *endpoint)
{
    CLEANUP(buf_done) struct buf plain = { 0 };
    struct url u;

    for (const char *p = endpoint; *p; p++)     /* what stands for a name of one's own */
        if (!strchr("{}", *p))
            buf_add_char(&plain, *p);
    return url_parse(arena_str(a, buf_str(&plain)), &u) == OK && u.query.len == 0 && !str_ends(buf_str(&plain), S("/"))
        && (u.tls || url_is_loopback(&u));
}

TEST(rows_of_presets_are_sane)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    size_t named_twice = 0;

    CHECK(n_presets >= 25);
    for (size_t i = 0; i < n_presets; i++) {
        const struct preset *p = &presets[i];
        struct url page;

        CHECK(*p->name && strchr(p->name, '/') == NULL);
        CHECK(preset_named(str_from(p->name)) == p);
        CHECK(provider_named(str_from(p->api)) != NULL);
        CHECK(is_base_url(a, p->endpoint));
        CHECK(p->key_variable == NULL || is_variable(p->key_variable));
        CHECK(p->key_variable || strstr(p->endpoint, "http://127.0.0.1:"));
        CHECK(url_parse(str_from(p->page), &page) == OK && page.tls);
        for (size_t k = 0; k < i; k++)
            named_twice += strcmp(presets[k].name, p->name) == 0;
    }
    CHECK_INT(named_twice, 0);
}

TEST(a_server_is_known_by_its_address)
{
    static const struct { const char *endpoint, *name; } cases[] = {
        { "https://api.deepseek.com", "deepseek" },     { "https://api.deepseek.com/v1/", "deepseek" },
        { "https://API.openai.com:443/v1", "openai" },  { "http://api.openai.com/v1", NULL },
        { "https://api.deepseek.com/anthropic", NULL }, { "https://elsewhere.example/v1", NULL },
        { "http://127.0.0.1:8000/v1", NULL },           { "nonsense", NULL },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        const struct preset *p = preset_at(cases[i].endpoint);

        CHECK_STR(str_from(p ? p->name : ""), cases[i].name ? cases[i].name : "");
    }
}

static bool is_date(const char *date)
{
    return strlen(date) == 10 && date[4] == '-' && date[7] == '-' && strncmp(date, "2024-", 5) >= 0;
}

/* A row that says nothing is none; one without a preset would never be found. */
TEST(rows_of_facts_name_their_source_and_a_model)
{
    for (size_t i = 0; i < n_facts_rows; i++) {
        const struct facts_row *r = &facts_rows[i];
        bool priced = r->input >= 0 || r->output >= 0;
        struct url page;

        CHECK(preset_named(str_from(r->preset)) != NULL);
        CHECK(url_parse(str_from(r->page), &page) == OK);
        CHECK(is_date(r->date));
        CHECK(priced || r->context > 0);
        CHECK(priced == (r->currency != NULL));
        CHECK(r->cached <= r->input);
        CHECK((r->input < 0) == (r->output < 0) || strstr(r->name, "embedding"));
        CHECK(facts_row_of(r->preset, str_from(r->name)) == r || str_ends(str_from(r->name), S("*")));
    }
}

TEST(facts_are_found_by_name_and_by_beginning)
{
    static const struct { const char *preset, *name, *want; } cases[] = {
        { "deepseek", "deepseek-v4-pro", "deepseek-v4-pro" }, { "deepseek", "deepseek-v4-pro-max", "" },
        { "openrouter", "deepseek-v4-pro", "" }, { "anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5*" }, { "anthropic", "claude-opus-5", "claude-opus-5" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        const struct facts_row *r = facts_row_of(cases[i].preset, str_from(cases[i].name));

        CHECK_STR(str_from(r ? r->name : ""), cases[i].want);
    }
}

TEST(what_is_published_fills_a_model)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct model m = { .name = "deepseek-v4-pro", .label = "deepseek/deepseek-v4-pro", .caps = CAP_TOOLS | CAP_VISION };

    facts_apply(a, "deepseek", NULL, &m);
    CHECK_INT(m.facts.context, 1000000);
    CHECK(m.facts.input == 9 && m.facts.written < 0);
    CHECK_INT(m.caps, CAP_TOOLS);
    m.name = "deepseek-unheard-of";
    facts_apply(a, "xai", NULL, &m);
    CHECK(m.facts.context == 0 && m.facts.input < 0 && m.facts.currency == NULL);
}
