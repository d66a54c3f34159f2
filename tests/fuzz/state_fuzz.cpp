// Any bytes as a slot file of processes, exits, samples of exits, or counts. The first byte selects
// the kind, and whether the rest is the whole file or the payloads of slots with valid heads.
#include "daemon/state/count_store.hpp"
#include "daemon/state/exit_store.hpp"
#include "daemon/state/process_store.hpp"
#include "daemon/state/slot_file.hpp"

#include <provisr/process_name.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <unistd.h>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t max_exits = 8;

void check(bool holds) {
  if (!holds) std::abort();
}

[[nodiscard]] fs::path file_of(const SlotFormat& format) {
  static const fs::path path =
      fs::temp_directory_path() / ("provisr_state_fuzz." + std::to_string(::getpid()));
  return path.string() + std::string(format.magic);
}

[[nodiscard]] std::unique_ptr<SlotFile> open(const SlotFormat& format) {
  std::string problem;
  bool is_foreign = false;
  auto slots = SlotFile::open(file_of(format), format, problem, is_foreign);
  check(slots != nullptr || (is_foreign && !problem.empty()));
  return slots;
}

void write_raw(const SlotFormat& format, std::span<const std::byte> bytes) {
  std::ofstream out(file_of(format), std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
}

/// Writes slots. Each takes one byte for its index, one for its sequence number, then its payload.
void write_slots(const SlotFormat& format, std::span<const std::byte> bytes) {
  write_raw(format, {});
  const auto slots = open(format);
  while (bytes.size() >= 2) {
    const auto index = std::to_integer<std::size_t>(bytes[0]) % 16;
    // Wraps around below 0, to reach both ends of the range.
    const auto sequence = std::to_integer<std::uint64_t>(bytes[1]) - 8;
    bytes = bytes.subspan(2);
    std::vector<std::byte> payload(format.payload);
    const std::size_t given = std::min(bytes.size(), payload.size());
    std::copy_n(bytes.begin(), given, payload.begin());
    bytes = bytes.subspan(given);
    check(!slots->write(index, sequence, payload));
  }
}

void use_processes() {
  std::size_t torn = 0;
  auto slots = open(ProcessStore::format());
  if (!slots) return;
  ProcessStore store(std::move(slots), torn);
  const std::vector<std::string> names = store.names();
  for (const std::string& name : names) {
    check(is_valid_process_name(name) && store.recall(name).has_value());
    RememberedProcess changed = *store.recall(name);
    ++changed.starts;
    check(!store.remember(name, changed) && store.recall(name) == changed);
  }
  check(!store.remember("new", {.starts = 7, .run = {}}));
  const ProcessStore again(open(ProcessStore::format()), torn);
  check(again.recall("new") && again.recall("new")->starts == 7);
  for (const std::string& name : names) {
    check(again.recall(name) == store.recall(name));
    check(!store.forget(name) && !store.recall(name));
  }
}

void use_exits() {
  std::size_t torn = 0;
  auto slots = open(ExitStore::format());
  if (!slots) return;
  ExitStore store(std::move(slots), open(ExitStore::samples_format()), max_exits, torn);
  std::uint64_t last = 0;
  for (const ExitStore::Numbered& exit : store.take_records()) {
    check(is_valid_process_name(exit.record.name) && exit.number >= last);
    last = exit.number;
  }
  ExitRecord added;
  added.name = "new";
  added.pid = 4711;
  check(!store.add(last + 1, added));
  ExitStore again(open(ExitStore::format()), open(ExitStore::samples_format()), max_exits, torn);
  const std::vector<ExitStore::Numbered> exits = again.take_records();
  check(!exits.empty() && exits.size() <= max_exits && exits.back().record.pid == 4711);
}

/// Uses the file of samples with 16 valid exits.
void use_samples() {
  auto slots = open(ExitStore::samples_format());
  if (!slots) return;
  {
    std::size_t torn = 0;
    const fs::path aside = file_of(ExitStore::samples_format()).string() + ".aside";
    fs::rename(file_of(ExitStore::samples_format()), aside);
    ExitStore store(open(ExitStore::format()), open(ExitStore::samples_format()), 16, torn);
    for (std::uint64_t number = 1; number <= 16; ++number) {
      ExitRecord record;
      record.name = "app";
      record.last_samples = {ProcessMetrics{}};
      check(!store.add(number, record));
    }
    fs::rename(aside, file_of(ExitStore::samples_format()));
  }
  std::size_t torn = 0;
  ExitStore store(open(ExitStore::format()), std::move(slots), 16, torn);
  for (const ExitStore::Numbered& exit : store.take_records()) {
    check(!exit.record.last_samples.empty());
    check(exit.record.last_samples.size() <= max_last_samples);
  }
}

void use_counts() {
  std::size_t torn = 0;
  auto slots = open(CountStore::format());
  if (!slots) return;
  CountStore store(std::move(slots), torn);
  const auto before = store.all();
  for (auto [name, counts] : before) {
    check(is_valid_process_name(name));
    ++counts.exits.signal;
    check(!store.write(name, counts) && store.all().at(name) == counts);
  }
  check(!store.write("new", {.last_exit = 7}));
  const CountStore again(open(CountStore::format()), torn);
  check(again.all() == store.all() && again.all().at("new").last_exit == 7);
  for (const auto& [name, counts] : before)
    check(!store.forget(name) && !store.all().contains(name));
}

enum class Kind { exits, processes, counts, samples };

[[nodiscard]] SlotFormat format_of(Kind kind) {
  if (kind == Kind::counts) return CountStore::format();
  if (kind == Kind::samples) return ExitStore::samples_format();
  return kind == Kind::processes ? ProcessStore::format() : ExitStore::format();
}

void use(Kind kind) {
  switch (kind) {
    case Kind::exits:
      return use_exits();
    case Kind::processes:
      return use_processes();
    case Kind::counts:
      return use_counts();
    case Kind::samples:
      return use_samples();
  }
}

/// Returns the kind that the first byte selects: its upper half selects counts or samples;
/// otherwise its lowest bit selects processes or exits.
[[nodiscard]] Kind kind_of(std::uint8_t choice) {
  if ((choice & 0xf0U) == 0xc0) return Kind::counts;
  if ((choice & 0xf0U) == 0xa0) return Kind::samples;
  return (choice & 1U) != 0 ? Kind::processes : Kind::exits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Kind kind = kind_of(data[0]);
  const bool as_it_is = (data[0] & 2U) != 0;
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size)).subspan(1);
  if (as_it_is) {
    write_raw(format_of(kind), bytes);
  } else {
    write_slots(format_of(kind), bytes);
  }
  use(kind);
  for (const Kind used : {Kind::exits, Kind::processes, Kind::counts, Kind::samples}) {
    fs::remove(file_of(format_of(used)));
  }
  return 0;
}
