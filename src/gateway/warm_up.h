// SPDX-License-Identifier: Apache-2.0
/* warm_up.h: a tiny question to the main model when nobody has asked it anything for models.warm_up, so that the next person does not
 * wait for a model that was put away. */
#pragma once
#include "gateway/gateway.h"

enum err warm_up_run(void *gateway) AWAITS;     /* a fiber of gateway->services */
