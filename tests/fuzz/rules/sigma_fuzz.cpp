/// The reader on arbitrary bytes: every document is a rule, a correlation, a filter or a rejection with a reason and a
/// place, and what is called a rule keeps the promises of rules/ir.hpp.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "check_rule.hpp"

namespace {

using canhgac::common::ensure;
namespace rules = canhgac::rules;

void check_rule(const rules::Rule& rule) {
    ensure(!rule.id.empty() && !rule.title.empty(), "a rule has an id and a title");
    rules::check_nodes(rule);
    for (const auto& predicate : rule.predicates) {
        rules::check_predicate(predicate);
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
