#pragma once

#include "daemon/http/answer.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace provisr::daemon {

/// The work for a JSON answer, done in short slices so that other clients need not wait.
class SlicedWork {
 public:
  virtual ~SlicedWork() = default;

  /// Does a part that takes a few milliseconds at most. Returns whether all is done.
  [[nodiscard]] virtual bool work() = 0;

  /// Returns the answer once all is done.
  [[nodiscard]] virtual std::string text() = 0;
};

/// How many samples a slice examines.
inline constexpr std::size_t samples_in_a_slice = 16'384;

/// Returns a plain answer if one slice is enough. Otherwise returns a streamed answer that begins
/// with a space, which JSON allows, for each further slice.
[[nodiscard]] HttpAnswer sliced_answer(std::shared_ptr<SlicedWork> work);

}  // namespace provisr::daemon
