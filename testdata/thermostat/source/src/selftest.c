/* The self test: a day in the simulated room, run at every start. */
#include <stdlib.h>

#include "thermostat.h"

enum { MINUTES = 24 * 60, SETTLING = 6 * 60 };

static bool parser_works(void)
{
    struct settings s = {.target = 0, .hysteresis = 0};

    return settings_apply(&s, "target=21.5") && s.target == 215 &&
           settings_apply(&s, "target=19") && s.target == 190 &&
           !settings_apply(&s, "tarpet=21.5");
}

/* Once settled the room stays within one degree of what was asked for. */
static bool loop_holds(const struct settings *s)
{
    struct room room = {.temperature = 12000, .outside = 2000};
    int worst = 0;

    for (int minute = 0; minute < MINUTES; minute++) {
        control_step(s, &room);
        room_step(&room);
        const int off = abs(room.temperature / 100 - s->target);
        if (minute >= SETTLING && off > worst)
            worst = off;
    }
    printf("self test: %d minutes, room at %d.%d C, relay moved %d times, "
           "at most %d.%d C off\n",
           MINUTES, room.temperature / 1000, room.temperature / 100 % 10,
           room.switched, worst / 10, worst % 10);
    return worst <= 10 && room.switched > 2;
}

bool self_test(const struct settings *s)
{
    const bool parser = parser_works();

    printf("self test: settings parser %s\n", parser ? "works" : "is broken");
    return parser && loop_holds(s);
}
