// SPDX-License-Identifier: Apache-2.0
/* modules/office_xml.h: one XML file of a ZIP as events, without a document type, and no deeper than OFFICE_DEPTH_MAX.
 * Names come without their prefix: "w:p" is "p". */
#pragma once
#include "base/str.h"

struct office_xml {
    void     *arg;
    /* attributes: name, value, ..., NULL */
    enum err (*on_start)(void *arg, const char *name, const char **attributes);
    enum err (*on_end)(void *arg, const char *name);
    enum err (*on_text)(void *arg, str);
};

/* *ret_found: false if there is no such file. */
enum err    office_xml_read(str zip, const char *file, const struct office_xml *, bool *ret_found) MUST_USE;
/* "" if it is absent; by its name without prefix. */
const char *office_attribute(const char **attributes, const char *name);
/* 1 to max; otherwise if it is absent or no number. */
unsigned    office_number(const char **attributes, const char *name, unsigned max, unsigned otherwise);
