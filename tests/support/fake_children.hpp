#pragma once

#include "daemon/platform/child_process.hpp"
#include "daemon/platform/ended_children.hpp"
#include "daemon/platform/process_identity.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::test {

[[nodiscard]] inline daemon::ProcessIdentity identity(ProcessId pid) {
  return {.pid = pid, .start_clock_ticks = 7, .pid_namespace = 1};
}

/// A fake process group. The test decides how it reacts to signals.
struct FakeGroup {
  ProcessId pid = 0;
  daemon::ChildCommand command;

  bool heeds_terminate = true;
  bool heeds_kill = true;
  bool workers_heed_terminate = true;
  bool workers_hide = false;  ///< they are found only once the leader has ended

  bool has_workers = false;  ///< whether the group has members besides the leader
  bool has_escaped = false;  ///< whether a member has left the group: terminate_group() returns it
  std::optional<daemon::ExitStatus> exit;
  bool is_collected = false;
  bool is_released = false;
  std::optional<std::uint64_t> memory_peak;
  daemon::Execution execution = daemon::Execution::done;
  daemon::StartFailure start_failure;  ///< if its execution failed
  int polls = 0;                       ///< calls that asked for its state
  int terminated = 0;                  ///< requests to end while the leader ran
  int killed = 0;
  int signal = 0;  ///< of the latest request to end

  void end(daemon::ExitStatus how) {
    if (!exit) exit = how;
  }
};

/// Launches fake groups, or fails to, and reports which of them have ended.
class FakeChildren final : public daemon::EndedChildren {
 public:
  /// Adds an orphan that has ended.
  void add_orphan(ProcessId pid) { orphans_.push_back(pid); }
  [[nodiscard]] const std::vector<ProcessId>& orphans() const { return orphans_; }

  [[nodiscard]] std::optional<ProcessId> next() override {
    if (!orphans_.empty()) return orphans_.front();
    for (const auto& group : groups_) {
      if (group->exit && !group->is_collected) return group->pid;
    }
    return std::nullopt;
  }
  void reap(ProcessId pid) override {
    std::erase(orphans_, pid);
    for (const auto& group : groups_) {
      if (group->pid == pid) group->is_collected = true;
    }
  }

  [[nodiscard]] daemon::Launcher launcher() {
    return [this](const daemon::ChildCommand& command, daemon::StartFailure& failure) {
      return launch(command, failure);
    };
  }

  /// Makes every launch fail until accept() is called, except the next `after`.
  void refuse(std::errc error, std::string what, int after = 0) {
    refusal_ = {std::make_error_code(error), std::move(what)};
    launches_before_refusal_ = after;
  }
  void accept() { refusal_ = {}; }

  /// Whether launches throw std::bad_alloc.
  void throw_bad_alloc(bool does) { throws_bad_alloc_ = does; }

  /// How many children may exist at a time before a launch fails with EMFILE.
  long most_at_once = std::numeric_limits<long>::max();

  /// Adds a group that an earlier daemon left running.
  void leave_running(ProcessId pid) {
    auto group = std::make_shared<FakeGroup>(pattern);
    group->pid = pid;
    left_.push_back(std::move(group));
  }
  [[nodiscard]] std::unique_ptr<daemon::ChildProcess> adopt(
      const daemon::ProcessIdentity& process) {
    for (const auto& group : left_) {
      if (identity(group->pid) != process) continue;
      groups_.push_back(group);
      return std::make_unique<Child>(group);
    }
    return nullptr;
  }

  /// Adds the workers of a group whose leader has ended.
  FakeGroup& leave_workers(ProcessId leader, std::string launch_id) {
    auto group = std::make_shared<FakeGroup>(pattern);
    group->pid = leader;
    group->command.launch_id = std::move(launch_id);
    group->exit = daemon::ExitStatus{};
    group->is_collected = true;
    group->has_workers = true;
    leftovers_.push_back(group);
    return *group;
  }
  [[nodiscard]] std::unique_ptr<daemon::ChildProcess> adopt_leftovers(
      const daemon::ProcessIdentity& leader, std::string_view launch_id) {
    for (const auto& group : leftovers_) {
      const bool is_same = identity(group->pid) == leader && group->command.launch_id == launch_id;
      if (is_same && group->has_workers) return std::make_unique<Child>(group);
    }
    return nullptr;
  }

