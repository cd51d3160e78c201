// The blocks of every format.
#pragma once

#include "core/quant/iq4_nl.h"
#include "core/quant/k_blocks.h"
#include "core/quant/mxfp4.h"
#include "core/quant/q4_0.h"
#include "core/quant/q8_0.h"
