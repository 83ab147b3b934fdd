// SPDX-License-Identifier: Apache-2.0
/* plain.h: sockets, time and memory for the bench's clients and bare references, which share no code with the program
 * that is measured.  Whatever fails here ends the process. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECKED(cond) do { if (!(cond)) plain_die(#cond); } while (0)
void plain_die(const char *what) __attribute__((noreturn));

double plain_now_us(void);
double plain_cpu_us(void);                      /* processor time of this process */
int    plain_try_dial(unsigned port);           /* a connected, blocking socket without delay; -1: nobody listens */
int    plain_dial(unsigned port);               /* the same, must work */
int    plain_listen(unsigned port, unsigned *ret_port);     /* not blocking; port 0: a free one */
void   plain_watch(int epoll, int fd, uint32_t events, void *arg);
void   plain_all_files(void);                   /* as many descriptors as we may have */

/* Numbers in any order to their quantiles. */
struct sample { double *us; size_t n, cap; };
void   sample_add(struct sample *, double us);
double sample_quantile(struct sample *, double q);      /* 0 of an empty one */

/* Bytes that grow at the end and are taken from the front. */
struct bytes { char *p; size_t len, cap; };
void   bytes_add(struct bytes *, const void *, size_t n);
void   bytes_addf(struct bytes *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void   bytes_drop(struct bytes *, size_t n);
