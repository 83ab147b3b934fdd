// SPDX-License-Identifier: Apache-2.0
/* document_kind.h: what a document is that is not read here, for the error that says so. */
#pragma once
#include "document/document.h"

/* "a picture (PNG)"; *ret_advice: "leave it out".  Both constant. */
const char *document_format(str bytes, const char **ret_advice);
