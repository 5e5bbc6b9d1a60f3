/// The linter on arbitrary bytes, given as two files: findings name a file that was given, a known check, its severity
/// and a place, they are in order, what the reader rejects is among them, and the same input gives them again.
#include "rules/lint.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/ensure.hpp"
#include "rules/embedded.hpp"

namespace {

using canhgac::common::ensure;
namespace rules = canhgac::rules;

const rules::LintContext& context() {
    static const rules::LintContext made = [] {
        rules::LintContext context;
        context.logsources = rules::load_embedded_logsources();
        context.fields.lists = rules::load_embedded_field_lists();
        rules::SeenFields seen;
        seen.logsource = {"windows", "process_creation", ""};
        seen.events = 3;
        seen.fields = {"Image", "CommandLine"};
        context.fields.seen = {seen};
        context.now = 1'800'000'000'000'000'000;
        context.read.placeholders["servers"] = {"a", "b*"};
        return context;
    }();
    return made;
}

struct Linted {
    std::vector<rules::LintFinding> findings;
    std::size_t rejected = 0;
};

Linted lint(std::string_view first, std::string_view second) {
    rules::Linter linter(context());
    linter.add_text("a.yml", first);
    linter.add_text("b.yml", second);
    Linted out;
    out.rejected = linter.read().rejected.size();
    for (const auto& rule : linter.read().rules) {
        linter.report(rule.id, "no-trigger", "as the engine would say");
    }
    for (const auto& correlation : linter.read().correlations) {
        linter.report(correlation.id, "rejected", "as the compiler would say");
    }
    out.rejected += linter.read().correlations.size();
    out.findings = linter.finish();
    return out;
}

void check_finding(const rules::LintFinding& finding) {
    const rules::LintCheck* const check = rules::lint_check(finding.check);
    ensure(check != nullptr && check->severity == finding.severity, "a finding is of a known check");
    ensure(finding.file == "a.yml" || finding.file == "b.yml", "a finding names a file that was given");
    ensure((finding.line == 0) == (finding.column == 0), "a place has a line and a column, or is the whole file");
    ensure(!finding.message.empty() && !rules::to_string(finding).empty(), "a finding says something");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    // Two files with a cut at a document mark, so that rules, duplicates and references meet across files.
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto cut = text.find("\n---\n", size / 2);
    const std::string_view first = text.substr(0, cut);
    const std::string_view second = cut == std::string_view::npos ? text : text.substr(cut + 5);
    const Linted linted = lint(first, second);
    const auto place = [](const rules::LintFinding& f) { return std::tie(f.file, f.line, f.column); };
    for (const auto& finding : linted.findings) {
        check_finding(finding);
    }
    ensure(std::is_sorted(linted.findings.begin(), linted.findings.end(),
                          [&](const auto& a, const auto& b) { return place(a) < place(b); }),
           "findings are in order");
    const auto told = std::count_if(linted.findings.begin(), linted.findings.end(),
                                    [](const auto& finding) { return finding.check == "rejected"; });
    ensure(static_cast<std::size_t>(told) == linted.rejected, "every rejection is a finding, whatever is allowed");
    const Linted again = lint(first, second);
    ensure(again.findings.size() == linted.findings.size(), "the same again");
    for (std::size_t i = 0; i < again.findings.size(); ++i) {
        ensure(rules::to_string(again.findings[i]) == rules::to_string(linted.findings[i]), "the same again");
    }
    return 0;
}
