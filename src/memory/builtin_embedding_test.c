// SPDX-License-Identifier: Apache-2.0
#include "memory/builtin_embedding.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/test.h"

enum { DIMENSION = 768, MOST = 4096 };

static double likeness(const char *a, const char *b)
{
    static float va[DIMENSION], vb[DIMENSION];
    double sum = 0;

    builtin_embed(str_from(a), DIMENSION, va);
    builtin_embed(str_from(b), DIMENSION, vb);
    for (size_t i = 0; i < DIMENSION; i++)
        sum += (double)va[i] * (double)vb[i];
    return sum;
}

static void check_unit(const float *v, size_t dimension)
{
    double sum = 0;

    for (size_t i = 0; i < dimension; i++) {
        CHECK(isfinite(v[i]));
        sum += (double)v[i] * (double)v[i];
    }
    CHECK(fabs(sum - 1) < 1e-5);
}

/* What is asked, what it should find, and what should lie further away. */
TEST(what_means_the_same_is_nearer_than_what_does_not)
{
    static const struct { const char *asked, *near, *far; } cases[] = {
        /* forms of words */
        { "deploying the new servers", "deployed a new server", "selling the new sofas" },
        { "She is running marathons", "ran a marathon, she runs daily", "She is baking muffins" },
        { "migrations of the tables", "migrate a table", "immigration officers" },
        { "caching images", "the images are cached", "catching a train" },
        { "monthly invoices", "an invoice each month", "monkeys at the zoo" },
        { "allergies of the children", "the child has an allergy", "the children visit the gallery" },
        { "failing health checks", "the health check failed", "he checks the mailing list" },
        { "she stopped smoking", "she stops to smoke", "she shopped for stockings" },
        /* slips of the finger */
        { "kuberntes", "the version of Kubernetes", "the kitchen of the hotel" },
        { "the wifi pasword", "the wifi password is on the fridge", "the passenger missed his flight" },
        { "Postgrsql replcation lag", "replication lag of PostgreSQL", "the population of Portugal" },
        { "brithday of my mother", "my mother's birthday", "my mother's birch chair" },
        { "restuarant reservation", "a reservation at the restaurant", "the rest of the harvest" },
        { "Zhang Xiaomimg", "Zhang Xiaoming sits on floor 3", "the zoning law of Xiamen" },
        { "ansible palybook", "the playbook of Ansible", "the play was a success" },
        /* order of words */
        { "my sister lives in Berlin", "In Berlin lives my sister", "my sister visits Rome" },
        { "明天下午三点开会", "开会时间是明天下午三点", "明天下午去银行取钱" },
        { "打个电话给妈妈", "给妈妈打电话", "给同事发邮件" },
        { "吃了饭", "吃饭", "睡觉" },
        { "备份数据库的脚本", "数据库备份脚本", "部署网关的脚本" },
        { "the API of the billing team", "billing team's API", "the football team of the village" },
        /* synonyms */
        { "She bought a car", "She purchased an automobile", "She painted a bird" },
        { "When is mom's birthday?", "Mother was born on March 5", "The mortgage is due on March 9" },
        { "Where do I park my car?", "The vehicle is in garage level B2", "The passport is in the drawer" },
        { "rollout of the new build", "we ship the release tonight", "the boiler needs water" },
        { "our physician", "the doctor's name is Lee", "our plumber" },
        { "the machine keeps crashing", "the server crashed", "the washing takes an hour" },
        { "他的薪水是多少", "月薪两万", "他住在三楼" },
        { "怎么重启机器", "重新启动服务器的步骤", "怎么做红烧肉" },
        { "孩子上哪个幼儿园", "小朋友的托儿所在人民路", "孩子爱吃草莓" },
        { "login credentials", "the password and the user name", "lightning and thunder" },
        { "does she eat meat", "she is fond of beef and pork", "she is fond of tulips" },
        { "any pets?", "a dog named Max", "a desk made of oak" },
        { "宠物叫什么名字", "小狗叫豆豆", "客户叫王强" },
        /* the other language */
        { "妈妈的生日是什么时候？", "Mom's birthday is March 5, 1961", "Mom's car is a red Toyota" },
        { "她对什么过敏？", "My daughter is allergic to peanuts", "My daughter is in the second grade" },
        { "无线密码是多少", "The wifi password is hunter2", "The wifi router stands in the hall" },
        { "数据库备份放在哪里", "Database backups are stored on the NAS", "The NAS was bought in May" },
        { "谁负责支付服务的部署", "Alice owns the deployment of the payment service", "Alice pays for the lunch of the team" },
        { "磁盘满了怎么办", "disk full: rotate the logs first", "the disco is full on Fridays" },
        { "我的护照什么时候过期", "passport expires in June 2031", "passport photos are in the drawer" },
        { "值班表", "on-call schedule of the team", "train schedule to Hangzhou" },
        { "告警太多", "too many alerts from monitoring", "too many guests at the wedding" },
        { "How many servers are in Shanghai?", "上海机房有12台服务器", "上海的酒店很贵" },
        { "What does the user like to drink?", "用户喜欢喝咖啡", "用户喜欢蓝色" },
        { "When is the dentist appointment?", "周五上午去看牙医", "周五上午去看电影" },
        { "Does he play an instrument?", "他周末弹钢琴", "他周末去爬山" },
        { "rent of the apartment", "公寓的房租每月五千", "公寓在十二楼" },
        { "firewall rules", "防火墙规则改了", "游戏规则改了" },
        { "her favorite color", "她最喜欢的颜色是紫色", "她最喜欢的城市是巴黎" },
        { "is he vegetarian", "他吃素", "他抽烟" },
        { "flight to Tokyo in October", "10月飞东京的航班", "5月去广州的火车" },
        { "手機號碼", "phone number: 13800138000", "shoe size: 42" },
        /* numbers and names as a whole */
        { "db-prod-01", "the disk of db-prod-01 was replaced", "the disk of db-test-07 was replaced" },
        { "10.0.0.7", "10.0.0.7 is the old proxy", "10.2.0.8 is the old proxy" },
        { "INC-20417", "see INC-20417 for the cause", "see INC-30999 for the cause" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        double near = likeness(cases[i].asked, cases[i].near), far = likeness(cases[i].asked, cases[i].far);

        if (near < 0.15 || near < far + 0.08)
            test_failed(__FILE__, __LINE__, "\"%s\": %.2f to \"%s\", %.2f to \"%s\"", cases[i].asked, near, cases[i].near, far, cases[i].far);
    }
}

TEST(what_has_nothing_in_common_is_at_right_angles)
{
    static const char *const cases[][2] = {
        { "my sister lives in Berlin", "The password of the router is taped under the desk" },
        { "deploy the server", "she likes strawberry cake" },
        { "妈妈的生日是什么时候？", "数据库备份放在哪里" },
        { "妈妈的生日是什么时候？", "Database backups are stored on the NAS" },
        { "我的狗叫什么名字", "上海机房有12台服务器" },
        { "今天天气怎么样", "The contract with the supplier was signed" },
        { "connection pool exhausted", "the collection of stamps" },
        { "How do I reset my password?", "How do I cook rice?" },
        { "什么时候发工资", "什么时候去看牙医" },
        { "He plays chess on Sundays", "证书轮换脚本" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        double got = likeness(cases[i][0], cases[i][1]);

        if (fabs(got) > 0.15)
            test_failed(__FILE__, __LINE__, "\"%s\" and \"%s\": %.2f", cases[i][0], cases[i][1], got);
    }
}

/* Vectors are stored: whoever changes these numbers raises the number in BUILTIN_EMBEDDING. */
TEST(a_text_has_the_same_vector_for_ever)
{
    static const float want[] = { -0x1.ea6a7p-6f, 0x1.bad87p-2f, -0x1.6930f4p-1f, 0x1.39ddb8p-5f, -0x1.aba47ep-3f, -0x1.1940e2p-2f, 0x1.99fcd2p-5f, -0x1.bffeacp-2f };
    float got[N_ELEMENTS(want)];

    builtin_embed(S("Deploy db-prod-01 on the 5th; 用docker部署，吃了饭。"), N_ELEMENTS(want), got);
    for (size_t i = 0; i < N_ELEMENTS(want); i++)
        if (got[i] < want[i] || got[i] > want[i])
            test_failed(__FILE__, __LINE__, "value %zu is %a, want %a", i, (double)got[i], (double)want[i]);
}

TEST(any_dimension_will_do)
{
    static float v[MOST];

    for (size_t dimension = 1; dimension <= MOST; dimension += dimension < 64 ? 1 : 61) {
        builtin_embed(S("the database of 上海机房 is on db-prod-01"), dimension, v);
        check_unit(v, dimension);
    }
    builtin_embed(S("the database"), MOST, v);
    check_unit(v, MOST);
}

TEST(any_bytes_are_a_text)
{
    static const str cases[] = {
        S("a\0b\0\0c"), S("\xff\xfe\x80"), S("\xe6\x89\x8b\xe6\x9c"), S("\xed\xa0\x80"), S("x\xf4\x90\x80\x80y"), S("- _ . / : @"), S("_"), S("1st"), S("th"),
    };
    static float v[DIMENSION];

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        builtin_embed(cases[i], DIMENSION, v);
        check_unit(v, DIMENSION);
    }
}

TEST(without_words_the_vector_is_the_first_axis)
{
    static const str cases[] = { S(""), NO_STR, S("  \n"), S("?!。，"), S("\xff\xff") };
    float v[8];

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        builtin_embed(cases[i], N_ELEMENTS(v), v);
        for (size_t k = 0; k < N_ELEMENTS(v); k++)
            CHECK(k ? fpclassify(v[k]) == FP_ZERO : v[k] >= 1 && v[k] <= 1);
    }
}

