/// The reader on arbitrary bytes: every document is a rule, a correlation or a rejection with a reason and a place, and
/// what is called a rule keeps the promises of rules/ir.hpp.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/ensure.hpp"
#include "rules/print.hpp"
#include "rules/reader.hpp"
#include "rules/sigma_string.hpp"

namespace {

using canhgac::common::ensure;
namespace rules = canhgac::rules;

void check_rule(const rules::Rule& rule) {
    ensure(!rule.id.empty() && !rule.title.empty(), "a rule has an id and a title");
    ensure(rule.root < rule.nodes.size(), "the root is a node");
    for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
        const auto& node = rule.nodes[i];
        const bool is_leaf = node.kind == rules::Node::Kind::predicate;
        ensure(is_leaf == node.children.empty(), "only leaves have no children");
        ensure(!is_leaf || node.predicate < rule.predicates.size(), "a leaf names a predicate");
        ensure(node.kind != rules::Node::Kind::negation || node.children.size() == 1, "a negation has one child");
        for (const auto child : node.children) {
            ensure(child < i, "children come before their parent");
        }
    }
    for (const auto& predicate : rule.predicates) {
        bool after_literal = false;
        for (const auto& part : predicate.pattern) {
            const bool is_literal = part.kind == rules::PatternPart::Kind::literal;
            ensure(is_literal != part.text.empty(), "only literals have text");
            ensure(!(is_literal && after_literal), "literals are joined");
            ensure(rules::is_utf8(part.text), "literals are UTF-8");
            after_literal = is_literal;
        }
        ensure(predicate.prefix_bits <= (predicate.is_ipv6 ? 128 : 32), "prefix length");
        if (predicate.field.empty()) {
            ensure(predicate.op == rules::Op::matches || predicate.op == rules::Op::regex, "keywords are looked for");
        }
        static_cast<void>(rules::print(predicate)); // not the tree: a node used twice is printed twice
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    rules::ReadOptions options;
    options.placeholders["servers"] = {"a", "b*"};
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto result = rules::read_text("fuzz.yml", text, options);
    ensure(result.documents == result.rules.size() + result.correlations.size() + result.rejected.size(), "sum");
    ensure(result.documents > 0, "nothing is dropped silently");
    for (const auto& rejection : result.rejected) {
        ensure(!rejection.reason.empty() && rejection.line > 0 && rejection.column > 0,
               "a rejection says why and where");
    }
    for (const auto& rule : result.rules) {
        check_rule(rule);
    }
    for (const auto& correlation : result.correlations) {
        ensure(!correlation.rule_ids.empty() && correlation.timespan > 0, "a correlation counts something");
        static_cast<void>(rules::print(correlation));
    }
    return 0;
}
