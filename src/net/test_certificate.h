// SPDX-License-Identifier: Apache-2.0
/* test_certificate.h: a self-signed certificate for localhost and 127.0.0.1, good for an hour; for tests and benches. */
#pragma once
#include "base/err.h"

struct test_certificate { char dir[64], cert[80], key[80]; };

void test_certificate_make(struct test_certificate *, const char *common_name);    /* again: replaces the files */
void test_certificate_remove(struct test_certificate *);
