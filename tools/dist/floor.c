/* hypot and hypotf are the only functions with a version of glibc 2.35. Their older version computes the same, so a binary
 * that takes it runs with glibc 2.34, too (RHEL 9 and its relatives). `link.sh` wraps both. */
#if defined(__x86_64__)
#define OLD "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define OLD "GLIBC_2.17"
#endif

double old_hypot(double x, double y);
float old_hypotf(float x, float y);
__asm__(".symver old_hypot,hypot@" OLD);
__asm__(".symver old_hypotf,hypotf@" OLD);

double __wrap_hypot(double x, double y);
float __wrap_hypotf(float x, float y);
double __wrap_hypot(double x, double y) { return old_hypot(x, y); }
float __wrap_hypotf(float x, float y) { return old_hypotf(x, y); }
