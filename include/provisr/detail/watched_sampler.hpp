#pragma once

#include <provisr/detail/process_forest.hpp>
#include <provisr/sampler.hpp>
#include <provisr/tracking.hpp>

#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

namespace provisr::detail {

/// Replaces ProcessForest for samplers that cannot sample families: opens no trees.
template <class Sampler>
class NoForest {
 public:
  struct Tree {
    [[nodiscard]] ReadStatus read(ProcessReading&) noexcept { return ReadStatus::vanished; }
    [[nodiscard]] ReadStatus read_counters(ProcessReading&) noexcept {
      return ReadStatus::vanished;
    }
    [[nodiscard]] std::error_code adopt_orphan(ProcessId, std::uint64_t&) noexcept {
      return std::make_error_code(std::errc::function_not_supported);
    }
  };

  NoForest(typename Sampler::Context&, FurtherFigures, const OrphanObserver&) noexcept {}
  [[nodiscard]] std::optional<Tree> open(ProcessId, std::error_code& error,
                                         const CpuTimeCount&) noexcept {
    error = std::make_error_code(std::errc::function_not_supported);
    return std::nullopt;
  }
  void begin_tick() noexcept {}
  void look_for_births() noexcept {}
  void note_collected(const EndedChild&) noexcept {}
};

template <class Sampler>
struct ForestOf {
  using type = NoForest<Sampler>;
};
template <SamplesFamilies Sampler>
struct ForestOf<Sampler> {
  using type = ProcessForest<Sampler>;
};

/// One process or one tree, read through the same interface.
template <class Sampler>
class WatchedSampler {
 public:
  using Tree = typename ForestOf<Sampler>::type::Tree;

  /// Whether prefetch() does anything.
  static constexpr bool is_prefetched = requires(const Sampler& sampler, const Tree& tree) {
    sampler.prefetch();
    tree.prefetch_rest();
  };

  explicit WatchedSampler(Sampler process) noexcept : watched_(std::move(process)) {}
  explicit WatchedSampler(Tree tree) noexcept : watched_(std::move(tree)) {}

  /// Prefetches data for the next read. Call prefetch() some time before prefetch_rest(), which
  /// follows pointers in what it has fetched.
  void prefetch() const noexcept {
    if constexpr (is_prefetched) std::visit([](const auto& one) { one.prefetch(); }, watched_);
  }
  void prefetch_rest() const noexcept {
    if constexpr (is_prefetched) {
      if (const auto* const tree = std::get_if<Tree>(&watched_)) tree->prefetch_rest();
    }
  }

  [[nodiscard]] ReadStatus read(ProcessReading& reading) noexcept {
    if (auto* const process = std::get_if<Sampler>(&watched_)) return process->read(reading);
    return std::get<Tree>(watched_).read(reading);
  }

  [[nodiscard]] ReadStatus read_counters(ProcessReading& reading) noexcept {
    if (auto* const process = std::get_if<Sampler>(&watched_)) {
      return read_counters_of(*process, reading);
    }
    return std::get<Tree>(watched_).read_counters(reading);
  }

  /// Returns null if this is one process.
  [[nodiscard]] Tree* tree() noexcept { return std::get_if<Tree>(&watched_); }

 private:
  std::variant<Sampler, Tree> watched_;
};

}  // namespace provisr::detail
