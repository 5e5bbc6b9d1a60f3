/// The reader on arbitrary bytes: every document is a rule, a correlation, a filter or a rejection with a reason and a
/// place, and what is called a rule keeps the promises of rules/ir.hpp.
#include <algorithm>
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
        const bool is_number = predicate.op >= rules::Op::equal_number && predicate.op <= rules::Op::greater_equal;
        ensure(predicate.time_part == rules::TimePart::none || is_number,
               "only numbers are compared with a part of a time");
        ensure(predicate.prefix_bits <= (predicate.is_ipv6 ? 128 : 32), "prefix length");
        if (predicate.field.empty()) {
            ensure(predicate.op == rules::Op::matches || predicate.op == rules::Op::regex, "keywords are looked for");
        }
        static_cast<void>(rules::print(predicate)); // not the tree: a node used twice is printed twice
    }
}

/// A filter names the rules it narrows, and these name it.
void check_filter(const rules::Filter& filter, const rules::ReadResult& result) {
    ensure(!filter.id.empty() && !filter.title.empty(), "a filter has an id and a title");
    std::size_t narrowed = 0;
    for (const auto& rule : result.rules) {
        const auto times = std::count(rule.filters.begin(), rule.filters.end(), filter.id);
        ensure(times <= 1, "a filter narrows a rule once");
        narrowed += static_cast<std::size_t>(times);
    }
    ensure(narrowed == filter.rule_ids.size(), "the filter lists the rules it narrows");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    rules::ReadOptions options;
    options.placeholders["servers"] = {"a", "b*"};
    options.now = 1'800'000'000'000'000'000;
    options.filter_polarity = size % 2 == 0 ? rules::FilterPolarity::pysigma : rules::FilterPolarity::specification;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto result = rules::read_text("fuzz.yml", text, options);
    ensure(result.documents == result.rules.size() + result.correlations.size() + result.filters.size() +
                                   result.expired_filters.size() + result.rejected.size(),
           "sum");
    ensure(result.documents > 0, "nothing is dropped silently");
    for (const auto& rejection : result.rejected) {
        ensure(!rejection.reason.empty() && rejection.line > 0 && rejection.column > 0,
               "a rejection says why and where");
    }
    for (const auto& rule : result.rules) {
        check_rule(rule);
    }
    for (const auto& filter : result.filters) {
        check_filter(filter, result);
    }
    for (const auto& filter : result.expired_filters) {
        ensure(filter.until != 0 && filter.rule_ids.empty(), "an expired filter narrows nothing");
    }
    for (const auto& correlation : result.correlations) {
        ensure(!correlation.rule_ids.empty() && correlation.timespan > 0, "a correlation counts something");
        static_cast<void>(rules::print(correlation));
    }
    return 0;
}
