#include "daemon/supervisor/pid_file_desk.hpp"

#include "support/eventually.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;

namespace {

/// A file system with one pid file that can hang.
class HangingFile {
 public:
  [[nodiscard]] PidFileCalls calls() {
    return {.look =
                [this](const PidFileQuestion&) {
                  const Call call(*this);
                  PidFileAnswer answer;
                  answer.reading.emplace().pid = pid_;
                  return answer;
                },
            .write =
                [this](const auto&, ProcessId pid) {
                  const Call call(*this);
                  writes_.push_back(pid);
                  pid_ = pid;
                  return error_;
                },
            .remove =
                [this](const auto&, ProcessId pid) {
                  const Call call(*this);
                  if (pid_ == pid) pid_.reset();
                }};
  }
  ~HangingFile() {
    hang(false);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_ == 0; });
  }

  void hang(bool hangs = true) {
    const std::lock_guard lock(mutex_);
    hangs_ = hangs;
    changed_.notify_all();
  }
  void fail_with(std::errc error) {
    const std::lock_guard lock(mutex_);
    error_ = std::make_error_code(error);
  }
  [[nodiscard]] std::optional<ProcessId> pid() {
    const std::lock_guard lock(mutex_);
    return pid_;
  }
  [[nodiscard]] std::vector<ProcessId> writes() {
    const std::lock_guard lock(mutex_);
    return writes_;
  }
  [[nodiscard]] bool has_callers() {
    const std::lock_guard lock(mutex_);
    return calls_ > 0;
  }

 private:
  /// Holds the lock once the file system answers.
  class Call {
   public:
    explicit Call(HangingFile& file) : file_(file), lock_(file.mutex_) {
      ++file_.calls_;
      file_.changed_.wait(lock_, [&] { return !file_.hangs_; });
    }
    ~Call() {
      --file_.calls_;
      file_.changed_.notify_all();
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    HangingFile& file_;
    std::unique_lock<std::mutex> lock_;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  int calls_ = 0;
  bool hangs_ = false;
  std::optional<ProcessId> pid_;
  std::vector<ProcessId> writes_;
  std::error_code error_;
};

const std::filesystem::path the_file = "app.pid";

/// Retries until nothing is left undone. Returns the writes that were done late.
[[nodiscard]] std::vector<PidFileDesk::Done> finish(PidFileDesk& desk) {
  std::vector<PidFileDesk::Done> done;
  MonotonicTime now{};
  CHECK(eventually([&] {
    now += 1s;
    for (const auto& one : desk.retry(now)) done.push_back(one);
    return desk.next_try() == MonotonicTime::max();
  }));
  return done;
}

}  // namespace

TEST_CASE("a pid file whose file system answers is written, read and removed at once") {
  HangingFile file;
  PidFileDesk desk(file.calls(), 30s);
  CHECK(desk.write(the_file, 1) == std::error_code());
  CHECK(desk.look({the_file, {}})->reading->pid == 1);
  desk.remove(the_file, 2);
  CHECK(file.pid() == 1);
  desk.remove(the_file, 1);
  CHECK_FALSE(file.pid());
  file.fail_with(std::errc::no_space_on_device);
  CHECK(desk.write(the_file, 3) == std::make_error_code(std::errc::no_space_on_device));
  CHECK(desk.next_try() == MonotonicTime::max());
}

TEST_CASE("a pid file whose file system does not answer is written once it does") {
  HangingFile file;
  PidFileDesk desk(file.calls(), 1ms);
  file.hang();
  CHECK_FALSE(desk.look({the_file, {}}));
  CHECK_FALSE(desk.write(the_file, 1));
  CHECK(desk.retry(MonotonicTime(10s)).empty());
  CHECK(desk.next_try() == MonotonicTime(11s));
  CHECK(desk.retry(MonotonicTime(10s)).empty());
  file.hang(false);
  const auto done = finish(desk);
  REQUIRE(done.size() == 1);
  CHECK(done[0].file == the_file);
  CHECK_FALSE(done[0].error);
  CHECK(file.pid() == 1);
}

TEST_CASE("a write that fails late tells of it") {
  HangingFile file;
  PidFileDesk desk(file.calls(), 1ms);
  file.hang();
  CHECK_FALSE(desk.write(the_file, 1));
  file.fail_with(std::errc::no_space_on_device);
  file.hang(false);
  const auto done = finish(desk);
  REQUIRE(done.size() == 1);
  CHECK(done[0].error == std::errc::no_space_on_device);
}

TEST_CASE("a write that succeeds late leaves no file of a process that has ended") {
  HangingFile file;
  PidFileDesk desk(file.calls(), 1ms);
  file.hang();
  REQUIRE(eventually([&] {
    CHECK_FALSE(desk.write(the_file, 1));
    return file.has_callers();
  }));
  desk.remove(the_file, 1);
  CHECK_FALSE(desk.write(the_file, 2));  // is never begun
  desk.remove(the_file, 2);
  file.hang(false);
  CHECK(finish(desk).empty());
  CHECK(file.writes() == std::vector<ProcessId>{1});
  CHECK_FALSE(file.pid());
}

TEST_CASE("of several writes that wait, the last one counts") {
  HangingFile file;
  PidFileDesk desk(file.calls(), 1ms);
  file.hang();
  for (const ProcessId pid : {1, 2, 3}) {
    CHECK_FALSE(desk.write(the_file, pid));
    if (pid < 3) desk.remove(the_file, pid);
  }
  file.hang(false);
  CHECK(finish(desk).size() == 1);
  CHECK(file.pid() == 3);
}

TEST_CASE("what is prepared is answered once, and only for the same question") {
  HangingFile file;
  PidFileDesk desk(file.calls(), 30s);
  CHECK(desk.write(the_file, 1) == std::error_code());
  const PidFileQuestion question{the_file, {}};
  desk.prepare({question, {"other.pid", {}}});
  CHECK(desk.write(the_file, 2) == std::error_code());
  CHECK(desk.look({the_file, FileStamp{.size = 7}})->reading->pid == 2);
  desk.prepare({question, {"other.pid", {}}});
  CHECK(desk.write(the_file, 3) == std::error_code());
  CHECK(desk.look(question)->reading->pid == 2);
  CHECK(desk.look(question)->reading->pid == 3);
}