  /// The process that adopts the orphans of all groups.
  static constexpr ProcessId adopter_of_orphans = 2;

  /// The initial state of every new group.
  FakeGroup pattern;

  [[nodiscard]] std::size_t launches() const { return groups_.size(); }
  [[nodiscard]] FakeGroup& group(std::size_t index) { return *groups_.at(index); }
  [[nodiscard]] FakeGroup& latest() { return *groups_.back(); }
  [[nodiscard]] int attempts() const { return attempts_; }

 private:
  class Child final : public daemon::ChildProcess {
   public:
    explicit Child(std::shared_ptr<FakeGroup> group) : group_(std::move(group)) {}

    [[nodiscard]] ProcessId pid() const override { return group_->pid; }
    [[nodiscard]] ProcessId adopter() const override { return adopter_of_orphans; }
    [[nodiscard]] daemon::Execution execution(daemon::StartFailure& failure) override {
      if (group_->execution == daemon::Execution::failed) failure = group_->start_failure;
      return group_->execution;
    }
    [[nodiscard]] bool has_ended() const override {
      ++group_->polls;
      return group_->exit.has_value();
    }
    std::optional<daemon::ExitStatus> collect_exit() override {
      group_->is_collected = true;
      return group_->exit;
    }
    [[nodiscard]] std::optional<std::uint64_t> memory_peak() const override {
      return group_->memory_peak;
    }
    [[nodiscard]] bool group_alive() const override {
      ++group_->polls;
      return !group_->exit || group_->has_workers;
    }
    using ChildProcess::terminate_group;
    bool terminate_group(int signal) override {
      group_->signal = signal;
      if (!group_->exit) ++group_->terminated;
      const bool finds_workers = !group_->workers_hide || group_->exit;
      if (group_->heeds_terminate) group_->end({.code = 0, .signal = 15});
      if (finds_workers) terminate_workers();
      return group_->has_escaped;
    }
    void release() override { group_->is_released = true; }
    void kill_group() override {
      ++group_->killed;
      if (!group_->heeds_kill) return;
      const bool finds_workers = !group_->workers_hide || group_->exit;
      group_->end({.code = 0, .signal = 9});
      if (finds_workers) group_->has_workers = false;
    }

   private:
    void terminate_workers() {
      if (group_->workers_heed_terminate) group_->has_workers = false;
    }

    std::shared_ptr<FakeGroup> group_;
  };

  std::unique_ptr<daemon::ChildProcess> launch(const daemon::ChildCommand& command,
                                               daemon::StartFailure& failure) {
    ++attempts_;
    if (throws_bad_alloc_) throw std::bad_alloc();
    if (refusal_.error && launches_before_refusal_-- <= 0) {
      failure = refusal_;
      return nullptr;
    }
    const auto exists = [](const auto& group) { return group.use_count() > 1; };
    if (std::count_if(groups_.begin(), groups_.end(), exists) >= most_at_once) {
      failure = {std::make_error_code(std::errc::too_many_files_open), "no descriptor"};
      return nullptr;
    }
    constexpr ProcessId beyond_all_real_ones = 1'000'000'000;
    auto group = std::make_shared<FakeGroup>(pattern);
    group->pid = beyond_all_real_ones + static_cast<ProcessId>(groups_.size());
    group->command = command;
    groups_.push_back(group);
    return std::make_unique<Child>(group);
  }

  std::vector<std::shared_ptr<FakeGroup>> groups_;
  std::vector<std::shared_ptr<FakeGroup>> left_;
  std::vector<std::shared_ptr<FakeGroup>> leftovers_;
  std::vector<ProcessId> orphans_;
  daemon::StartFailure refusal_;
  bool throws_bad_alloc_ = false;
  int launches_before_refusal_ = 0;
  int attempts_ = 0;
};

}  // namespace provisr::test
