// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "runtime/zones.h"

TEST(a_zone_is_found_by_its_name_and_read_once)
{
    const struct zone *z = zones_find(S("Asia/Shanghai"));

    CHECK(z != NULL);
    CHECK_INT(zone_offset(z, 1795000000000), 8 * 3600);
    CHECK(zones_find(S("Asia/Shanghai")) == z);
    CHECK(zones_find(S("America/Argentina/Buenos_Aires")) != NULL);
    CHECK(zones_find(S("Etc/GMT+5")) != NULL);
}

TEST(no_name_leads_out_of_the_zones_folder)
{
    static const char *const names[] = { "", "/etc/passwd", "../../../etc/passwd", "Asia/../../../../etc/passwd", "Asia//Shanghai", "Asia/",
        "./Asia/Shanghai", "Asia/Shanghai\n", "Asia", "Nowhere/Land", "tzdata.zi", "zone.tab", "%s%s", "C:\\zone" };

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        CHECK(zones_find(str_from(names[i])) == NULL);
    CHECK(zones_find(S("Asia/Shanghai\0x")) == NULL);
    CHECK(zones_find(NO_STR) == NULL);
}

TEST(this_machine_has_a_zone)
{
    const struct zone *z = zones_local();

    CHECK(z != NULL && zones_local() == z);
    CHECK(zones_local_name()[0] != '\0');
}
