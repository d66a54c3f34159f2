// Questions to a long history by many clients at once.
#include "support/eventually.hpp"
#include "support/lasting_daemon.hpp"
#include "support/raw_client.hpp"
#include "support/sanitizers.hpp"

#include <provisr/aggregator.hpp>
#include <provisr/clock.hpp>
#include <provisr/history.hpp>
#include <provisr/storage.hpp>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr;
using namespace provisr::test;

namespace {

constexpr int long_history_samples = 300'000;
constexpr std::chrono::seconds long_step{365 * 24 * 3600};
/// The samples of "app" are of long ago, in one step, which ends before those of the daemon begin.
constexpr Timestamp long_ago{long_step * 33};

[[nodiscard]] double cpu_of(int number) {
  return static_cast<double>(number * std::int64_t{7919} % 100'003) / 8;
}

/// Writes a history file with samples of one a second from `begin` on.
void write_long_history(const std::filesystem::path& file, std::string_view name, int count,
                        Timestamp begin) {
  const HistoryShape shape{.name = name, .capacity = long_history_samples};
  const HistoryStorage storage = heap_storage(shape);
  History history(shape, storage);
  for (int i = 0; i < count; ++i) {
    ProcessMetrics sample;
    sample.pid = 1;
    sample.timestamp = begin + std::chrono::seconds(i);
    sample.cpu_percent = cpu_of(i);
    sample.memory_rss_bytes = static_cast<std::uint64_t>(i) * 4096;
    sample.num_threads = static_cast<std::uint32_t>(i % 13);
    history.push(sample);
  }
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(storage.bytes.data()),
             static_cast<std::streamsize>(storage.bytes.size()));
  std::filesystem::permissions(
      file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

/// A daemon whose processes have long histories.
struct LongHistory {
  LongHistory() {
    daemon.program->signal(SIGTERM);
    REQUIRE(daemon.program->wait());
    daemon.write(lasting_process("app") + lasting_process("recent"), long_history_samples);
    const auto folder = daemon.state() / "histories";
    write_long_history(folder / "app.history", "app", long_history_samples, long_ago);
    write_long_history(folder / "recent.history", "recent", 90'000,
                       Clock::system().utc_now() - std::chrono::seconds(90'000));
    daemon.start();
  }

  [[nodiscard]] RawClient ask(const std::string& path) const {
    RawClient client(daemon.port);
    client.send(
        fmt::format("GET /api/metrics/{} HTTP/1.1\r\nHost: localhost\r\n"
                    "Connection: close\r\n\r\n",
                    path));
    return client;
  }

  /// Returns how many bytes of anonymous memory the daemon has.
  [[nodiscard]] std::uint64_t memory() const {
    std::ifstream status(fmt::format("/proc/{}/status", daemon.program->pid()));
    for (std::string line; std::getline(status, line);) {
      std::string key;
      std::uint64_t kibibytes = 0;
      if (std::istringstream(line) >> key >> kibibytes && key == "RssAnon:") {
        return kibibytes * 1024;
      }
    }
    return 0;
  }

  Lasting daemon{lasting_process("app")};
};

[[nodiscard]] std::string percentiles() {
  return fmt::format("history?name=app&until=2010-01-01T00:00:00Z&agg=p95&step={}h",
                     std::chrono::duration_cast<std::chrono::hours>(long_step).count());
}

/// Returns the text in the chunks of an answer.
[[nodiscard]] std::string text_in_chunks(const std::string& body) {
  std::string text;
  std::istringstream chunks(body);
  for (std::string line; std::getline(chunks, line);) {
    const std::size_t size = std::stoul(line, nullptr, 16);
    const std::size_t begin = text.size();
    text.resize(begin + size);
    chunks.read(text.data() + begin, static_cast<std::streamsize>(size));
    chunks.ignore(2);
  }
  return text;
}

[[nodiscard]] rapidjson::Document json_in(const std::string& answer) {
  REQUIRE(status_of_answer(answer) == 200);
  const std::string body = answer.substr(answer.find("\r\n\r\n") + 4);
  const bool is_chunked = answer.find("\r\nTransfer-Encoding: chunked\r\n") < answer.find(body);
  rapidjson::Document document;
  document.Parse((is_chunked ? text_in_chunks(body) : body).c_str());
  REQUIRE_FALSE(document.HasParseError());
  return document;
}

}  // namespace

TEST_CASE("many clients that ask for percentiles of a long history wait in turn, and nobody else") {
  const LongHistory world;
  std::vector<double> values;
  for (int i = 0; i < long_history_samples; ++i) values.push_back(cpu_of(i));
  const std::uint64_t before = world.memory();
  std::uint64_t most = before;

  std::vector<RawClient> gone;
  std::vector<RawClient> asking;
  for (int i = 0; i < 8; ++i) {
    gone.push_back(world.ask(percentiles()));
    asking.push_back(world.ask(percentiles()));
    asking.push_back(world.ask("summary?name=recent&window=20h"));
  }
  gone.clear();
  for (int i = 0; i < 20; ++i) {
    CHECK(world.daemon.is_healthy());
    most = std::max(most, world.memory());
  }
  for (std::size_t i = 0; i < asking.size(); i += 2) {
    const rapidjson::Document steps = json_in(asking[i].read_all());
    REQUIRE(steps["history"].Size() == 1);
    const auto& row = steps["history"][0];
    const auto in_step = row["samples"].GetUint();
    CHECK(in_step > long_history_samples - 1000);  // the oldest make room for new ones
    std::vector<double> kept(values.end() - in_step, values.end());
    std::sort(kept.begin(), kept.end());
    CHECK(row["cpu_percent"].GetDouble() == nearest_rank(kept, 0.95));
    const rapidjson::Document summary = json_in(asking[i + 1].read_all());
    CHECK(summary["figures"]["cpu_percent"]["count"].GetInt() > 70'000);
    most = std::max(most, world.memory());
  }
  constexpr std::uint64_t few = std::uint64_t{24} << 20U;  // the values of one answer, not of eight
  if (!sanitizer_needs_descriptors) CHECK(most - before < few);
}
