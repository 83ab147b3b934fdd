// SPDX-License-Identifier: Apache-2.0
#include "agent/window.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "runtime/clock.h"

enum { MODELS_MAX = 64, LABEL_MAX = 128, ROOM_MAX = 8192, LEARN_FROM = 100, REFUSED_MS = 3600 * 1000 };

#define RATIO_LEAST  0.5
#define RATIO_MOST   4.0
#define RATIO_WEIGHT 0.3        /* of the newest */
#define TRIM_TO      0.7        /* of trim_at */

/* What is known of a model from its answers.  The one longest unused makes room. */
struct known { char label[LABEL_MAX]; double ratio; uint64_t refused /* 0: nothing */, refused_at, used; };

static struct known table[MODELS_MAX];
static uint64_t clock_of_use;

void window_forget(void)
{
    memset(table, 0, sizeof table);
}

static struct known *known_of(const struct model *m)
{
    struct known *oldest = &table[0];

    for (size_t i = 0; i < MODELS_MAX; i++) {
        if (table[i].used && strncmp(table[i].label, m->label, LABEL_MAX - 1) == 0) {
            table[i].used = ++clock_of_use;
            return &table[i];
        }
        if (table[i].used < oldest->used)
            oldest = &table[i];
    }
    *oldest = (struct known){ .ratio = 1, .used = ++clock_of_use };
    snprintf(oldest->label, sizeof oldest->label, "%s", m->label);
    return oldest;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The answer is counted into the context by nearly every API. */
static uint64_t room_for_answer(const struct model *m, uint64_t context)
{
    uint64_t wanted = config_now()->model_provider_max_tokens;

    if (wanted == 0)
        wanted = m->facts.max_output > 0 ? least((uint64_t)m->facts.max_output, ROOM_MAX) : ROOM_MAX;
    return least(wanted, context / 4);
}

void window_limit(struct window *w, uint64_t limit)
{
    const struct config *c = config_now();

    w->limit = limit;
    w->trim_at = limit * c->context_trim_at / 100;
    w->trim_to = (uint64_t)((double)w->trim_at * TRIM_TO);
    w->compact_at = limit * c->context_compact_at / 100;
}

void window_of(const struct model *m, struct window *out)
{
    const struct config *c = config_now();
    const struct known *k = known_of(m);
    uint64_t context = m->facts.context > 0 ? (uint64_t)m->facts.context : c->model_provider_context_tokens;

    if (c->context_max_tokens)
        context = least(context, c->context_max_tokens);
    uint64_t limit = context - room_for_answer(m, context);

    if (k->refused && clock_ms() - k->refused_at < REFUSED_MS)
        limit = least(limit, k->refused * 9 / 10);
    *out = (struct window){ .ratio = k->ratio };
    window_limit(out, limit);
}

uint64_t window_tokens(const struct window *w, uint64_t guessed)
{
    return (uint64_t)((double)guessed * w->ratio);
}

uint64_t window_guess(const struct window *w, uint64_t tokens)
{
    return (uint64_t)((double)tokens / w->ratio);
}

void window_learn(const struct model *m, uint64_t guessed, int64_t counted)
{
    struct known *k = known_of(m);

    if (counted <= 0 || guessed < LEARN_FROM)
        return;
    double ratio = (double)counted / (double)guessed;

    ratio = ratio < RATIO_LEAST ? RATIO_LEAST : ratio > RATIO_MOST ? RATIO_MOST : ratio;
    k->ratio += (ratio - k->ratio) * RATIO_WEIGHT;
    if ((uint64_t)counted > k->refused)     /* it takes more than it was thought to */
        k->refused = 0;
}

void window_refused(const struct model *m, uint64_t guessed)
{
    struct known *k = known_of(m);
    uint64_t tokens = (uint64_t)((double)guessed * k->ratio);

    k->refused = k->refused && k->refused_at + REFUSED_MS > clock_ms() ? least(k->refused, tokens) : tokens;
    k->refused_at = clock_ms();
}
