#pragma once

#include <provisr/detail/figure_sums.hpp>
#include <provisr/process_metrics.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace provisr::detail {

/// The account of one counter of one member of a process tree.
///
/// A process has its own usage, and a total of the children that it has reaped (waited for). When
/// it reaps a child, the child's usage and the child's own children total move into its children
/// total. So the sum over a tree is the sum of `own` and `children` of all members, zombies
/// included, and of `lost`: the last known usage of members that ended without being reaped by a
/// member (orphans, and children of a parent that ignores SIGCHLD).
struct Account {
  std::uint64_t own = 0;
  std::uint64_t children = 0;  ///< children total: used by the children that it has reaped
  std::uint64_t lost = 0;      ///< used by members below it that no member has reaped
  /// Usage that is in its own or children total, and also in the `lost` of an account below it: a
  /// tree within its tree lost a member that it has reaped. Sums deduct it once.
  std::uint64_t kept_below = 0;
  /// Used by members that it may have reaped since its children total was read.
  std::uint64_t pending = 0;
  /// By how much the children total has grown beyond what known members explain. Growth caused by
  /// unknown members is discarded.
  std::int64_t balance = 0;
  std::uint64_t surplus = 0;  ///< growth of `own` in this round that no pending usage explains
  std::uint64_t older_surplus = 0;  ///< the same for earlier rounds
  std::uint64_t reported = 0;       ///< last value shown for the tree that it leads
  Figure<std::uint64_t> collected;  ///< final value, if this program has reaped it
  bool is_known = true;             ///< `own` was read in this round
  Figure<std::uint64_t> shown;      ///< value of this round, without members below it
  Figure<std::uint64_t> below;      ///< value of this round, with all members below it
  // Between two ticks:
  Figure<std::uint64_t> own_now;
  std::uint64_t children_now = 0;  ///< children total; 0 if it was not read again
  std::uint64_t ended_now = 0;     ///< used by members that it may have reaped since the tick

  void note_own(Figure<std::uint64_t> now) noexcept {
    is_known = now.has_value();
    if (now) own = std::max(own, *now);
  }

  /// As note_own(), for a counter whose own value contains that of reaped children. A member that
  /// is found gone may have been reaped in the previous round, so the growth of that round is kept.
  /// With `keeps_surplus` a child is being reaped, and the growth of all earlier rounds is kept.
  void note_own_with_children(Figure<std::uint64_t> now, bool keeps_surplus) noexcept {
    const std::uint64_t before = own;
    older_surplus = (keeps_surplus ? older_surplus : 0) + std::exchange(surplus, 0);
    note_own(now);
    if (!now) return;
    surplus = own - before;
    pay();
    lost += std::exchange(pending, 0);  // the system has dropped it
  }

  /// Deducts pending usage that `own` contains by now.
  void pay() noexcept {
    pay_from(older_surplus);
    pay_from(surplus);
  }

  void note_children(std::uint64_t now, std::int64_t slack) noexcept {
    const std::uint64_t growth = now - std::min(children, now);
    children = std::max(children, now);
    expect(growth, slack);
  }

  /// Adds pending usage to `children`, for a counter without a children total.
  void assume_children() noexcept { children += std::exchange(pending, 0); }

  /// Computes `shown`; 0 if the member is gone, because other accounts contain its usage by now.
  void show(bool is_gone) noexcept {
    if (is_gone) {
      shown = 0;
    } else {
      shown = is_known ? Figure<std::uint64_t>(used() + lost) : Figure<std::uint64_t>();
    }
  }

  /// Computes `shown` between two ticks. Growth of the children total beyond what known members
  /// explain was used by members that were never seen.
  void show_now() noexcept {
    const std::uint64_t growth = children_now - std::min(children, children_now);
    const std::uint64_t unseen = growth - std::min(growth, pending + ended_now);
    shown = {};
    if (!own_now) return;
    const std::uint64_t known = std::max(own, *own_now) + children + pending + unseen;
    shown = std::max(known, collected.value_or(0)) + lost;
  }

  /// As show(), for a counter whose own value contains that of reaped children. If not
  /// `is_counted`, another member's account contains its usage by now.
  void show_with_children(bool is_counted) noexcept {
    show_with_children(is_known ? Figure<std::uint64_t>(own) : Figure<std::uint64_t>(), is_counted);
  }
  void show_with_children(Figure<std::uint64_t> now, bool is_counted) noexcept {
    shown = now ? Figure<std::uint64_t>((is_counted ? std::max(own + pending, *now) : 0) + lost)
                : Figure<std::uint64_t>();
  }

  /// Adds `shown` to `below`, and `below` to that of the account above.
  void hand_up(Account* above) noexcept {
    add(below, shown);
    if (below && kept_below > 0) below = *below - std::min(*below, kept_below);
    if (above != nullptr) add(above->below, below);
  }

  /// Transfers the usage of a reaped member to `waiter`, or to `lost` of the account above if
  /// `waiter` is null. If the waiter is farther up than that, both have it (see inherit).
  void settle(Account& above, Account* waiter, bool is_farther_up) const noexcept {
    above.lost += lost;
    if (waiter == nullptr) {
      above.lost += final_use();
    } else {
      waiter->inherit(final_use(), is_farther_up ? &above : nullptr);
    }
    above.cancel_kept();
  }

  /// Expects `use` of a process that this account's process has reaped. If the process belonged to
  /// a tree farther down, an account of that tree keeps it, too.
  void inherit(std::uint64_t use, Account* keeper) noexcept {
    pending += use;
    if (keeper == nullptr) return;
    keeper->lost += use;
    kept_below += use;
  }

  /// Returns by how much the children total of its parent grows when the parent reaps it, as far as
  /// is known.
  [[nodiscard]] std::uint64_t used() const noexcept { return own + children + pending; }
  [[nodiscard]] std::uint64_t final_use() const noexcept {
    return std::max(used(), collected.value_or(0));
  }
  /// The same between two ticks.
  [[nodiscard]] std::uint64_t use_now() const noexcept {
    return std::max(used() + ended_now, collected.value_or(0));
  }

 private:
  /// Once the account below has ended, its `lost` was added here: the deduction cancels out.
  void cancel_kept() noexcept {
    const std::uint64_t both = std::min(lost, kept_below);
    lost -= both;
    kept_below -= both;
  }

  void pay_from(std::uint64_t& growth) noexcept {
    const std::uint64_t paid = std::min(growth, pending);
    growth -= paid;
    pending -= paid;
  }

  /// Compares the growth of the children total with the pending usage. If the total has grown by
  /// less, some ended members were not reaped, and the system has dropped their usage: adds it to
  /// `lost`.
  void expect(std::uint64_t growth, std::int64_t slack) noexcept {
    balance +=
        static_cast<std::int64_t>(growth) - static_cast<std::int64_t>(std::exchange(pending, 0));
    balance = std::min(balance, slack);
    if (balance >= -slack) return;
    lost += static_cast<std::uint64_t>(-slack - balance);
    balance = -slack;
  }
};

}  // namespace provisr::detail
