/// The promises of rules/ir.hpp about a checked rule, for fuzz targets.
#pragma once

#include <cstddef>

#include "common/ensure.hpp"
#include "rules/print.hpp"
#include "rules/reader.hpp"
#include "rules/sigma_string.hpp"

namespace canhgac::rules {

inline void check_nodes(const Rule& rule) {
    using common::ensure;
    ensure(rule.root < rule.nodes.size(), "the root is a node");
    for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
        const auto& node = rule.nodes[i];
        const bool is_leaf = node.kind == Node::Kind::predicate;
        ensure(is_leaf == node.children.empty(), "only leaves have no children");
        ensure(!is_leaf || node.predicate < rule.predicates.size(), "a leaf names a predicate");
        ensure(node.kind != Node::Kind::negation || node.children.size() == 1, "a negation has one child");
        for (const auto child : node.children) {
            ensure(child < i, "children come before their parent");
        }
    }
}

inline void check_predicate(const Predicate& predicate) {
    using common::ensure;
    bool after_literal = false;
    for (const auto& part : predicate.pattern) {
        const bool is_literal = part.kind == PatternPart::Kind::literal;
        ensure(part.kind != PatternPart::Kind::placeholder, "placeholders are resolved");
        ensure(is_literal != part.text.empty(), "only literals have text");
        ensure(!(is_literal && after_literal), "literals are joined");
        ensure(is_utf8(part.text), "literals are UTF-8");
        after_literal = is_literal;
    }
    const bool is_number = predicate.op >= Op::equal_number && predicate.op <= Op::greater_equal;
    ensure(predicate.time_part == TimePart::none || is_number, "only numbers are compared with a part of a time");
    ensure(predicate.prefix_bits <= (predicate.is_ipv6 ? 128 : 32), "prefix length");
    ensure(!predicate.field.empty() || predicate.op == Op::matches || predicate.op == Op::regex,
           "keywords are looked for");
    static_cast<void>(print(predicate)); // not the tree: a node used twice is printed twice
}

} // namespace canhgac::rules
