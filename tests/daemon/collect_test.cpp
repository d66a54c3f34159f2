// `collect` in the real daemon: a reload that changes it, and a start with earlier histories.
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <signal.h>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

/// The JSON keys of all figures that `collect` can ask for.
const std::set<std::string, std::less<>> further_keys{
    "io_read_bytes",        "io_write_bytes", "major_faults", "voluntary_switches",
    "involuntary_switches", "memory_peak",    "memory_pss",   "max_fds"};

struct Collected {
  std::string_view collect;                  ///< as in the configuration
  std::set<std::string, std::less<>> keys;   ///< further keys in JSON
  std::vector<std::string_view> families{};  ///< in /metrics
};

const Collected no_further{"", {}, {}};
const Collected peak_and_limits{R"("peak", "limits")",
                                {"memory_peak", "max_fds"},
                                {"provisr_process_memory_peak_bytes", "provisr_process_max_fds"}};
const Collected switches_and_limits{
    R"("switches", "limits")",
    {"voluntary_switches", "involuntary_switches", "max_fds"},
    {"provisr_process_voluntary_switches_total", "provisr_process_max_fds"}};

using Keys = std::set<std::string, std::less<>>;

/// Returns the further keys of a sample.
[[nodiscard]] Keys further_keys_of(const rapidjson::Value& sample) {
  Keys keys;
  for (const auto& member : sample.GetObject()) {
    if (further_keys.contains(member.name.GetString())) keys.insert(member.name.GetString());
  }
  return keys;
}

/// A provisrd with a state_dir, whose `collect` can be changed.
class Collecting {
 public:
  explicit Collecting(const Collected& first) {
    write(first);
    start();
  }
  ~Collecting() {
    program_->signal(SIGTERM);
    static_cast<void>(program_->wait());
  }
  Collecting(const Collecting&) = delete;
  Collecting& operator=(const Collecting&) = delete;

  void write(const Collected& collected, int max_history = 10'000) const {
    folder_.write("new.toml",
                  fmt::format("[server]\nlisten = \"127.0.0.1:{}\"\n[server.auth]\n"
                              "token_file = \"{}\"\n[metrics]\nlisten = \"127.0.0.1:{}\"\n"
                              "[metrics.process_metrics]\ninterval = \"100ms\"\n"
                              "max_history = {}\ncollect = [{}]\n[daemon]\nstate_dir = \"{}\"\n{}",
                              port_, token_.path(), metrics_port_, max_history, collected.collect,
                              (folder_.path() / "state").string(),
                              process_toml("app", {"threader", "1"}, "start_duration = \"0s\"")));
    fs::rename(folder_.path() / "new.toml", folder_.path() / "provisr.toml");
  }

  /// Restarts provisrd. The child keeps running.
  void start_again() {
    program_->signal(SIGQUIT);
    REQUIRE(program_->wait() == 0);
    start();
  }

  [[nodiscard]] rapidjson::Document json(const std::string& path) const {
    rapidjson::Document document;
    document.Parse(http_get(port_, path).body.c_str());
    return document;
  }
  [[nodiscard]] rapidjson::Document history() const {
    return json("/api/metrics/history?name=app");
  }
  [[nodiscard]] std::string reload() const {
    return http_send(port_, "POST", "/api/reload", TokenFile::credentials).body;
  }
  [[nodiscard]] std::string exposition() const { return http_get(metrics_port_, "/metrics").body; }
  [[nodiscard]] bool comes_to_log(std::string_view text) const {
    return program_->comes_to_log(text);
  }
  [[nodiscard]] fs::path history_file() const {
    return folder_.path() / "state" / "histories" / "app.history";
  }

  /// Waits until the newest of at least `count` samples has these further keys.
  [[nodiscard]] bool comes_to(const Collected& expected, std::size_t count = 1) const {
    return eventually([&] {
      const rapidjson::Document now = history();
      if (!now.IsObject() || !now.HasMember("history")) return false;
      const auto& rows = now["history"];
      return rows.Size() >= count && further_keys_of(rows[rows.Size() - 1]) == expected.keys;
    });
  }

