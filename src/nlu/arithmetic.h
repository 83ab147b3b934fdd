// SPDX-License-Identifier: Apache-2.0
/* arithmetic.h: works out what people write as a calculation, in figures and words, Chinese and English: 15% of 240, (3+4)*2^10,
 * three plus four times 2, 一百除以7, 5的平方, 根号16, 20!, sin 30.
 *
 * The order is that of mathematics, also in words; -2^2 is -4, 2^3^2 is 2^9, and 100 + 10% is 110, as on a pocket calculator.  Angles
 * are degrees unless `rad` or 弧度 stands behind them.  Numbers are long doubles: whole ones are exact up to 2^64 and beyond as long as
 * nothing is lost, and what is shown of others are the digits that are sure, so that 0.1 + 0.2 is 0.3.  Pure; any bytes may come in. */
#pragma once
#include "base/str.h"

enum { ARITHMETIC_LENGTH_MAX = 500, ARITHMETIC_DEPTH_MAX = 50, ARITHMETIC_TEXT_SIZE = 64, ARITHMETIC_DIGITS = 16 };

struct arithmetic {
    str         expression;     /* what of the text was worked out: without "what is" and "= ?" */
    long double value;
    bool        exact;          /* nothing was lost on the way */
    bool        angles;         /* it has the sine of some degrees in it, or the like */
    bool        rounded;        /* `text` is too large or small to show all of it */
    char        text[ARITHMETIC_TEXT_SIZE];
};

enum arithmetic_language { ARITHMETIC_ENGLISH, ARITHMETIC_CHINESE };    /* of what is said when it fails */

/* Of a normalised text (normal.h).  ERR_INPUT: it is no calculation, or one without a result. */
enum err arithmetic_evaluate(str normal, enum arithmetic_language, struct arithmetic *out) MUST_USE;
/* A number with at most so many digits that count; how `text` is made. */
void     arithmetic_show(long double value, int digits, char out[ARITHMETIC_TEXT_SIZE]);
