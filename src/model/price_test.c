// SPDX-License-Identifier: Apache-2.0
#include "model/price.h"

#include "base/test.h"

static const struct provider openai = { .name = "openai" }, ollama = { .name = "ollama" };

static struct model model_at(const char *endpoint, double input, double output)
{
    struct model m = { .provider = &openai, .target = { .endpoint = endpoint }, .facts = MODEL_FACTS_UNKNOWN };

    m.facts.input = input;
    m.facts.output = output;
    return m;
}

TEST(money_is_counted_in_whole_millionths_rounded_up)
{
    static const struct { double input, cached, written, output; struct usage u; int64_t want; } cases[] = {
        { 3, 0.3, 3.75, 15, { 1000000, 1000000, 0, 0, 0 }, 18000000 },
        { 3, 0.3, 3.75, 15, { 1000000, 0, 1000000, 0, 0 }, 300000 },           /* all of it from the cache */
        { 3, 0.3, 3.75, 15, { 1000, 0, 400, 600, 0 }, 120 + 2250 },
        { 3, -1, -1, 15, { 1000, 0, 400, 600, 0 }, 3000 },                     /* nobody says what caches cost */
        { 0.0375, -1, -1, 0.15, { 1, 0, 0, 0, 0 }, 1 },
        { 0.0375, -1, -1, 0.15, { 100, 10, 0, 0, 0 }, 6 },                     /* 3.75 and 1.5 */
        { 0, -1, -1, 0, { 5000, 10, 0, 0, 0 }, 0 },
        { 100, -1, -1, 100, { INT64_MAX, 0, 0, 0, 0 }, MONEY_MAX },
        { 3, -1, -1, 15, { 10, 0, 50, 0, 0 }, 150 },                           /* more cached than there was: no less than nothing */
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct model m = model_at("https://api.example.org/v1", cases[i].input, cases[i].output);

        m.facts.cached = cases[i].cached;
        m.facts.written = cases[i].written;
        m.facts.currency = "USD";
        struct price p = price_of(&m, 1);

        CHECK(p.is_known);
        CHECK_INT(price_cost(&p, &cases[i].u), cases[i].want);
    }
}

TEST(a_price_in_another_currency_needs_a_rate)
{
    struct model m = model_at("https://api.example.org/v1", 2, 8);
    struct price p = price_of(&m, 0.14);

    CHECK_INT(p.input, 280000);
    CHECK_INT(p.output, 1120000);
    CHECK(!price_of(&m, 0).is_known);
    m.facts.output = -1;
    CHECK(!price_of(&m, 1).is_known);
}

TEST(what_runs_on_this_machine_costs_nothing_unless_somebody_says_so)
{
    struct model m = model_at("http://127.0.0.1:8080/v1", -1, -1);

    CHECK(price_of(&m, 0).is_known && price_of(&m, 0).output == 0);
    m = model_at("http://localhost:8080/v1", 1, 2);
    CHECK(!price_of(&m, 0).is_known);
    CHECK_INT(price_of(&m, 1).output, 2000000);
    m = model_at("http://192.168.1.5:8080/v1", -1, -1);
    CHECK(!price_of(&m, 1).is_known);
    m.provider = &ollama;
    CHECK(price_of(&m, 0).is_known);
    m.target.api_key = "key";
    CHECK(!price_of(&m, 1).is_known);
    m = model_at("https://api.example.org/v1", 0, 0);
    CHECK(price_of(&m, 0).is_known);        /* nothing is nothing in every currency */
}

TEST(amounts_are_read_and_written_exactly)
{
    static const struct { double in; const char *want; } cases[] = {
        { 0, "0.00" }, { 5, "5.00" }, { 0.1, "0.10" }, { 12.5, "12.50" }, { 0.000001, "0.000001" }, { 0.0042, "0.0042" }, { 1000000.01, "1000000.01" },
    };
    static const double bad[] = { -0.01, 1e300, 0.0 / 0.0 };
    char text[MONEY_TEXT_SIZE];
    int64_t money;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK(money_from(cases[i].in, &money));
        CHECK_STR(str_from(money_text(text, money)), cases[i].want);
    }
    for (size_t i = 0; i < N_ELEMENTS(bad); i++)
        CHECK(!money_from(bad[i], &money));
    CHECK_STR(str_from(money_text(text, -1500000)), "-1.50");
    CHECK_INT(money_add(MONEY_MAX, MONEY_MAX), MONEY_MAX);
    CHECK_INT(money_add(-MONEY_MAX, -1), -MONEY_MAX);
}
