#pragma once
#include <malloc.h>
#include <stdint.h>

// <fcntl.h> declares this only under _GNU_SOURCE, which Swift's Glibc module does not set.
extern int sync_file_range(int descriptor, int64_t offset, int64_t count, unsigned flags);

// <sys/mman.h> does the same with this one.
extern int memfd_create(const char *name, unsigned flags);

// SYNC_FILE_RANGE_WRITE of <fcntl.h>.
static inline int tessera_start_writeback(int descriptor, int64_t offset, int64_t count) {
  return sync_file_range(descriptor, offset, count, 2u);
}

// M_ARENA_MAX of <malloc.h>, which Swift's Glibc module leaves out.
static inline int tessera_limit_arenas(int count) { return mallopt(M_ARENA_MAX, count); }
