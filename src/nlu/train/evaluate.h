// SPDX-License-Identifier: Apache-2.0
/* evaluate.h: how well sentences of a file are understood: {"text", "intent", "slots": {name: text or [pieces]}}, one a line. */
#pragma once
#include "nlu/understand.h"
#include "nlu/train/linear.h"

struct evaluation {
    const struct network *network;      /* its tags alone; NULL: the one built in, with all that understand.h does behind it */
    const struct linear  *baseline;     /* or NULL */
    bool errors;                        /* list them */
    bool json;                          /* the figures as one object a line */
};

/* Prints a block of figures for each file. */
enum err evaluate_file(const struct evaluation *, const char *path) MUST_USE;
