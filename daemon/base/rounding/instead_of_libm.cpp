// The libm functions that provisrd needs, including those needed by the libstdc++ inside it. With
// them, provisrd does not load libm, whose pages are a tenth of an idle daemon's memory. Used if
// PROVISR_SELF_CONTAINED is on.

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
