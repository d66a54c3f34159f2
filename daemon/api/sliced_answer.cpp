#include "daemon/api/sliced_answer.hpp"

#include "daemon/api/parameters.hpp"

#include <utility>

namespace provisr::daemon {
namespace {

[[nodiscard]] PullResult next_piece(SlicedWork& work, std::string& piece) {
  std::string text;
  const bool is_end = work.work(text);
  if (text.empty() && !is_end) text += ' ';
  piece += text;
  return is_end ? PullResult::end : PullResult::piece;
}

}  // namespace

HttpAnswer sliced_answer(std::shared_ptr<SlicedWork> work) {
  std::string begin;
  if (work->work(begin)) return json_answer(std::move(begin));
  return streamed_answer("application/json", [work = std::move(work), begin = std::move(begin)](
                                                 std::string& piece) mutable {
    if (begin.empty()) return next_piece(*work, piece);
    piece += std::exchange(begin, {});
    return PullResult::piece;
  });
}

HttpAnswer answer_in_turn(std::shared_ptr<PreparedWork> work, bool is_short,
                          const std::shared_ptr<Turns>& turns) {
  if (is_short) {
    while (!work->prepare()) {
    }
    return sliced_answer(std::move(work));
  }
  auto place = Turns::join(turns);
  if (!place) throw Refusal{503, "too many requests wait for answers that take much memory"};
  return streamed_answer("application/json", [work = std::move(work), place = std::move(place)](
                                                 std::string& piece) mutable {
    if (place) {
      if (!place->has_come()) return PullResult::later;
      if (!work->prepare()) {
        place->call_again();
        return PullResult::later;
      }
      place.reset();
    }
    return next_piece(*work, piece);
  });
}

}  // namespace provisr::daemon