 private:
  void start() {
    program_.emplace(
        std::vector<std::string>{provisrd_path(), (folder_.path() / "provisr.toml").string()},
        folder_.path());
    REQUIRE(eventually([&] { return http_get(port_, "/api/status").status == 200; }));
  }

  TempDirectory folder_;
  TokenFile token_;
  int port_ = free_port();
  int metrics_port_ = free_port();
  std::optional<Program> program_;
};

/// Checks that, of the further families, exactly the expected ones are exposed.
void check_families(const Collecting& daemon, const Collected& expected) {
  const std::string text = daemon.exposition();
  for (const Collected& known : {peak_and_limits, switches_and_limits}) {
    for (const std::string_view family : known.families) {
      const bool is_expected =
          std::ranges::find(expected.families, family) != expected.families.end();
      INFO(family);
      CHECK((text.find(fmt::format("\n{}{{name=\"app\"}} ", family)) != std::string::npos) ==
            is_expected);
      CHECK((text.find(fmt::format("# TYPE {} ", family)) != std::string::npos) == is_expected);
    }
  }
}

/// Checks that `later` starts with the rows of `before`, with further figures only if
/// `keeps_further`.
void check_continues(const rapidjson::Document& before, const rapidjson::Document& later,
                     bool keeps_further) {
  const auto& first = before["history"];
  const auto& second = later["history"];
  REQUIRE(second.Size() > first.Size());
  for (rapidjson::SizeType i = 0; i < first.Size(); ++i) {
    for (const auto& member : first[i].GetObject()) {
      if (!keeps_further && further_keys.contains(member.name.GetString())) continue;
      INFO(i << ": " << member.name.GetString());
      REQUIRE(second[i].HasMember(member.name));
      REQUIRE(second[i][member.name] == member.value);
    }
    REQUIRE((keeps_further || further_keys_of(second[i]).empty()));
  }
}

}  // namespace

TEST_CASE("a reload that changes collect says that it holds at the next start, when it does",
          "[collect]") {
  const auto [before, after] =
      GENERATE(table<Collected, Collected>({{no_further, peak_and_limits},
                                            {peak_and_limits, no_further},
                                            {peak_and_limits, switches_and_limits}}));
  Collecting daemon(before);
  REQUIRE(daemon.comes_to(before, 3));
  check_families(daemon, before);

  daemon.write(after);
  CHECK_THAT(daemon.reload(),
             ContainsSubstring(R"("at_next_start":["metrics.process_metrics.collect"])"));
  const std::size_t had = daemon.history()["history"].Size();
  REQUIRE(daemon.comes_to(before, had + 2));
  check_families(daemon, before);
  CHECK(daemon.comes_to_log("metrics.process_metrics.collect takes effect only after"));

  const rapidjson::Document last = daemon.history();
  const auto pid = last["history"][0]["pid"].GetInt();
  daemon.start_again();
  REQUIRE(daemon.comes_to(after, last["history"].Size() + 2));
  check_families(daemon, after);
  const rapidjson::Document now = daemon.history();
  check_continues(last, now, !after.keys.empty());
  CHECK(now["history"][now["history"].Size() - 1]["pid"].GetInt() == pid);
  CHECK_FALSE(fs::exists(daemon.history_file().string() + ".set-aside"));
}

TEST_CASE("histories keep what was collected if their length changes, too", "[collect]") {
  Collecting daemon(peak_and_limits);
  REQUIRE(daemon.comes_to(peak_and_limits, 3));
  const rapidjson::Document last = daemon.history();
  daemon.write(switches_and_limits, 20'000);
  daemon.start_again();
  REQUIRE(daemon.comes_to(switches_and_limits, last["history"].Size() + 2));
  check_continues(last, daemon.history(), true);
  CHECK_FALSE(fs::exists(daemon.history_file().string() + ".set-aside"));
}
