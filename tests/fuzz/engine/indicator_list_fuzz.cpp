/// List readers on arbitrary bytes (the first chooses the format): every value read is added, bad or skipped, what is
/// bad has a place and a reason, and what is added is canonical: it is its own canonical text and has a key.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/ensure.hpp"
#include "engine/intel/list_reader.hpp"

namespace {

using canhgac::common::ensure;
namespace engine = canhgac::engine;

class CheckingSink final : public engine::IndicatorSink {
public:
    bool add(const engine::Indicator& indicator) override {
        if (indicator.type == engine::IndicatorType::network) {
            ensure(canhgac::common::parse_cidr(indicator.text).has_value(), "a network is a network");
        } else {
            engine::IndicatorKey key;
            ensure(engine::canonical_key(indicator.type, indicator.text, key), "an indicator has a key");
            ensure(key.type == indicator.type, "of its type");
            const bool is_text =
                indicator.type == engine::IndicatorType::domain || indicator.type == engine::IndicatorType::url;
            ensure(!is_text || key.view() == indicator.text, "the canonical text is its own key");
        }
        return ++taken_ < 10'000;
    }

private:
    int taken_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    if (size == 0) { return 0; }
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    engine::ListOptions options;
    options.format = static_cast<engine::ListFormat>(data[0] % 5);
    options.kind = static_cast<engine::IndicatorKind>(data[0] / 5 % 5);
    if (data[0] >= 128) { options.columns = {"2", "ip"}; }
    options.now = canhgac::common::kDay * 20'000;
    CheckingSink sink;
    engine::ListReport report;
    engine::read_list(text, data[0] % 2 == 0 ? "list.csv" : "list.json", options, sink, report);
    std::uint64_t sum = report.added + report.bad;
    for (const auto& [reason, count] : report.skipped) {
        sum += count;
    }
    ensure(report.read == sum, "everything read is accounted for");
    for (const auto& bad : report.bad_entries) {
        ensure(bad.line > 0 && bad.column > 0 && !bad.reason.empty(), "what is bad has a place and a reason");
    }
    return 0;
}
