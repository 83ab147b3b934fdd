// SPDX-License-Identifier: Apache-2.0
/* price.h: what tokens cost.  Money is whole millionths of the one currency of the bills (budgets.currency), rounded up;
 * sums are never floating, and what is too large stays at MONEY_MAX. */
#pragma once
#include "model/model.h"

#define MONEY_UNIT 1000000              /* millionths in 1.00 */
#define MONEY_MAX  INT64_C(1000000000000000)

/* Millionths for a million tokens. */
struct price {
    int64_t input, cached, written, output;
    bool    is_known;
    bool    is_assumed;                 /* the worst that the owner expects, not what the provider says */
};
#define PRICE_UNKNOWN ((struct price){ .is_known = false })

/* rate: how much of our currency one of the model's is worth; 0: nobody has said.  A model on this machine (supervised, on a
 * loopback address, Ollama without a key) costs nothing unless its facts say so.  What is read from a cache or written to one
 * costs as much as the rest of the input where the facts are silent. */
struct price price_of(const struct model *, double rate);
/* MONEY_MAX at most. */
int64_t      price_cost(const struct price *, const struct usage *);
int64_t      money_add(int64_t, int64_t);       /* within -MONEY_MAX and MONEY_MAX */
bool         money_from(double amount, int64_t *out);  /* 1.5 is 1500000; false: not a number, negative or too large */

enum { MONEY_TEXT_SIZE = 40 };
/* "0.0042", "12.50": two decimals at least, six at most. */
char        *money_text(char out[MONEY_TEXT_SIZE], int64_t);
