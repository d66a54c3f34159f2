#include "daemon/supervisor/command_desk.hpp"

#include <utility>

namespace provisr::daemon {

void CommandDesk::submit(Command command, ReplyHandler reply) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_closed_) {
      entries_.push_back({std::move(command), std::move(reply)});
      wakeup_.wake();
      return;
    }
  }
  reply(shutting_down_reply());
}

std::vector<CommandDesk::Entry> CommandDesk::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(entries_, {});
}

void CommandDesk::close() {
  std::vector<Entry> left;
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    left.swap(entries_);
  }
  for (const Entry& entry : left) entry.reply(shutting_down_reply());
}

CommandReply shutting_down_reply() {
  return {CommandReply::Outcome::shutting_down, {}, "provisrd is ending"};
}

}  // namespace provisr::daemon
