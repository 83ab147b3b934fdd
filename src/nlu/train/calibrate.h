// SPDX-License-Identifier: Apache-2.0
/* calibrate.h: what the network's scores are worth, by sentences of templates that it has not learned from. */
#pragma once
#include "nlu/train/net.h"

/* Chooses the temperature by which probabilities are right on average, and from which probability an intent is sure; the finished file. */
enum err calibrate(struct arena *, struct net *const members[NET_MEMBERS], const struct corpus *, const struct network_header *, str
        *ret_file) MUST_USE;
