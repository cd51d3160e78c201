#pragma once
#include <opencv2/core.hpp>

#include "unrooted.h"
