#pragma once

#include <provisr/process_metrics.hpp>
#include <provisr/sampler.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <system_error>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace provisr::detail {

/// What ProcessForest needs beyond reading figures.
template <class Sampler>
concept SamplesFamilies = requires(Sampler& sampler, typename Sampler::Context& context,
                                   FamilyReading& family) {
  { context.new_processes() } -> std::same_as<std::span<const Descent>>;
  { context.candidates(ProcessId{}) } -> std::same_as<std::span<const Descent>>;
  { context.missed_processes() } -> std::same_as<bool>;
  { context.tells_children_cpu() } -> std::same_as<bool>;
  context.recount_processes();
  { sampler.read_family(family) } -> std::same_as<ReadStatus>;
};

/// Of a sampler without a quicker way, all figures.
template <class Sampler>
[[nodiscard]] ReadStatus read_counters_of(Sampler& sampler, ProcessReading& reading) noexcept {
  if constexpr (requires { sampler.read_counters(reading); }) {
    return sampler.read_counters(reading);
  } else {
    return sampler.read(reading);
  }
}

/// The process trees that a registry watches. Each process is opened once, however many trees it is
/// in: a tree may lie within another.
///
/// CPU time. What a process uses is in its own account; when its parent waits for it, it moves,
/// with what it has waited for itself, into the parent's account of its children. So the time of a
/// tree is that of the members' own accounts and of their children's, those of zombies included;
/// and a third part, `lost_ns`: of members that ended without being waited for by a member
/// (orphans, and children of a parent that ignores SIGCHLD), what was last known. Accounts of
/// children are coarse (see FamilyReading), so the sum may fall behind by some milliseconds when a
/// member ends: it then stands until it has caught up.
///
/// Not thread-safe. Outlives its handles.
template <SamplesFamilies Sampler>
class ProcessForest {
 public:
  using Context = typename Sampler::Context;

  class Tree;

  ProcessForest(Context& context, FurtherFigures further_figures)
      : context_(context),
        further_figures_(further_figures),
        scratch_(further_figures.row_slots()) {}
  ProcessForest(const ProcessForest&) = delete;
  ProcessForest& operator=(const ProcessForest&) = delete;

  /// Watches the tree below the process that has this PID now. Fails as Sampler::open does. Throws
  /// std::bad_alloc.
  [[nodiscard]] std::optional<Tree> open(ProcessId leader, std::error_code& error) {
    ++round_;
    adopt(context_.new_processes());
    std::shared_ptr<Node> node = living(leader);
    if (!node) node = plant(leader, error);
    if (!node) return std::nullopt;
    Tree tree(*this, std::move(node));
    adopt_below(leader, context_.candidates(leader));
    error.clear();
    return tree;
  }

  /// Finds the members that were born since the last time. Call it before a round of Tree::read,
  /// after the context's begin_tick.
  void begin_tick() noexcept {
    ++round_;
    if (nodes_.empty()) return;
    try {
      adopt(context_.new_processes());
    } catch (const std::bad_alloc&) {
      context_.recount_processes();
    }
  }

