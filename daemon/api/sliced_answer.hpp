#pragma once

#include "daemon/api/turns.hpp"
#include "daemon/http/answer.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace provisr::daemon {

/// A JSON answer that is made in short slices, so that other clients need not wait.
class SlicedWork {
 public:
  virtual ~SlicedWork() = default;

  /// Does a part that takes a few milliseconds at most, and puts what is ready of the answer into
  /// `text`, which is empty. Returns whether that was the end of the answer.
  [[nodiscard]] virtual bool work(std::string& text) = 0;
};

/// How many samples a slice examines.
inline constexpr std::size_t samples_in_a_slice = 16'384;

/// Once so many bytes are ready, a slice ends: a client that takes no more holds no more.
inline constexpr std::size_t bytes_in_a_piece = std::size_t{16} * 1024;

/// Returns a plain answer if one slice is enough. Otherwise returns a streamed answer, in which a
/// slice without text is a space, which JSON allows.
[[nodiscard]] HttpAnswer sliced_answer(std::shared_ptr<SlicedWork> work);

/// A sliced answer that is prepared before its text begins. The preparation may need much memory.
class PreparedWork : public SlicedWork {
 public:
  /// Does a part of the preparation, as work() does of the text. Returns whether it is done.
  [[nodiscard]] virtual bool prepare() = 0;
};

/// Prepares the work when its turn comes, then releases the turn and sends the text. Nothing is
/// sent during the turn, so a client that reads nothing does not prolong it. If `is_short`,
/// prepares the work at once. Throws Refusal if too many wait.
[[nodiscard]] HttpAnswer answer_in_turn(std::shared_ptr<PreparedWork> work, bool is_short,
                                        const std::shared_ptr<Turns>& turns);

}  // namespace provisr::daemon
