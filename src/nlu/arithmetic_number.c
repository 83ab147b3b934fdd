// SPDX-License-Identifier: Apache-2.0
#include "nlu/arithmetic_number.h"

#include <math.h>

enum { POWER_MAX = 10000, FACTORIAL_MAX = 1000 };

/* ---- numbers that know whether they are exact ---- */

struct number number_inexact(long double v)
{
    return (struct number){ .v = v };
}

/* What a sum lost is found as Knuth has it (TAOCP 4.2.2, theorem B). */
struct number number_add(struct number a, struct number b)
{
    long double r = a.v + b.v, of_b = r - a.v, lost = (a.v - (r - of_b)) + (b.v - of_b);

    return (struct number){ .v = r, .exact = a.exact && b.exact && lost == 0 };
}

struct number number_multiply(struct number a, struct number b)
{
    long double r = a.v * b.v;

    return (struct number){ .v = r, .exact = a.exact && b.exact && fmal(a.v, b.v, -r) == 0 };
}

struct number number_divide(struct outcome *o, struct number a, struct number b)
{
    long double r = b.v == 0 ? 0 : a.v / b.v;

    if (b.v == 0)
        o->why = WHY_ZERO;
    return (struct number){ .v = r, .exact = a.exact && b.exact && fmal(r, b.v, -a.v) == 0 };
}

/* The rest has the sign of what is divided by. */
struct number number_modulo(struct outcome *o, struct number a, struct number b)
{
    if (b.v == 0) {
        o->why = WHY_ZERO;
        return a;
    }
    long double r = fmodl(a.v, b.v);

    return (struct number){ .v = r != 0 && (r < 0) != (b.v < 0) ? r + b.v : r, .exact = a.exact && b.exact };
}

bool number_is_whole(long double v)
{
    return v == floorl(v);
}

static struct number whole_power(struct outcome *o, struct number base, long n)
{
    struct number r = { .v = 1, .exact = true };
    bool below = n < 0;

    for (n = below ? -n : n; n; n >>= 1) {
        if (n & 1)
            r = number_multiply(r, base);
        if (n > 1)
            base = number_multiply(base, base);
    }
    return below ? number_divide(o, (struct number){ .v = 1, .exact = true }, r) : r;
}

struct number number_power(struct outcome *o, struct number base, struct number exponent)
{
    if (base.v == 0 && exponent.v < 0)
        o->why = WHY_ZERO;
    else if (base.v < 0 && !number_is_whole(exponent.v))
        o->why = WHY_POWER;
    else if (number_is_whole(exponent.v) && fabsl(exponent.v) <= POWER_MAX)
        return whole_power(o, base, (long)exponent.v);
    else
        return number_inexact(powl(base.v, exponent.v));
    return base;
}

struct number number_factorial(struct outcome *o, struct number n)
{
    struct number r = { .v = 1, .exact = n.exact };

    if (!number_is_whole(n.v) || n.v < 0 || n.v > FACTORIAL_MAX) {
        o->why = WHY_FACTORIAL;
        return n;
    }
    for (int i = 2; i <= (int)n.v; i++)
        r = number_multiply(r, (struct number){ .v = i, .exact = true });
    return r;
}

/* ---- functions of one number ---- */

const long double number_pi = 3.141592653589793238462643383279502884L;

/* Where a sine is zero, what is left over of number_pi is not to be seen. */
static struct number angle(struct outcome *o, long double (*fn)(long double), struct number degrees)
{
    long double r = fn(fmodl(degrees.v, 360) * number_pi / 180);

    o->angles = true;
    return number_inexact(fabsl(r) < 1e-17L ? 0 : r);
}

struct number number_sin(struct outcome *o, struct number n) { return angle(o, sinl, n); }
struct number number_cos(struct outcome *o, struct number n) { return angle(o, cosl, n); }

struct number number_tan(struct outcome *o, struct number n)
{
    if (fabsl(fmodl(n.v, 180)) == 90)
        o->why = WHY_TANGENT;
    return angle(o, tanl, n);
}

struct number number_sqrt(struct outcome *o, struct number n)
{
    long double r = n.v < 0 ? 0 : sqrtl(n.v);

    if (n.v < 0)
        o->why = WHY_ROOT;
    return (struct number){ .v = r, .exact = n.exact && fmal(r, r, -n.v) == 0 };
}

struct number number_cbrt(struct outcome *o, struct number n)
{
    long double r = cbrtl(n.v);

    (void)o;
    return (struct number){ .v = r, .exact = n.exact && number_is_whole(r) && r * r * r == n.v };
}

static struct number logarithm(struct outcome *o, long double (*fn)(long double), struct number n)
{
    if (n.v <= 0) {
        o->why = WHY_LOG;
        return n;
    }
    return number_inexact(fn(n.v));
}

struct number number_ln(struct outcome *o, struct number n) { return logarithm(o, logl, n); }
struct number number_log(struct outcome *o, struct number n) { return logarithm(o, log10l, n); }
struct number number_log2(struct outcome *o, struct number n) { return logarithm(o, log2l, n); }
struct number number_exp(struct outcome *o, struct number n) { (void)o; return number_inexact(expl(n.v)); }
struct number number_abs(struct outcome *o, struct number n) { (void)o; n.v = fabsl(n.v); return n; }
struct number number_round(struct outcome *o, struct number n) { (void)o; n.v = roundl(n.v); return n; }
struct number number_floor(struct outcome *o, struct number n) { (void)o; n.v = floorl(n.v); return n; }
struct number number_ceil(struct outcome *o, struct number n) { (void)o; n.v = ceill(n.v); return n; }
struct number number_square(struct outcome *o, struct number n) { (void)o; return number_multiply(n, n); }
struct number number_cube(struct outcome *o, struct number n) { (void)o; return number_multiply(n, number_multiply(n, n)); }
struct number number_radians(struct outcome *o, struct number n) { (void)o; return number_inexact(n.v * 180 / number_pi); }
struct number number_degrees(struct outcome *o, struct number n) { (void)o; return n; }

struct number number_double(struct outcome *o, struct number n) { (void)o; return number_add(n, n); }

struct number number_percent(struct outcome *o, struct number n)
{
    n = number_divide(o, n, (struct number){ .v = 100, .exact = true });
    n.percent = true;
    return n;
}
