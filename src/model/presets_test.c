// SPDX-License-Identifier: Apache-2.0
#include "model/presets.h"

#include <ctype.h>
#include <string.h>

#include "base/test.h"
#include "model/facts.h"
#include "net/url.h"

#define PROVIDER(id) #id,
static const char *const apis[] = {
#include "model/providers.def"
};
#undef PROVIDER

static bool is_api(const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS(apis); i++)
        if (strcmp(apis[i], name) == 0)
            return true;
    return false;
}

static void check_address(const struct preset *p)
{
    struct url u;

    if (strchr(p->endpoint, '{'))       /* everybody has a server of his own */
        return;
    CHECK_OK(url_parse(str_from(p->endpoint), &u));
    CHECK(!str_ends(str_from(p->endpoint), S("/")));
    CHECK(str_starts(str_from(p->endpoint), S("https://")) || str_starts(str_from(p->endpoint), S("http://127.0.0.1:")));
}

TEST(every_preset_can_be_used)
{
    for (size_t i = 0; i < n_presets; i++) {
        const struct preset *p = &presets[i];

        CHECK(preset_named(str_from(p->name)) == p);        /* no two of a name */
        CHECK(strchr(p->name, '/') == NULL);
        CHECK(is_api(p->api));
        check_address(p);
        for (const char *c = p->key_variable ? p->key_variable : ""; *c; c++)
            CHECK(isupper((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
        CHECK(str_starts(str_from(p->page), S("https://")));
    }
    CHECK(n_presets >= 25);
}

TEST(every_fact_has_a_place_and_a_day)
{
    for (size_t i = 0; i < n_facts_rows; i++) {
        const struct facts_row *r = &facts_rows[i];
        int y, m, d;

        CHECK(preset_named(str_from(r->preset)) != NULL);
        CHECK(str_starts(str_from(r->page), S("https://")));
        CHECK(strlen(r->date) == 10 && sscanf(r->date, "%4d-%2d-%2d", &y, &m, &d) == 3);
        CHECK(r->context >= 0 && r->max_output >= 0);
        CHECK(r->input < 0 || r->currency != NULL);
        CHECK((r->input < 0) == (r->output < 0) || strstr(r->name, "embedding"));
    }
}
