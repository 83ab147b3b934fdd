// SPDX-License-Identifier: Apache-2.0
#include "model/price.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "net/url.h"

enum { PER = 1000000 };     /* tokens that a price is for */

int64_t money_add(int64_t a, int64_t b)
{
    int64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return b < 0 ? -MONEY_MAX : MONEY_MAX;
    return sum > MONEY_MAX ? MONEY_MAX : sum < -MONEY_MAX ? -MONEY_MAX : sum;
}

bool money_from(double amount, int64_t *out)
{
    double scaled = amount * MONEY_UNIT;

    if (!(scaled >= 0 && scaled <= (double)MONEY_MAX))      /* NaN too */
        return false;
    *out = llround(scaled);
    return true;
}

static bool is_free_by_itself(const struct model *m)
{
    struct url u;

    if (m->local || m->target.unix_socket)
        return true;
    if (strcmp(m->provider->name, "ollama") == 0 && (m->target.api_key == NULL || m->target.api_key[0] == '\0'))
        return true;
    return url_parse(str_from(m->target.endpoint), &u) == OK && url_is_loopback(&u);
}

static bool is_published(const struct model_facts *f)
{
    return f->input >= 0 && f->output >= 0;
}

static bool is_nothing(const struct model_facts *f)
{
    return f->input <= 0 && f->output <= 0 && f->cached <= 0 && f->written <= 0;
}

struct price price_of(const struct model *m, double rate)
{
    const struct model_facts *f = &m->facts;
    struct price p = { .is_known = true };

    if (is_published(f) ? is_nothing(f) : is_free_by_itself(m))
        return p;
    if (!is_published(f) || !(rate > 0))
        return PRICE_UNKNOWN;
    bool fits = money_from(f->input * rate, &p.input) && money_from(f->output * rate, &p.output)
             && money_from((f->cached < 0 ? f->input : f->cached) * rate, &p.cached)
             && money_from((f->written < 0 ? f->input : f->written) * rate, &p.written);

    return fits ? p : PRICE_UNKNOWN;
}

/* Adds to *sum, in millionths of millionths; false: that is more than fits. */
static bool add(int64_t *sum, int64_t tokens, int64_t price)
{
    int64_t product;

    return tokens <= 0 || (!__builtin_mul_overflow(tokens, price, &product) && !__builtin_add_overflow(*sum, product, sum));
}

int64_t price_cost(const struct price *p, const struct usage *u)
{
    int64_t sum = 0;

    if (!add(&sum, u->input - u->cached - u->written, p->input) || !add(&sum, u->cached, p->cached)
        || !add(&sum, u->written, p->written) || !add(&sum, u->output, p->output))
        return MONEY_MAX;
    return sum / PER + (sum % PER != 0);
}

char *money_text(char out[MONEY_TEXT_SIZE], int64_t money)
{
    uint64_t left = money < 0 ? 0 - (uint64_t)money : (uint64_t)money;
    int n = snprintf(out, MONEY_TEXT_SIZE, "%s%llu.%06llu", money < 0 ? "-" : "", (unsigned long long)(left / MONEY_UNIT),
                     (unsigned long long)(left % MONEY_UNIT));

    for (int least = n - 4; n > least && out[n - 1] == '0'; n--)
        out[n - 1] = '\0';
    return out;
}