TEST(words_that_say_nothing_are_a_text_too)
{
    static float v[DIMENSION];

    builtin_embed(S("what is it that they have been and will be"), DIMENSION, v);
    check_unit(v, DIMENSION);
    CHECK(likeness("这是什么", "那是什么的") > 0.3);
}

TEST(a_long_text_ends_and_what_is_beyond_the_limit_is_not_looked_at)
{
    size_t len = BUILTIN_EMBEDDING_TEXT_MAX;
    CLEANUP(mem_freep) char *text = mem_alloc(len + 8);
    static float v[DIMENSION], longer[DIMENSION];

    for (size_t i = 0; i < len; i++)
        text[i] = " abcdefgh"[(i * i + i / 7) % 9];
    memcpy(text + len, " tail ab", 8);
    builtin_embed(str_of(text, len), DIMENSION, v);
    check_unit(v, DIMENSION);
    builtin_embed(str_of(text, len + 8), DIMENSION, longer);
    CHECK(memcmp(v, longer, sizeof v) == 0);
}

TEST(a_word_said_a_hundred_times_does_not_drown_the_others)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    for (size_t i = 0; i < 100; i++)
        buf_add(&text, S("sofa "));
    buf_add(&text, S("passport"));
    buf_add(&text, str_of("", 1));
    CHECK(likeness(text.p, "passport") > 0.12);
}
