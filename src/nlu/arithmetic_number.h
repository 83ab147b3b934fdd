// SPDX-License-Identifier: Apache-2.0
/* arithmetic_number.h: numbers that know whether anything was lost of them, and what is worked out of one or two.  Pure. */
#pragma once
#include "base/str.h"

enum why {
    WHY_NONE, WHY_LENGTH, WHY_DEPTH, WHY_MISSING, WHY_UNKNOWN, WHY_CLOSE, WHY_ZERO, WHY_LARGE, WHY_ROOT, WHY_LOG, WHY_FACTORIAL, WHY_POWER,
    WHY_TANGENT, N_WHYS
};

struct number { long double v; bool exact, percent; };

/* What is noted on the way: why there is no result; whether an angle was taken for degrees. */
struct outcome { enum why why; bool angles; };

struct number number_inexact(long double v);
struct number number_add(struct number a, struct number b);
struct number number_multiply(struct number a, struct number b);
struct number number_divide(struct outcome *o, struct number a, struct number b);
struct number number_modulo(struct outcome *o, struct number a, struct number b);
struct number number_power(struct outcome *o, struct number base, struct number exponent);
struct number number_factorial(struct outcome *o, struct number n);
struct number number_sin(struct outcome *o, struct number n);
struct number number_cos(struct outcome *o, struct number n);
struct number number_tan(struct outcome *o, struct number n);
struct number number_sqrt(struct outcome *o, struct number n);
struct number number_cbrt(struct outcome *o, struct number n);
struct number number_ln(struct outcome *o, struct number n);
struct number number_log(struct outcome *o, struct number n);
struct number number_log2(struct outcome *o, struct number n);
struct number number_exp(struct outcome *o, struct number n);
struct number number_abs(struct outcome *o, struct number n);
struct number number_round(struct outcome *o, struct number n);
struct number number_floor(struct outcome *o, struct number n);
struct number number_ceil(struct outcome *o, struct number n);
struct number number_square(struct outcome *o, struct number n);
struct number number_cube(struct outcome *o, struct number n);
struct number number_radians(struct outcome *o, struct number n);
struct number number_degrees(struct outcome *o, struct number n);
struct number number_double(struct outcome *o, struct number n);
struct number number_percent(struct outcome *o, struct number n);
bool number_is_whole(long double);
extern const long double number_pi;
