// `proctree`: keeps the events that tell of a process and its parent, and gives those of one family, the oldest
// ancestor first, every process before its children.
#include <algorithm>
#include <initializer_list>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "storage/query/exec/event_reader.hpp"
#include "storage/query/exec/stage.hpp"
#include "storage/query/push_down.hpp"
#include "text/fold.hpp"

namespace canhgac::storage {

namespace {

class TreeStage final : public Stage {
public:
    explicit TreeStage(const StageInputs& inputs) : in_(inputs), reader_(*inputs.fields, inputs.width) {
        const QueryRunOptions& options = in_.context.options;
        asks_ = options.query != nullptr && options.sources.events != nullptr && tree_asks_store(*options.query);
        if (asks_ && names_rule(options.query->filter)) {
            head_.emplace(options.query->filter, in_.context.rules(), options.sources.senders);
        }
    }

    bool push(const QueryRow& row) override { return keep(row); }

    void finish() override {
        const std::string root = text::fold(in_.plan.tree.root);
        if (asks_ && !(ask_for_ancestors(root) && ask_for_descendants(root))) { return; }
        const std::vector<std::string> ancestors = ancestors_of(root);
        auto level = -static_cast<std::int64_t>(ancestors.size());
        seen_.insert(root);
        for (auto each = ancestors.rbegin(); each != ancestors.rend(); ++each) {
            if (!give_process(*each, level++)) { return end(); }
        }
        give_family(root);
        end();
    }

private:
    static constexpr std::size_t kEntryBytes =
        320; ///< nodes of maps and a set, their lists, their share of the buckets
    static constexpr std::size_t kMostAskedFor = 64; ///< processes at once
    struct Node {
        KeptRow row;
        std::string id;
        std::string parent;
    };

    bool keep(const QueryRow& row) {
        if (asks_ && !kept_.insert({row.event->id.seq, row.event->id.index}).second) { return true; }
        const QueryValue id = in_.context.evaluator.evaluate(in_.plan.by[0], row.slots);
        const QueryValue parent = in_.context.evaluator.evaluate(in_.plan.by[1], row.slots);
        if (id.is_null() || parent.is_null()) { return true; }
        const std::string own = key_of(id);
        const std::string above = key_of(parent);
        const std::size_t bytes = 2 * (own.size() + above.size()) + kEntryBytes;
        by_id_[own].push_back(nodes_.size());
        by_parent_[above].push_back(nodes_.size());
        nodes_.push_back({KeptRow(row.slots, row.event), own, above});
        return in_.context.take(nodes_.back().row.bytes() + bytes);
    }

    /// Keeps the events of the head in which one of the fields has one of the values. False: failed.
    bool ask(std::initializer_list<std::string_view> fields, std::span<const std::string> values) {
        const QueryRunOptions& options = in_.context.options;
        const ParsedQuery head{options.query->filter, options.query->last, {}, {}};
        event::QueryPlan plan = plan_for_store(head, options.now, options.from, options.to, UINT64_MAX);
        std::vector<event::Filter> wanted;
        for (const std::string_view field : fields) {
            for (const std::string& value : values) {
                wanted.push_back(*filter_of_equal(field, QueryValue::string(value)));
            }
        }
        plan.filter = both(std::move(plan.filter), either(std::move(wanted)));
        return in_.context.read_store(plan, [this](const event::StoredEvent& event) {
            if (head_ && !head_->matches(event)) { return in_.context.goes_on(); }
            in_.context.scratch.reset();
            return keep({reader_.read(event, in_.context.scratch), &event});
        });
    }

    bool ask_for_ancestors(std::string at) {
        std::unordered_set<std::string> asked;
        for (std::uint64_t generation = 0; generation < in_.plan.tree.up && asked.insert(at).second; ++generation) {
            const auto found = by_id_.find(at);
            if (found == by_id_.end()) { break; }
            at = nodes_[in_order(found->second).front()].parent;
            if (!ask({in_.plan.tree.id}, {&at, 1})) { return false; }
        }
        return true;
    }

