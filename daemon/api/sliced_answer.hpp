#pragma once

#include "daemon/http/answer.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace provisr::daemon {

/// A JSON answer that takes work to be found, in slices that keep nobody else waiting.
class SlicedWork {
 public:
  virtual ~SlicedWork() = default;

  /// Does a part that takes some milliseconds at most. Returns whether that was all.
  [[nodiscard]] virtual bool work() = 0;

  /// Once all is done.
  [[nodiscard]] virtual std::string text() = 0;
};

/// How many samples a slice looks at.
inline constexpr std::size_t samples_in_a_slice = 16'384;

/// One text if a single slice is enough. Else a streamed one that begins with a space, which JSON
/// allows, for each further slice.
[[nodiscard]] HttpAnswer sliced_answer(std::shared_ptr<SlicedWork> work);

}  // namespace provisr::daemon
