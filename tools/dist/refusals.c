/* Debian's libhdf5_serial.a can read files from a web server (with curl) and decode szip. Tessera does neither, and
 * refuses such files before. These functions stand in for both libraries, so that the binary does not need them: each
 * one reports a failure to libhdf5. */
#include <stddef.h>

/* CURLE_FAILED_INIT of curl.h */
enum { failed = 2 };

int curl_global_init(long flags) { (void)flags; return failed; }
void curl_global_cleanup(void) {}
void *curl_easy_init(void) { return NULL; }
void curl_easy_cleanup(void *handle) { (void)handle; }
int curl_easy_perform(void *handle) { (void)handle; return failed; }
int curl_easy_setopt(void *handle, int option, ...) { (void)handle; (void)option; return failed; }
void *curl_slist_append(void *list, const char *text) { (void)list; (void)text; return NULL; }
void curl_slist_free_all(void *list) { (void)list; }

/* SZ_PARAM_ERROR of szlib.h */
enum { refused = -4 };

int SZ_BufftoBuffCompress(void *to, size_t *length, const void *from, size_t count, void *parameters) {
  (void)to; (void)length; (void)from; (void)count; (void)parameters;
  return refused;
}
int SZ_BufftoBuffDecompress(void *to, size_t *length, const void *from, size_t count, void *parameters) {
  (void)to; (void)length; (void)from; (void)count; (void)parameters;
  return refused;
}
int SZ_encoder_enabled(void) { return 0; }
