#pragma once
#include <zlib.h>

// zlib's init functions are macros that pass the header's version and the struct's size.
static inline int tessera_inflateInit2(z_streamp stream, int windowBits) {
  return inflateInit2(stream, windowBits);
}
static inline int tessera_deflateInit2(z_streamp stream, int level, int windowBits, int memLevel, int strategy) {
  return deflateInit2(stream, level, Z_DEFLATED, windowBits, memLevel, strategy);
}
