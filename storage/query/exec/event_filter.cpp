#include "storage/query/exec/event_filter.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "common/clock.hpp"
#include "common/ensure.hpp"
#include "common/ip.hpp"
#include "event/value.hpp"
#include "text/fold.hpp"
#include "text/glob.hpp"
#include "text/regex.hpp"

namespace canhgac::storage {

using event::Filter;

struct EventFilter::Node {
    Filter filter; ///< without its children
    std::vector<Node> children;
    std::unique_ptr<std::string> glob_text; ///< what glob views
    std::vector<text::GlobPart> glob;
    std::optional<text::Regex> regex;
    common::IpNetwork network;
    event::EventPredicate* rule = nullptr;

    Node(const Filter& source, const QueryRules& rules) {
        filter.kind = source.kind;
        filter.field = source.field;
        filter.pattern = source.pattern;
        filter.op = source.op;
        filter.number = source.number;
        for (const Filter& child : source.children) {
            children.emplace_back(child, rules);
        }
        prepare(rules);
    }

    /// Whether one value satisfies the leaf.
    [[nodiscard]] bool holds(std::string_view value) const {
        switch (filter.kind) {
        case Filter::Kind::glob:
            return text::glob_match(glob, value, false);
        case Filter::Kind::phrase:
            return text::contains_folded(value, filter.pattern);
        case Filter::Kind::regex:
            return regex->search(value);
        case Filter::Kind::compare: {
            const auto number = event::parse_number(value);
            return number && compares(*number);
        }
        default: {
            const auto address = common::parse_ip(value);
            return address && (network.contains(*address) || network.contains(common::unmapped(*address)));
        }
        }
    }
    [[nodiscard]] bool compares(double number) const noexcept {
        switch (filter.op) {
        case Filter::Op::less:
            return number < filter.number;
        case Filter::Op::less_equal:
            return number <= filter.number;
        case Filter::Op::greater:
            return number > filter.number;
        case Filter::Op::greater_equal:
            break;
        }
        return number >= filter.number;
    }
    /// Of @timestamp and event.ingested.
    [[nodiscard]] bool time_holds(common::Nanos time) const {
        if (filter.kind == Filter::Kind::compare) { return compares(static_cast<double>(time)); }
        return holds(common::format_rfc3339(time));
    }

private:
    void prepare(const QueryRules& rules) {
        switch (filter.kind) {
        case Filter::Kind::glob: {
            glob_text = std::make_unique<std::string>();
            glob = text::parse_glob(filter.pattern, *glob_text);
            if (!filter.field.empty()) { break; }
            glob.insert(glob.begin(), {text::GlobPart::Kind::any, {}});
            glob.push_back({text::GlobPart::Kind::any, {}});
            break;
        }
        case Filter::Kind::regex: {
            auto compiled = text::Regex::compile(filter.pattern, {.ignore_case = true});
            common::ensure(compiled.has_value(), "the parser compiles every expression");
            regex.emplace(std::move(*compiled));
            break;
        }
        case Filter::Kind::cidr:
            network = common::parse_cidr(filter.pattern).value_or(common::IpNetwork{});
            break;
        case Filter::Kind::rule: {
            const auto found = rules.find(filter.pattern);
            common::ensure(found != rules.end(), "every rule of a query is found before it runs");
            rule = found->second.get();
            break;
        }
        default:
            break;
        }
    }
};

EventFilter::EventFilter(const Filter& filter, const QueryRules& rules, const event::SourceRegistry* senders)
    : root_(std::make_unique<Node>(filter, rules)), senders_(senders) {}
EventFilter::EventFilter(EventFilter&&) noexcept = default;
EventFilter& EventFilter::operator=(EventFilter&&) noexcept = default;
EventFilter::~EventFilter() = default;

bool EventFilter::matches(const event::StoredEvent& event) {
    return matches(*root_, event);
}

bool EventFilter::matches(Node& node, const event::StoredEvent& event) {
    const auto child = [&](Node& each) { return matches(each, event); };
    switch (node.filter.kind) {
    case Filter::Kind::all:
        return true;
    case Filter::Kind::conjunction:
        return std::all_of(node.children.begin(), node.children.end(), child);
    case Filter::Kind::disjunction:
        return std::any_of(node.children.begin(), node.children.end(), child);
    case Filter::Kind::negation:
        return !matches(node.children.front(), event);
    case Filter::Kind::rule:
        return node.rule->matches(event);
    default:
        return leaf_matches(node, event);
    }
}

bool EventFilter::leaf_matches(const Node& node, const event::StoredEvent& event) {
    const std::string_view field = node.filter.field;
    if (field == "@timestamp") { return node.time_holds(event.time); }
    if (field == "event.ingested") { return node.time_holds(event.received); }
    if (field == "event.original") { return node.holds(event.raw); }
    if (field == "event.id") { return node.holds(fmt::format("{}.{}", event.id.seq, event.id.index)); }
    if (field.empty()) {
        // A comparison or a network is about a value; a whole line is none.
        const bool whole_line = node.filter.kind != Filter::Kind::compare && node.filter.kind != Filter::Kind::cidr;
        if (whole_line && node.holds(event.raw)) { return true; }
    }
    bool present = false;
    for (const auto& [name, value] : event.fields) {
        if (value.is_null() || (!field.empty() && name != field)) { continue; }
        present = true;
        if (node.holds(value.text())) { return true; }
    }
    return field == "log.source" && !present && sender_matches(node, event);
}

/// An event without a field log.source has the name of its sender: "peer/reporter".
bool EventFilter::sender_matches(const Node& node, const event::StoredEvent& event) {
    auto found = names_.find(event.source);
    if (found == names_.end() && senders_ != nullptr) { // the first time, or a sender that came meanwhile
        for (const event::SourceEntry& entry : senders_->sources()) {
            names_[entry.id] = entry.key.reporter.empty() ? entry.key.peer : entry.key.peer + "/" + entry.key.reporter;
        }
        found = names_.try_emplace(event.source).first;
    }
    return node.holds(found == names_.end() ? std::string_view{} : std::string_view(found->second));
}

bool names_rule(const Filter& filter) noexcept {
    return filter.kind == Filter::Kind::rule || std::any_of(filter.children.begin(), filter.children.end(), names_rule);
}

} // namespace canhgac::storage
