/// Grows Rule::predicates and Rule::nodes; every function returns the index of a node, or kNothing for what a pipeline
/// left without any test: it is passed over where it would be joined. Not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "rules/draft.hpp"
#include "rules/ir.hpp"

namespace canhgac::rules {

class RuleBuilder {
public:
    static constexpr std::uint32_t kNothing = 0xFFFF'FFFFU;

    explicit RuleBuilder(Rule& rule) : rule_(rule) {}

    std::uint32_t predicate(Predicate predicate) {
        rule_.predicates.push_back(std::move(predicate));
        Node node;
        node.predicate = static_cast<std::uint32_t>(rule_.predicates.size() - 1);
        return add(std::move(node));
    }
    /// Of one child, the child itself; of none, kNothing.
    std::uint32_t all(std::vector<std::uint32_t> children) {
        return join(Node::Kind::conjunction, std::move(children));
    }
    std::uint32_t any(std::vector<std::uint32_t> children) {
        return join(Node::Kind::disjunction, std::move(children));
    }
    std::uint32_t negate(std::uint32_t child) {
        return child == kNothing ? kNothing : add(Node{Node::Kind::negation, 0, {child}});
    }

    [[nodiscard]] bool is_full() const noexcept { return rule_.predicates.size() > kMaxPredicates; }

private:
    std::uint32_t join(Node::Kind kind, std::vector<std::uint32_t> children) {
        std::erase(children, kNothing);
        if (children.empty()) { return kNothing; }
        if (children.size() == 1) { return children.front(); }
        return add(Node{kind, 0, std::move(children)});
    }
    std::uint32_t add(Node node) {
        rule_.nodes.push_back(std::move(node));
        return static_cast<std::uint32_t>(rule_.nodes.size() - 1);
    }

    Rule& rule_;
};

} // namespace canhgac::rules