  /// Notes that this program is about to wait for a process that is no leader, and how much CPU
  /// time it and those that it has waited for have used. `group` is the leader of its process
  /// group.
  void note_collected(ProcessId pid, ProcessId group, std::uint64_t cpu_time_ns) noexcept {
    if (const auto found = nodes_.find(pid); found != nodes_.end()) {
      found->second->collected_ns = cpu_time_ns;
    } else if (const auto former = nodes_.find(group); former != nodes_.end()) {
      former->second->lost_ns += cpu_time_ns;
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }

 private:
  struct Family;

  struct Node : std::enable_shared_from_this<Node> {
    Node(ProcessId process, Sampler opened, std::size_t slots)
        : pid(process), sampler(std::move(opened)), more(slots) {}

    ProcessId pid;
    Sampler sampler;
    Family* family = nullptr;
    Node* ancestor = nullptr;  ///< the nearest that lives; null: the root of its family
    Node* waiter = nullptr;    ///< the parent, if it is a member
    std::size_t trees = 0;     ///< that it leads

    std::uint64_t cpu_ns = 0;           ///< its own account
    std::uint64_t children_cpu_ns = 0;  ///< of the children that it has waited for
    std::uint64_t asked_at_ns = 0;      ///< its own account when that was read
    std::uint64_t lost_ns = 0;          ///< of members below it that nobody here has waited for
    /// Of members that it may have waited for since its children's account was read.
    std::uint64_t pending_ns = 0;
    /// How much more its children's account has grown than was expected of known members; what
    /// unknown ones added is forgotten.
    std::int64_t balance_ns = 0;
    std::uint64_t reported_ns = 0;
    Figure<std::uint64_t> collected_ns;
    Figure<std::uint64_t> cpu_now_ns;  ///< between two ticks: all accounts below it

    bool must_ask = true;              ///< for its children's account
    bool has_unwatched_child = false;  ///< one could not be opened
    bool has_ended = false;            ///< is a zombie, or gone
    bool is_gone = false;              ///< was waited for

    ProcessReading sum;  ///< over all below it in this round, itself included
    std::vector<Figure<std::uint64_t>> more;
  };

  /// All members below one root, each after its ancestor.
  struct Family {
    std::vector<std::shared_ptr<Node>> members;
    std::uint64_t round = 0;  ///< of the latest reading
  };

  // --- membership

  [[nodiscard]] Node* find(ProcessId pid) const noexcept {
    const auto found = nodes_.find(pid);
    return found == nodes_.end() ? nullptr : found->second;
  }

  /// The node of the process that has this PID now, if it is known; an older one is let go.
  [[nodiscard]] std::shared_ptr<Node> living(ProcessId pid) {
    Node* const node = find(pid);
    if (node == nullptr) return nullptr;
    FamilyReading reading;
    if (node->sampler.read_family(reading) == ReadStatus::vanished) {
      nodes_.erase(pid);  // its family lets go of it at the next reading
      return nullptr;
    }
    return node->shared_from_this();
  }

  [[nodiscard]] std::shared_ptr<Node> open_node(ProcessId pid, std::error_code& error) {
    auto sampler = Sampler::open(context_, pid, error);
    if (!sampler) return nullptr;
    return std::make_shared<Node>(pid, std::move(*sampler), further_figures_.row_slots());
  }

  [[nodiscard]] std::shared_ptr<Node> plant(ProcessId leader, std::error_code& error) {
    std::shared_ptr<Node> node = open_node(leader, error);
    if (!node) return nullptr;
    auto family = std::make_unique<Family>();
    family->members.push_back(node);
    families_.reserve(families_.size() + 1);
    nodes_[leader] = node.get();
    node->family = family.get();
    families_.push_back(std::move(family));
    return node;
  }

  /// Takes in whoever descends from a member.
  void adopt(std::span<const Descent> found) {
    if (nodes_.empty() || found.empty()) return;
    adopted_.clear();
    for (const Descent& descent : found) adopt_one(descent);
    adopt_children_of_adopted(found);
  }

  void adopt_below(ProcessId ancestor, std::span<const Descent> found) {
    adopted_.clear();
    for (const Descent& descent : found) {
      if (descent.parent == ancestor || descent.orphan_of == ancestor) adopt_one(descent);
    }
    adopt_children_of_adopted(found);
  }

  /// Those that come before their parent, as ids wrap around, or that nobody has looked at yet.
  void adopt_children_of_adopted(std::span<const Descent> found) {
    if (adopted_.empty()) return;
    by_parent_.assign(found.begin(), found.end());
    std::ranges::sort(by_parent_, {}, &Descent::parent);
    for (std::size_t next = 0; next < adopted_.size(); ++next) {
      const ProcessId parent = adopted_[next];
      auto child = std::ranges::lower_bound(by_parent_, parent, {}, &Descent::parent);
      for (; child != by_parent_.end() && child->parent == parent; ++child) {
        const Node* const known = find(child->pid);
        if (known == nullptr || known->ancestor == nullptr) adopt_one(*child);
      }
    }
  }

  void adopt_one(const Descent& descent) {
    Node* const parent = find(descent.parent);
    Node* const ancestor =
        parent != nullptr || descent.orphan_of == 0 ? parent : find(descent.orphan_of);
    if (ancestor == nullptr || descent.pid == ancestor->pid) return;
    if (nodes_.contains(descent.pid)) {
      if (const auto known = living(descent.pid)) return join(*known, parent);
    }
    std::error_code error;
    const std::shared_ptr<Node> node = open_node(descent.pid, error);
    FamilyReading reading;
    if (!node || node->sampler.read_family(reading) == ReadStatus::vanished ||
        reading.parent != descent.parent) {
      ancestor->has_unwatched_child |= !node && error != std::errc::no_such_process;
      ancestor->must_ask = true;
      return;
    }
    take_in(node, *ancestor, parent, reading);
  }

  void take_in(const std::shared_ptr<Node>& node, Node& ancestor, Node* parent,
               const FamilyReading& reading) {
    adopted_.push_back(node->pid);
    nodes_.reserve(nodes_.size() + 1);
    ancestor.family->members.push_back(node);
    nodes_[node->pid] = node.get();
    node->family = ancestor.family;
    node->ancestor = &ancestor;
    node->waiter = parent;
    node->must_ask = !reading.children_cpu_ns;
    node->children_cpu_ns = reading.children_cpu_ns.value_or(0);
  }

  /// A root whose parent is watched by now, too: its family joins that of the parent.
  void join(Node& root, Node* parent) {
    if (parent == nullptr || root.ancestor != nullptr || root.family == parent->family) return;
    Family& joining = *root.family;
    Family& joined = *parent->family;
    joined.members.insert(joined.members.end(), joining.members.begin(), joining.members.end());
    for (const auto& member : joining.members) member->family = &joined;
    root.ancestor = parent;
    root.waiter = parent;
    drop(joining);
  }

  void drop(const Family& family) noexcept {
    std::erase_if(families_, [&](const auto& each) { return each.get() == &family; });
  }

  /// A tree is watched no longer.
  void release(Node& leader) noexcept {
    if (--leader.trees > 0 || leader.ancestor != nullptr || leader.family == nullptr) return;
    const std::unique_ptr<Family> family = extract(*leader.family);
    for (const auto& member : family->members) forget(*member);
    try {
      for (const auto& member : family->members) replant(member);
    } catch (const std::bad_alloc&) {  // the trees within this one are leaders alone from now on
      context_.recount_processes();
    }
  }

  [[nodiscard]] std::unique_ptr<Family> extract(const Family& family) noexcept {
    const auto found =
        std::ranges::find_if(families_, [&](const auto& each) { return each.get() == &family; });
    std::unique_ptr<Family> extracted = std::move(*found);
    families_.erase(found);
    return extracted;
  }

  void forget(Node& node) noexcept {
    if (find(node.pid) == &node) nodes_.erase(node.pid);
    node.family = nullptr;
  }

  /// Of a family whose root is watched no longer: members below another leader stay.
  void replant(const std::shared_ptr<Node>& node) {
    const bool is_below_leader = node->ancestor != nullptr && node->ancestor->family != nullptr;
    if (!is_below_leader && node->trees == 0) return;
    if (node->waiter != nullptr && node->waiter->family == nullptr) node->waiter = nullptr;
    if (is_below_leader) {
      node->ancestor->family->members.push_back(node);
      node->family = node->ancestor->family;
    } else {
      auto family = std::make_unique<Family>();
      family->members.push_back(node);
      node->family = family.get();
      families_.push_back(std::move(family));
      node->ancestor = nullptr;
      node->waiter = nullptr;
    }
    nodes_[node->pid] = node.get();
  }

  // --- reading

  void read(Family& family) noexcept {
    if (std::exchange(family.round, round_) == round_) return;
    for (const auto& member : family.members) begin_sum(*member);
    bool has_gone = false;
    for (auto member = family.members.rbegin(); member != family.members.rend(); ++member) {
      visit(**member);
      has_gone |= (*member)->is_gone;
    }
    if (has_gone) bury(family);
  }

  void begin_sum(Node& node) noexcept {
    node.sum = {};
    std::ranges::fill(node.more, Figure<std::uint64_t>(0));
    node.sum.more = {node.more, further_figures_};
    node.sum.cpu_time_ns = 0;
    node.sum.memory_rss_bytes = 0;
    node.sum.memory_vms_bytes = 0;
    node.sum.memory_swap_bytes = 0;
    node.sum.num_threads = 0;
    node.sum.num_fds = 0;
    node.sum.num_processes = 0;
  }

  /// All below it were visited before.
  void visit(Node& node) noexcept {
    ProcessReading own;
    own.more = {scratch_, further_figures_};
    if (node.has_ended || node.sampler.read(own) == ReadStatus::vanished) {
      visit_ended(node);
    } else {
      own.num_processes = 1;
      if (node.ancestor != nullptr && is_ending(own)) complete_ending(own);
      add_figures(node.sum, own);
      add(node.sum.cpu_time_ns, own.cpu_time_ns);  // unknown: so is the sum
      if (own.cpu_time_ns) node.cpu_ns = std::max(node.cpu_ns, *own.cpu_time_ns);
      if (must_ask(node)) ask_for_children(node);
      add(node.sum.cpu_time_ns, node.children_cpu_ns + node.lost_ns + node.pending_ns);
    }
    if (node.ancestor == nullptr) return;
    add_figures(node.ancestor->sum, node.sum);
    add(node.ancestor->sum.cpu_time_ns, node.sum.cpu_time_ns);
  }

  /// Whether it has given back its memory already, on its way out. All else is told of it, so that
  /// this is no failure to read; a first thread that has ended before others is another case.
  [[nodiscard]] static bool is_ending(const ProcessReading& own) noexcept {
    return !own.memory_rss_bytes && !own.memory_vms_bytes && own.cpu_time_ns &&
           own.num_threads == Figure<std::uint32_t>(1U);
  }

  static void complete_ending(ProcessReading& own) noexcept {
    own.memory_rss_bytes = 0;
    own.memory_vms_bytes = 0;
    own.memory_swap_bytes = 0;
    if (!own.num_fds && !own.num_fds_error) own.num_fds = 0;
  }

  void visit_ended(Node& node) noexcept {
    node.has_ended = true;
    node.is_gone = ask_for_children(node) == ReadStatus::vanished;
    if (node.is_gone) {
      settle(node);
    } else {
      add(node.sum.cpu_time_ns,
          node.cpu_ns + node.children_cpu_ns + node.lost_ns + node.pending_ns);
    }
  }

  /// The CPU time of a tree between two ticks: who was born since is left out, and who has ended
  /// since counts as last known, as nobody's account of children is read again.
  [[nodiscard]] Figure<std::uint64_t> cpu_now(const Node& leader) noexcept {
    const auto& members = leader.family->members;
    for (const auto& member : members) member->cpu_now_ns = 0;
    for (auto member = members.rbegin(); member != members.rend(); ++member) {
      Node& node = **member;
      add_account_now(node);
      if (&node == &leader) return leader.cpu_now_ns;
      if (node.ancestor != nullptr) add(node.ancestor->cpu_now_ns, node.cpu_now_ns);
    }
    return {};
  }

  static void add_account_now(Node& node) noexcept {
    ProcessReading own;
    const bool is_there = !node.has_ended && read_counters_of(node.sampler, own) == ReadStatus::ok;
    if (!is_there) {
      own.cpu_time_ns = node.cpu_ns;
    } else if (own.cpu_time_ns) {
      own.cpu_time_ns = std::max(*own.cpu_time_ns, node.cpu_ns);
    }
    add(node.cpu_now_ns, own.cpu_time_ns);
    add(node.cpu_now_ns, node.children_cpu_ns + node.lost_ns + node.pending_ns);
  }

  /// Only who has run can have waited, and only for a member that has ended or for somebody who was
  /// never seen.
  [[nodiscard]] bool must_ask(const Node& node) const noexcept {
    if (node.must_ask || node.pending_ns > 0) return true;
    const bool has_run = node.cpu_ns != node.asked_at_ns;
    return has_run && (node.has_unwatched_child || context_.missed_processes());
  }

  ReadStatus ask_for_children(Node& node) noexcept {
    FamilyReading reading;
    const ReadStatus status = node.sampler.read_family(reading);
    if (status == ReadStatus::vanished) return status;
    if (reading.children_cpu_ns) {
      note_children(node, *reading.children_cpu_ns);
    } else if (!context_.tells_children_cpu()) {
      node.lost_ns += std::exchange(node.pending_ns, 0);
      node.must_ask = false;
    }
    return status;
  }

  void note_children(Node& node, std::uint64_t now_ns) noexcept {
    // User and system time are rounded down each, to at most 10 ms.
    constexpr std::int64_t slack_ns = 20'000'000;
    const std::uint64_t grown = now_ns - std::min(node.children_cpu_ns, now_ns);
    node.children_cpu_ns = std::max(node.children_cpu_ns, now_ns);
    node.asked_at_ns = node.cpu_ns;
    node.must_ask = false;
    node.balance_ns += static_cast<std::int64_t>(grown) -
                       static_cast<std::int64_t>(std::exchange(node.pending_ns, 0));
    node.balance_ns = std::min(node.balance_ns, slack_ns);
    if (node.balance_ns >= -slack_ns) return;
    // Some of them it has not waited for: the system has dropped their time.
    node.lost_ns += static_cast<std::uint64_t>(-slack_ns - node.balance_ns);
    node.balance_ns = -slack_ns;
  }

  /// Hands the CPU time of a member that was waited for to where it has gone.
  void settle(Node& node) noexcept {
    if (node.ancestor == nullptr) return;
    const std::uint64_t used = node.cpu_ns + node.children_cpu_ns + node.pending_ns;
    node.ancestor->lost_ns += node.lost_ns;
    if (node.collected_ns) {
      node.ancestor->lost_ns += std::max(used, *node.collected_ns);
    } else if (node.waiter != nullptr) {
      node.waiter->pending_ns += used;
      node.waiter->must_ask = true;
    } else {
      node.ancestor->lost_ns += used;
    }
  }

  void bury(Family& family) noexcept {
    for (const auto& member : family.members) {
      if (member->ancestor != nullptr && member->ancestor->is_gone &&
          member->ancestor->ancestor != nullptr) {
        member->ancestor = member->ancestor->ancestor;
      }
      if (member->waiter != nullptr && member->waiter->is_gone) find_waiter(*member);
    }
    for (const auto& member : family.members) {
      if (member->is_gone && member->ancestor != nullptr) forget(*member);
    }
    std::erase_if(family.members, [](const auto& member) { return member->family == nullptr; });
  }

  /// Its parent has ended. The system has given it another one, which may be a member.
  void find_waiter(Node& node) noexcept {
    FamilyReading reading;
    node.waiter = nullptr;
    if (node.is_gone || node.sampler.read_family(reading) == ReadStatus::vanished) return;
    Node* const parent = find(reading.parent);
    if (parent != nullptr && parent->family == node.family && !parent->is_gone) {
      node.waiter = parent;
    }
  }

  template <class T>
  static void add(Figure<T>& sum, std::type_identity_t<Figure<T>> part) noexcept {
    sum = sum && part ? Figure<T>(static_cast<T>(*sum + *part)) : Figure<T>();
  }

  /// All but CPU time. A figure that one member does not tell is unknown of all.
  static void add_figures(ProcessReading& sum, const ProcessReading& part) noexcept {
    add(sum.memory_rss_bytes, part.memory_rss_bytes);
    add(sum.memory_vms_bytes, part.memory_vms_bytes);
    add(sum.memory_swap_bytes, part.memory_swap_bytes);
    add(sum.num_threads, part.num_threads);
    add(sum.num_fds, part.num_fds);
    add(sum.num_processes, part.num_processes);
    if (part.num_fds_error) sum.num_fds_error = part.num_fds_error;
    for (std::size_t i = 0; i < sum.more.slots.size(); ++i) {
      add(sum.more.slots[i], part.more.slots[i]);
    }
  }

  Context& context_;
  FurtherFigures further_figures_;
  std::vector<Figure<std::uint64_t>> scratch_;
  std::unordered_map<ProcessId, Node*> nodes_;
  std::vector<std::unique_ptr<Family>> families_;
  std::vector<Descent> by_parent_;
  std::vector<ProcessId> adopted_;
  std::uint64_t round_ = 0;
};

/// One watched tree, read like a single process. Not thread-safe.
template <SamplesFamilies Sampler>
class ProcessForest<Sampler>::Tree {
 public:
  Tree(ProcessForest& forest, std::shared_ptr<Node> leader) noexcept
      : forest_(&forest), leader_(std::move(leader)) {
    ++leader_->trees;
  }
  Tree(Tree&& other) noexcept
      : forest_(other.forest_), leader_(std::exchange(other.leader_, nullptr)) {}
  Tree& operator=(Tree&& other) noexcept {
    std::swap(forest_, other.forest_);
    std::swap(leader_, other.leader_);
    return *this;
  }
  ~Tree() {
    if (leader_) forest_->release(*leader_);
  }

