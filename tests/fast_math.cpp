// Compiled with -ffast-math, with which compilers assume that no value is NaN. Returns 0 if unknown
// figures are unknown all the same.
#include <provisr/process_metrics.hpp>

#include <limits>

namespace {

template <class T>
[[nodiscard]] bool is_as_elsewhere() {
  using provisr::Figure;
  const volatile T largest = std::numeric_limits<T>::max();
  const volatile T least = -largest;
  const Figure<T> unknown;
  const bool knows_numbers = Figure<T>(largest) && Figure<T>(least) && Figure<T>(T{0});
  return knows_numbers && !unknown && unknown == Figure<T>() && unknown.value_or(T{1}) == T{1};
}

}  // namespace

int main() {
  return is_as_elsewhere<double>() && is_as_elsewhere<float>() ? 0 : 1;
}
