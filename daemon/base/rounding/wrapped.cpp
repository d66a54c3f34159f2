// What the linker puts in place of libm's functions (--wrap), so that provisrd, libstdc++ inside it
// included, needs no libm: its pages would be a tenth of the memory of an idle daemon.

#include "daemon/base/rounding/rounding.hpp"

namespace rounding = provisr::daemon::rounding;

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
extern "C" {

double __wrap_ceil(double value) noexcept {
  return rounding::ceil(value);
}

double __wrap_floor(double value) noexcept {
  return rounding::floor(value);
}

double __wrap_round(double value) noexcept {
  return rounding::round(value);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
