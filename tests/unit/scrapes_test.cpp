#include "daemon/api/scrapes.hpp"

#include "daemon/base/gzip.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace std::chrono_literals;

namespace {

constexpr Scrapes::Variant plain{};
constexpr Scrapes::Variant in_openmetrics{ExpositionFormat::openmetrics};

/// Scrapes whose texts contain the numbers of readings and texts so far. The test sets the clock.
struct CountingScrapes {
  [[nodiscard]] std::string get(Scrapes::Variant variant = plain) {
    if (const Scrapes::Text text = scrapes.fresh(variant)) return *text;
    scrapes.start();
    std::promise<Scrapes::Text> promise;
    scrapes.request(variant, [&](Scrapes::Text text) { promise.set_value(std::move(text)); });
    const Scrapes::Text text = promise.get_future().get();
    return text ? *text : "none";
  }

  Registry registry;
  std::atomic<int> readings = 0;
  std::atomic<int> texts = 0;
  std::atomic<bool> fails = false;
  std::atomic<Scrapes::TimePoint> now{Scrapes::TimePoint(1h)};
  Scrapes scrapes{{.revision = [this] { return registry.snapshot().revision(); },
                   .read =
                       [this] {
                         ++readings;
                         return registry.read_counters();
                       },
                   .write =
                       [this](const FreshCounters&, ExpositionFormat format, std::string& text) {
                         if (fails) throw std::bad_alloc();
                         text = format == ExpositionFormat::text ? "text " : "openmetrics ";
                         text += std::to_string(readings) + " " + std::to_string(++texts);
                       },
                   .now = [this] { return now.load(); }}};
};

}  // namespace

TEST_CASE("one reading serves scrapes for 100 ms", "[scrapes]") {
  CountingScrapes counting;
  CHECK(counting.scrapes.fresh(plain) == nullptr);
  CHECK(counting.get() == "text 1 1");
  counting.now = Scrapes::TimePoint(1h + 100ms);
  CHECK(counting.get() == "text 1 1");
  counting.now = Scrapes::TimePoint(1h + 101ms);
  CHECK(counting.scrapes.fresh(plain) == nullptr);
  CHECK(counting.get() == "text 2 2");
}

TEST_CASE("a tick makes every text outdated", "[scrapes]") {
  CountingScrapes counting;
  CHECK(counting.get() == "text 1 1");
  counting.registry.tick();
  CHECK(counting.get() == "text 2 2");
}

TEST_CASE("the formats are made of one reading", "[scrapes]") {
  CountingScrapes counting;
  CHECK(counting.get() == "text 1 1");
  const std::string other = counting.get(in_openmetrics);
  // The reading may be released after 100 ms of real time.
  CHECK((other == "openmetrics 1 2" || other == "openmetrics 2 2"));
  CHECK(counting.get(in_openmetrics) == other);
}

TEST_CASE("no counter falls from one format to the other", "[scrapes]") {
  CountingScrapes counting;
  for (int i = 1; i < 7; i += 2) {
    CHECK(counting.get().ends_with(" " + std::to_string(i)));
    CHECK(counting.get(in_openmetrics).ends_with(" " + std::to_string(i + 1)));
  }
  if (!can_gzip()) return;
  const std::string packed = counting.get({.is_gzipped = true});
  CHECK(counting.get(in_openmetrics).ends_with(" 8"));
  CHECK(counting.get({.is_gzipped = true}) != packed);
  CHECK(counting.get().ends_with(" 9"));
}

TEST_CASE("a text is compressed once", "[scrapes]") {
  CountingScrapes counting;
  const std::string packed = counting.get({.is_gzipped = true});
  if (!can_gzip()) {
    CHECK(packed == "none");
    return;
  }
  CHECK(packed.starts_with("\x1f\x8b"));
  CHECK(counting.get({.is_gzipped = true}) == packed);
  CHECK(counting.get() == "text 1 1");
  CHECK(counting.texts == 1);
  counting.now = Scrapes::TimePoint(1h + 101ms);
  CHECK(counting.get() == "text 2 2");
  CHECK(counting.get({.is_gzipped = true}) != packed);
}

TEST_CASE("a text that cannot be made is none, and the next is tried again", "[scrapes]") {
  CountingScrapes counting;
  counting.fails = true;
  CHECK(counting.get() == "none");
  counting.fails = false;
  CHECK(counting.get().starts_with("text "));
}

TEST_CASE("scrapes that nobody waits for any more end with it", "[scrapes]") {
  std::vector<std::future<Scrapes::Text>> texts;
  {
    CountingScrapes counting;
    counting.scrapes.start();
    for (int i = 0; i < 100; ++i) {
      auto promise = std::make_shared<std::promise<Scrapes::Text>>();
      texts.push_back(promise->get_future());
      counting.scrapes.request(
          plain, [promise](Scrapes::Text text) { promise->set_value(std::move(text)); });
    }
  }
  for (auto& text : texts) CHECK(text.wait_for(0s) == std::future_status::ready);
}

TEST_CASE("gzip makes repetitive text small, and leaves nothing out", "[scrapes]") {
  if (!can_gzip()) SKIP("built without zlib");
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "provisr_process_up{name=\"my-app\"} 1\n";
  const auto packed = gzip(text);
  REQUIRE(packed.has_value());
  CHECK(packed->size() < text.size() / 20);
  // The last four bytes are the size of the original text (RFC 1952).
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto byte = static_cast<unsigned char>((*packed)[packed->size() - 4 + i]);
    size += std::size_t{byte} << (8 * i);
  }
  CHECK(size == text.size());
  CHECK(gzip("").has_value());
}
