/* The control loop: two-point control with hysteresis. */
#include "thermostat.h"

void control_step(const struct settings *s, struct room *room)
{
    const int reading = room->temperature / 100;
    bool heating = room->heating;

    if (reading <= s->target - s->hysteresis)
        heating = true;
    else if (reading >= s->target + s->hysteresis)
        heating = false;
    if (heating != room->heating)
        room->switched++;
    room->heating = heating;
}
