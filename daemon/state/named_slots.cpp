#include "daemon/state/named_slots.hpp"

#include "daemon/state/stored.hpp"

#include <provisr/process_name.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace provisr::daemon {

NamedSlots::NamedSlots(std::unique_ptr<SlotFile> file, std::size_t& torn) : file_(std::move(file)) {
  std::map<std::size_t, SlotFile::Slot> newest;  // by pair
  for (SlotFile::Slot& slot : file_->read(torn)) {
    const std::size_t pair = slot.index / 2;
    SlotFile::Slot& known = newest[pair];
    const bool is_in_place = slot.index == slot_of(pair, slot.sequence);
    if (is_in_place && known.sequence < slot.sequence) known = std::move(slot);
  }
  for (auto& [pair, slot] : newest) {
    while (pairs_ < pair) free_pairs_.push_back(pairs_++);  // an empty pair can be reused
    pairs_ = pair + 1;
    if (slot.sequence != 0) take_up(std::move(slot));
  }
}

std::size_t NamedSlots::slot_of(std::size_t pair, std::uint64_t sequence) {
  return 2 * pair + sequence % 2;
}

void NamedSlots::take_up(SlotFile::Slot slot) {
  const std::string name = text_of(from_bytes<StoredName>(slot.payload));
  if (!is_valid_process_name(name)) return;
  Known& known = known_[name];
  if (known.sequence >= slot.sequence) return;
  known = {slot.index / 2, slot.sequence, std::move(slot.payload)};
}

std::vector<std::string> NamedSlots::names() const {
  std::vector<std::string> names;
  for (const auto& [name, known] : known_) {
    if (known.sequence != 0) names.push_back(name);
  }
  return names;
}

std::optional<std::span<const std::byte>> NamedSlots::recall(std::string_view name) const {
  const auto found = known_.find(name);
  if (found == known_.end() || found->second.sequence == 0) return std::nullopt;
  return found->second.payload;
}

std::error_code NamedSlots::remember(std::string_view name, std::span<const std::byte> payload) {
  auto found = known_.find(name);
  if (found == known_.end()) {
    Known fresh;
    if (const std::error_code error = find_place(fresh.pair)) return error;
    found = known_.emplace(name, std::move(fresh)).first;
  }
  Known& known = found->second;
  if (std::equal(known.payload.begin(), known.payload.end(), payload.begin(), payload.end())) {
    return {};
  }
  const std::uint64_t sequence = known.sequence + 1;
  const std::error_code error = file_->write(slot_of(known.pair, sequence), sequence, payload);
  if (!error) {
    known.sequence = sequence;
    known.payload.assign(payload.begin(), payload.end());
  }
  return error;
}

std::error_code NamedSlots::find_place(std::size_t& pair) {
  if (!free_pairs_.empty()) {
    pair = free_pairs_.back();
    free_pairs_.pop_back();
    return {};
  }
  pair = pairs_;
  const std::error_code error = file_->reserve(2 * (pairs_ + 1));
  if (!error) ++pairs_;
  return error;
}

std::error_code NamedSlots::forget(std::string_view name) {
  const auto found = known_.find(name);
  if (found == known_.end()) return {};
  const std::size_t pair = found->second.pair;
  const std::uint64_t sequence = found->second.sequence;
  // The older slot first: it must not become the newest.
  std::error_code error = file_->clear(slot_of(pair, sequence + 1));
  if (!error) error = file_->clear(slot_of(pair, sequence));
  if (error) return error;
  known_.erase(found);
  free_pairs_.push_back(pair);
  return {};
}

}  // namespace provisr::daemon
