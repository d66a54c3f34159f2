#pragma once

#include <provisr/detail/account.hpp>
#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/sampler.hpp>
#include <provisr/tracking.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace provisr::detail {

template <class Sampler>
struct Family;

/// One process of a family.
template <class Sampler>
struct FamilyMember : std::enable_shared_from_this<FamilyMember<Sampler>> {
  FamilyMember(ProcessId process, Sampler opened, std::size_t counters, std::size_t slots)
      : pid(process), sampler(std::move(opened)), further(counters), more(slots) {}

  ProcessId pid;
  Sampler sampler;
  Family<Sampler>* family = nullptr;
  FamilyMember* ancestor = nullptr;  ///< nearest living ancestor; null for the root of the family
  FamilyMember* waiter = nullptr;    ///< the parent, if it is a member
  std::size_t trees = 0;             ///< number of trees that it leads
  std::uint64_t seen_in_look = 0;    ///< the latest look for births that found it existing

  Account cpu;                    ///< in nanoseconds
  CpuTimeCount cpu_time_count;    ///< of the tree that it leads
  std::vector<Account> further;   ///< in the order of FamilyCounters::slots()
  std::uint64_t asked_at_ns = 0;  ///< its CPU time when its children total was read
  std::uint64_t peak = 0;         ///< largest memory seen of the tree below it
  FurtherFigures awaited = {};    ///< own figures still being read in this round
  FurtherFigures complete = {};   ///< figures that all members of its tree have reported once

  bool must_ask = true;              ///< its children total must be read
  bool is_collected = false;         ///< reaped by this program
  bool is_counted = true;            ///< no other account contains its usage
  bool has_uncounted_child = false;  ///< a child is being reaped
  bool has_unwatched_child = false;  ///< a child could not be opened
  bool leads_group = false;          ///< led its process group when that was last read
  bool is_kernel_thread = false;     ///< has no memory of its own; unknown of a root
  bool has_seen_child = false;       ///< waiter of a member, between two ticks
  bool was_visited = false;
  bool has_ended = false;    ///< is a zombie or gone
  bool is_gone = false;      ///< was reaped
  bool is_gone_now = false;  ///< was reaped, between two ticks

  bool has_sum = false;  ///< `sum` was started in this round
  ProcessReading sum;    ///< sum of this round over the member and all below it
  std::vector<Figure<std::uint64_t>> more;
};

/// A root and all members below it, each after its ancestor.
template <class Sampler>
struct Family {
  std::vector<std::shared_ptr<FamilyMember<Sampler>>> members;
  std::uint64_t round = 0;       ///< round of the latest reading
  std::uint64_t first_look = 0;  ///< the look that found what was there already
};

/// The further counters that are requested for families, and the kind of children total that each
/// has (see ChildrenAccounts). Readings of one kind share a buffer: the next reading overwrites it.
class FamilyCounters {
 public:
  FamilyCounters(FurtherFigures asked, const ChildrenAccounts& accounts)
      : asked_(asked),
        apart_(accounts.apart),
        contained_(asked & further_counters<figures> & accounts.contained),
        scratch_(asked.row_slots()),
        children_scratch_(asked.row_slots()) {
    const FurtherFigures counters = asked & further_counters<figures>;
    for (std::size_t slot = 0; slot < further_count<figures>; ++slot) {
      if (counters.contains(slot)) slots_.push_back(slot);
    }
  }

  /// Returns all requested further figures, levels included.
  [[nodiscard]] FurtherFigures asked() const noexcept { return asked_; }
  /// Returns the slot of each counter. A member's accounts are in the same order.
  [[nodiscard]] std::span<const std::size_t> slots() const noexcept { return slots_; }
  [[nodiscard]] bool empty() const noexcept { return slots_.empty(); }
  [[nodiscard]] bool has_contained() const noexcept { return !contained_.empty(); }
  [[nodiscard]] bool is_contained(std::size_t slot) const noexcept {
    return contained_.contains(slot);
  }
  [[nodiscard]] bool is_apart(std::size_t slot) const noexcept { return apart_.contains(slot); }

  /// Calls `use(account, slot)` for each counter of a member.
  template <class Member, class Use>
  void for_each(Member& member, Use use) const {
    for (std::size_t i = 0; i < slots_.size(); ++i) use(member.further[i], slots_[i]);
  }
  /// As for_each(), only for counters whose own value contains that of reaped children, or only for
  /// the others.
  template <class Member, class Use>
  void for_each_contained(Member& member, Use use) const {
    for_each(member, [&](Account& account, std::size_t slot) {
      if (is_contained(slot)) use(account, slot);
    });
  }
  template <class Member, class Use>
  void for_each_other(Member& member, Use use) const {
    for_each(member, [&](Account& account, std::size_t slot) {
      if (!is_contained(slot)) use(account, slot);
    });
  }

  /// Returns a reading that requests the children totals.
  [[nodiscard]] FamilyReading family_reading() noexcept {
    forget(children_scratch_);
    FamilyReading reading;
    reading.children = {.slots = children_scratch_, .asked = asked_ & apart_};
    return reading;
  }
  /// Return readings that request all further figures, those whose own value contains that of
  /// reaped children, or the others.
  [[nodiscard]] ProcessReading whole_reading() noexcept { return reading_of(asked_); }
  [[nodiscard]] ProcessReading contained_reading() noexcept { return reading_of(contained_); }
  [[nodiscard]] ProcessReading other_reading() noexcept { return reading_of(asked_ - contained_); }

 private:
  [[nodiscard]] ProcessReading reading_of(FurtherFigures asked) noexcept {
    forget(scratch_);
    ProcessReading reading;
    reading.more = {.slots = scratch_, .asked = asked};
    return reading;
  }

  /// Forgets the figures of another member: a sampler may leave out some.
  static void forget(std::vector<Figure<std::uint64_t>>& read) noexcept {
    std::fill(read.begin(), read.end(), Figure<std::uint64_t>());
  }

  FurtherFigures asked_;
  FurtherFigures apart_;
  FurtherFigures contained_;
  std::vector<Figure<std::uint64_t>> scratch_;
  std::vector<Figure<std::uint64_t>> children_scratch_;
  std::vector<std::size_t> slots_;
};

}  // namespace provisr::detail
