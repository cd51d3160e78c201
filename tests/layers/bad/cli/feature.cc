#include "tokenizer/owner.h"
#ifdef JANUS_OPENCV
#endif