    /// The children of the root are there: then their children, and other events of the same ids.
    bool ask_for_descendants(const std::string& root) {
        std::unordered_set<std::string> asked{root};
        std::vector<std::string> parents{root};
        for (std::uint64_t generation = 1; generation <= in_.plan.tree.depth && !parents.empty(); ++generation) {
            std::vector<std::string> children;
            for (const std::string& parent : parents) {
                const auto found = by_parent_.find(parent);
                if (found == by_parent_.end()) { continue; }
                for (const std::size_t node : found->second) {
                    if (asked.insert(nodes_[node].id).second) { children.push_back(nodes_[node].id); }
                }
            }
            for (std::size_t at = 0; at < children.size(); at += kMostAskedFor) {
                const auto some = std::span(children).subspan(at, std::min(kMostAskedFor, children.size() - at));
                const bool last = generation == in_.plan.tree.depth;
                const bool went =
                    last ? ask({in_.plan.tree.id}, some) : ask({in_.plan.tree.id, in_.plan.tree.parent}, some);
                if (!went) { return false; }
            }
            parents = std::move(children);
        }
        return true;
    }

    /// Ids are compared in any case.
    static std::string key_of(const QueryValue& value) {
        std::string text;
        append_value_text(text, value);
        return text::fold(text);
    }

    void end() {
        if (!in_.context.failure && in_.context.goes_on()) { in_.next.finish(); }
    }

    /// Nearest first. An id may stand for several events; the first that happened says who the parent is.
    std::vector<std::string> ancestors_of(const std::string& root) {
        std::vector<std::string> result;
        std::string at = root;
        while (result.size() < in_.plan.tree.up) {
            const auto found = by_id_.find(at);
            if (found == by_id_.end()) { break; }
            at = nodes_[in_order(found->second).front()].parent;
            if (at == root || !by_id_.contains(at) || !seen_.insert(at).second) { break; }
            result.push_back(at);
        }
        return result;
    }

    /// A process and what it started, in the order of time. Without recursion: trees may be deep.
    void give_family(const std::string& root) {
        std::vector<std::pair<std::string, std::uint64_t>> open{{root, 0}};
        while (!open.empty()) {
            const auto [id, level] = std::move(open.back());
            open.pop_back();
            if (!give_process(id, static_cast<std::int64_t>(level))) { return; }
            if (level == in_.plan.tree.depth) { continue; }
            const auto children = by_parent_.find(id);
            if (children == by_parent_.end()) { continue; }
            const std::vector<std::size_t> order = in_order(children->second);
            const std::size_t before = open.size();
            for (const std::size_t child : order) {
                if (seen_.insert(nodes_[child].id).second) { open.emplace_back(nodes_[child].id, level + 1); }
            }
            std::reverse(open.begin() + static_cast<std::ptrdiff_t>(before), open.end());
        }
    }

    /// Its events. False: no more are wanted, or it has to stop.
    bool give_process(const std::string& id, std::int64_t level) {
        const auto found = by_id_.find(id);
        if (found == by_id_.end()) { return in_.context.goes_on(); }
        for (const std::size_t node : in_order(found->second)) {
            if (!in_.context.goes_on()) { return false; }
            in_.context.scratch.reset();
            const KeptRow& row = nodes_[node].row;
            slots_.assign(row.values().begin(), row.values().end());
            slots_[in_.plan.made[0]] = QueryValue::integer(level);
            if (!in_.next.push({slots_, row.event()}) || in_.context.failure) { return false; }
        }
        return true;
    }

    [[nodiscard]] std::vector<std::size_t> in_order(std::vector<std::size_t> nodes) const {
        std::sort(nodes.begin(), nodes.end(), [this](std::size_t left, std::size_t right) {
            const event::StoredEvent& a = *nodes_[left].row.event();
            const event::StoredEvent& b = *nodes_[right].row.event();
            return std::tuple(a.time, a.id, left) < std::tuple(b.time, b.id, right);
        });
        return nodes;
    }

    StageInputs in_;
    EventReader reader_;
    bool asks_ = false;
    std::optional<EventFilter> head_;                        ///< when the store cannot tell it all
    std::set<std::pair<std::uint64_t, std::uint32_t>> kept_; ///< places of events, when some may come twice
    std::vector<Node> nodes_;
    std::unordered_map<std::string, std::vector<std::size_t>> by_id_;
    std::unordered_map<std::string, std::vector<std::size_t>> by_parent_;
    std::unordered_set<std::string> seen_; ///< ids that are given or about to be
    std::vector<QueryValue> slots_;
};

} // namespace

std::unique_ptr<Stage> make_tree_stage(const StageInputs& inputs) {
    return std::make_unique<TreeStage>(inputs);
}

} // namespace canhgac::storage
