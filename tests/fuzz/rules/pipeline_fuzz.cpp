/// Pipelines of arbitrary bytes on some rules: a pipeline that is refused says where and why; what one that is taken
/// makes of the rules keeps the promises of rules/ir.hpp, or the rule is rejected with its place.
#include "rules/pipeline/pipeline.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "check_rule.hpp"

namespace {

namespace rules = canhgac::rules;

constexpr std::string_view kRules = R"(title: A
id: a
name: base
level: high
tags: [attack.t1059]
fields: [Image, a]
logsource: {product: windows, category: process_creation}
detection:
  s:
    Image|endswith: ['\cmd.exe', '*\a?b']
    a|contains|all: [x, 'y*z']
    b|neq: [1, null]
    c|fieldref: a
    d|re: '^x.*$'
    e|exists: false
    Hashes|contains: ['MD5=987B65CD9B9F4E9A1AFD8F8B48CF64A7', SHA1=00]
    f|windash|contains: ' -enc '
  k: [one, 'tw*o']
  _f: {g|expand: '%v%'}
  condition: s and (1 of k* or not _f)
---
title: B
id: b
logsource: {product: linux}
detection:
  s: {a: x, b: 4624, c: true, d|cidr: 10.0.0.0/8, e|lt: 5}
  f: {a: 'C:\x\\*'}
  condition: s and not f
---
title: C
id: c
correlation: {type: event_count, rules: base, group-by: [a, who], timespan: 5m, condition: {gte: 3}, aliases: {who: {base: b}}}
)";

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    using canhgac::common::ensure;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto chain = rules::PipelineChain::read({{"fuzz.yml", text, false}});
    if (!chain) {
        ensure(!chain.error().empty(), "a refusal has a reason");
        for (const auto& fault : chain.error()) {
            ensure(!fault.reason.empty() && fault.line > 0 && fault.column > 0, "a mistake says why and where");
        }
        return 0;
    }
    rules::ReadOptions options;
    options.pipelines = *chain;
    const auto result = rules::read_text("rules.yml", kRules, options);
    ensure(result.documents == 3, "nothing is dropped silently");
    ensure(result.documents == result.rules.size() + result.correlations.size() + result.rejected.size(), "sum");
    for (const auto& rejection : result.rejected) {
        ensure(!rejection.reason.empty() && rejection.line > 0 && rejection.column > 0,
               "a rejection says why and where");
    }
    for (const auto& rule : result.rules) {
        rules::check_nodes(rule);
        for (const auto& predicate : rule.predicates) {
            rules::check_predicate(predicate);
        }
    }
    ensure(result.pipelines.size() == 1, "every pipeline is reported");
    for (const auto& warning : result.pipelines.front().warnings) {
        ensure(!warning.message.empty() && warning.line > 0, "a warning says why and where");
    }
    return 0;
}
