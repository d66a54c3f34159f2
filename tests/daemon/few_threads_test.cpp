// Reloads of a provisrd for which no further thread can be started.
#include "support/child_program.hpp"
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/preload.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <csignal>
#include <fcntl.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr int any_number = -1;

/// How many threads a program may still start.
class ThreadAllowance {
 public:
  ThreadAllowance() {
    const int file = ::open(preload_.file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const bool is_sized = ::ftruncate(file, sizeof(int)) == 0;
    void* const memory = ::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (!is_sized || memory == MAP_FAILED) throw std::runtime_error("no memory to share");
    left_ = static_cast<int*>(memory);
    set(any_number);
  }
  ~ThreadAllowance() { ::munmap(left_, sizeof(int)); }
  ThreadAllowance(const ThreadAllowance&) = delete;
  ThreadAllowance& operator=(const ThreadAllowance&) = delete;

  void set(int count) const { __atomic_store_n(left_, count, __ATOMIC_RELEASE); }
  [[nodiscard]] const Preload& preload() const { return preload_; }

 private:
  TempDirectory folder_;
  Preload preload_{thread_shim_path(), "PROVISR_TEST_THREADS",
                   (folder_.path() / "threads").string()};
  int* left_ = nullptr;
};

struct StarvedDaemon {
  explicit StarvedDaemon(std::string_view collection) {
    write(collection, "");
    program.emplace(threads.preload().with({provisrd_path(), file()}), folder.path());
    // Only a provisrd that has started all its threads answers a reload.
    REQUIRE(eventually([&] { return reload().status == 200; }));
  }

  void write(std::string_view collection, std::string_view more) const {
    folder.write("provisr.toml", fmt::format("[server]\nlisten = \"127.0.0.1:{}\"\n"
                                             "[server.auth]\ntoken_file = \"{}\"\n"
                                             "[metrics]\nlisten = \"127.0.0.1:{}\"\n"
                                             "[metrics.process_metrics]\n{}\n{}{}",
                                             port, token.path(), metrics_port, collection,
                                             process_toml("app", {"threader", "1"}), more));
  }
  [[nodiscard]] std::string file() const { return (folder.path() / "provisr.toml").string(); }
  [[nodiscard]] HttpResult reload() const {
    return http_send(port, "POST", "/api/reload", TokenFile::credentials);
  }
  [[nodiscard]] bool has(std::string_view name) const {
    return http_get(port, fmt::format("/api/status?name={}", name)).status == 200;
  }
  [[nodiscard]] bool has_samples() const {
    return http_get(port, "/api/metrics?name=app").status == 200;
  }

  ThreadAllowance threads;
  TempDirectory folder;
  TokenFile token;
  int port = free_port();
  int metrics_port = free_port();
  std::optional<Program> program;
};

}  // namespace

TEST_CASE("without a free thread a reload changes the interval, and looks for matches later") {
  if (!ThreadAllowance().preload().works_with_provisrd()) SKIP("provisrd takes no preloading");
  StarvedDaemon daemon("interval = \"1h\"");
  daemon.threads.set(0);
  daemon.write("interval = \"50ms\"",
               fmt::format("[[processes]]\nname = \"found\"\n[processes.match]\nargs = \"*{}*\"\n",
                           daemon.file()));
  const HttpResult result = daemon.reload();
  CHECK(result.status == 200);
  CHECK_THAT(result.body, ContainsSubstring(R"("started":["found"])"));
  CHECK(daemon.program->comes_to_log("no match finds a process at the moment"));
  CHECK(eventually([&] {  // at the new interval
    return http_get(daemon.port, "/api/metrics/history?name=app&limit=3").body.find("},{") !=
           std::string::npos;
  }));

  daemon.threads.set(any_number);
  const Program tail({"tail", "-f", daemon.file()}, daemon.folder.path());
  CHECK(eventually([&] {
    return http_get(daemon.port, "/api/status?name=found").body.find("\"pid\":") !=
           std::string::npos;
  }));
  daemon.program->signal(SIGTERM);
  CHECK(daemon.program->wait() == 0);
}

TEST_CASE("a reload for which there are too few threads changes nothing, and the next one all") {
  if (!ThreadAllowance().preload().works_with_provisrd()) SKIP("provisrd takes no preloading");
  constexpr std::string_view collecting = "interval = \"50ms\"";
  StarvedDaemon daemon("enabled = false");
  daemon.write(collecting, process_toml("added", {"threader", "1"}));
  std::string faults;
  int threads = 0;
  HttpResult result;
  for (; threads < 10; ++threads) {
    daemon.threads.set(threads);
    result = daemon.reload();
    if (result.status == 200) break;
    CHECK(result.status == 422);
    CHECK_FALSE(daemon.has("added"));
    faults += result.body;
  }
  CHECK(threads > 0);
  CHECK_THAT(faults, ContainsSubstring("cannot start the thread that collects"));
  CHECK(result.status == 200);
  CHECK(daemon.has("added"));
  CHECK(eventually([&] { return daemon.has_samples(); }));
  daemon.program->signal(SIGTERM);
  CHECK(daemon.program->wait() == 0);
}
