// Manners for libheif and libjxl, and the decoders behind them.
#pragma once

namespace janus {

// As Debian builds them, libjxl, dav1d and libde265 write lines about damaged files to stderr, and offer no
// hook for it where libheif stands between: these get a stream of their own that forgets what is written. And
// libde265 and libheif hand out memory of pixels that a damaged file never filled: theirs is zeroed first, so
// that a file always decodes to the same image. Called once, before the first use.
void tame_libraries();

}  // namespace janus
