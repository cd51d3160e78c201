#pragma once
#include "tokenizer/owner.h"
