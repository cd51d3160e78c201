#include "vision/sideways.h"
