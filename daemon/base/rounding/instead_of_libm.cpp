// The functions of libm that provisrd needs, libstdc++ inside it included: with them it does
// without the library, whose pages are a tenth of the memory of an idle daemon. For
// PROVISR_SELF_CONTAINED.

#include "daemon/base/rounding/rounding.hpp"

namespace rounding = provisr::daemon::rounding;

extern "C" {

double ceil(double value) noexcept {
  return rounding::ceil(value);
}

double floor(double value) noexcept {
  return rounding::floor(value);
}

double round(double value) noexcept {
  return rounding::round(value);
}

}  // extern "C"
