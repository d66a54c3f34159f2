// provisrd speaks no TLS, yet distributions link cpp-httplib with OpenSSL, which then sets itself
// up before main: 1.8 MB resident and a few milliseconds for nothing. In place of that function,
// the program's own is found first. It has to be in the executable itself for that.

#ifdef CPPHTTPLIB_OPENSSL_SUPPORT

#include <cstdint>

/// OPENSSL_init_ssl(3): 1 is success.
extern "C" int OPENSSL_init_ssl(std::uint64_t options, const void* settings);

extern "C" int OPENSSL_init_ssl(std::uint64_t /*options*/, const void* /*settings*/) {
  return 1;
}

#endif