  /// The sums over the tree; `vanished` once the leader has ended. Allocates nothing.
  [[nodiscard]] ReadStatus read(ProcessReading& reading) noexcept {
    Node& leader = *leader_;
    if (leader.family != nullptr) forest_->read(*leader.family);
    if (leader.has_ended || leader.family == nullptr) {
      reading.clear();
      return ReadStatus::vanished;
    }
    const FurtherReadings more = reading.more;
    reading = leader.sum;
    reading.more = more;
    if (!more.slots.empty()) std::ranges::copy(leader.sum.more.slots, more.slots.begin());
    if (reading.cpu_time_ns) {
      leader.reported_ns = std::max(leader.reported_ns, *reading.cpu_time_ns);
      reading.cpu_time_ns = leader.reported_ns;
    }
    return ReadStatus::ok;
  }

  /// The CPU time alone, now; all else is left unknown. Allocates nothing.
  [[nodiscard]] ReadStatus read_counters(ProcessReading& reading) noexcept {
    reading.clear();
    if (leader_->has_ended || leader_->family == nullptr) return ReadStatus::vanished;
    reading.cpu_time_ns = forest_->cpu_now(*leader_);
    return ReadStatus::ok;
  }

 private:
  ProcessForest* forest_;
  std::shared_ptr<Node> leader_;
};

/// For samplers that know nothing of families: there are no trees.
template <class Sampler>
class NoForest {
 public:
  struct Tree {
    [[nodiscard]] ReadStatus read(ProcessReading&) noexcept { return ReadStatus::vanished; }
    [[nodiscard]] ReadStatus read_counters(ProcessReading&) noexcept {
      return ReadStatus::vanished;
    }
  };

  NoForest(typename Sampler::Context&, FurtherFigures) noexcept {}
  [[nodiscard]] std::optional<Tree> open(ProcessId, std::error_code& error) noexcept {
    error = std::make_error_code(std::errc::function_not_supported);
    return std::nullopt;
  }
  void begin_tick() noexcept {}
  void note_collected(ProcessId, ProcessId, std::uint64_t) noexcept {}
};

template <class Sampler>
struct ForestOf {
  using type = NoForest<Sampler>;
};
template <SamplesFamilies Sampler>
struct ForestOf<Sampler> {
  using type = ProcessForest<Sampler>;
};

/// One process or one tree, read in the same way.
template <class Sampler>
class WatchedSampler {
 public:
  using Tree = typename ForestOf<Sampler>::type::Tree;

  explicit WatchedSampler(Sampler process) noexcept : watched_(std::move(process)) {}
  explicit WatchedSampler(Tree tree) noexcept : watched_(std::move(tree)) {}

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

 private:
  std::variant<Sampler, Tree> watched_;
};

}  // namespace provisr::detail
