/// The linter on arbitrary bytes: every finding is of a known check and says why; what the reader rejects is an error
/// among the findings; nothing else is.
#include "rules/lint.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "common/ensure.hpp"
#include "rules/embedded.hpp"

namespace {

using canhgac::common::ensure;
namespace rules = canhgac::rules;

const rules::LintContext& context() {
    static const rules::LintContext shared = [] {
        rules::LintContext made;
        made.logsources = rules::load_embedded_logsources();
        made.fields.lists = rules::load_embedded_field_lists();
        made.now = 1'795'309'200 * canhgac::common::kSecond;
        return made;
    }();
    return shared;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    rules::Linter linter(context());
    linter.add_text("fuzz.yml", {reinterpret_cast<const char*>(data), size});
    const std::size_t rejected = linter.read().rejected.size();
    const auto findings = linter.finish();
    for (const auto& finding : findings) {
        ensure(rules::lint_check(finding.check) != nullptr, "a check that is listed");
        ensure(!finding.message.empty() && finding.line > 0 && finding.column > 0, "a finding says why and where");
    }
    const auto errors = std::count_if(findings.begin(), findings.end(), [](const rules::LintFinding& finding) {
        return finding.severity == rules::LintSeverity::error;
    });
    ensure(static_cast<std::size_t>(errors) == rejected, "errors are what the reader rejects");
    return 0;
}
