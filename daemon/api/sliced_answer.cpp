#include "daemon/api/sliced_answer.hpp"

#include <utility>

namespace provisr::daemon {

HttpAnswer sliced_answer(std::shared_ptr<SlicedWork> work) {
  if (work->work()) return json_answer(work->text());
  return streamed_answer("application/json", [work = std::move(work)](std::string& piece) {
    if (!work->work()) {
      piece += ' ';
      return PullResult::piece;
    }
    piece += work->text();
    return PullResult::end;
  });
}

}  // namespace provisr::daemon
