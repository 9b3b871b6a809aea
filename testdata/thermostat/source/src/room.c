/* A room that loses heat to the outside and gains it from the heater. */
#include "thermostat.h"

enum { HEATER_PER_MINUTE = 120, LOSS_DIVISOR = 300 };

void room_step(struct room *room)
{
    room->temperature -= (room->temperature - room->outside) / LOSS_DIVISOR;
    if (room->heating)
        room->temperature += HEATER_PER_MINUTE;
}
