/// The reader on arbitrary bytes: every document is a rule, a correlation or a rejection with a reason and a place, and
/// what is called a rule keeps the promises of rules/ir.hpp.
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
