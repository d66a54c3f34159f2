#include "daemon/supervisor/command_desk.hpp"

#include <exception>
#include <utility>

namespace provisr::daemon {

void CommandDesk::submit(Command command, ReplyHandler reply) {
  bool is_closed = false;
  {
    const std::lock_guard lock(mutex_);
    is_closed = is_closed_;
    if (!is_closed && entries_.size() < capacity) {
      entries_.push_back({std::move(command), std::move(reply)});
      wakeup_.wake();
      return;
    }
  }
  reply(is_closed ? shutting_down_reply() : busy_reply());
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
  for (const Entry& entry : left) refuse_at_end(entry.reply);
}

void refuse_at_end(const ReplyHandler& reply) noexcept {
  try {
    reply(shutting_down_reply());
  } catch (const std::exception&) {  // out of memory: who waits has a time limit
  }
}

CommandReply shutting_down_reply() {
  return {CommandReply::Outcome::shutting_down, {}, "provisrd is ending"};
}

CommandReply busy_reply() {
  return {CommandReply::Outcome::busy, {}, "too many commands wait; try again later"};
}

}  // namespace provisr::daemon
