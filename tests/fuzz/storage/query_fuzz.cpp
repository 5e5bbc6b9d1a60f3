/// Any text is a query or an error inside it; what parses prints, and what is printed parses to a text that no longer
/// changes.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/ensure.hpp"
#include "storage/query/parser.hpp"

using namespace canhgac;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto query = storage::parse_query(input);
    if (!query) {
        const auto lines = 1 + std::count(input.begin(), input.end(), '\n');
        common::ensure(query.error().line >= 1 && static_cast<long>(query.error().line) <= lines,
                       "an error is inside the text");
        common::ensure(!storage::describe(query.error()).empty(), "an error has words");
        return 0;
    }
    const std::string printed = storage::print_query(*query);
    const auto again = storage::parse_query(printed);
    if (!again) { // printing adds quotes and escapes: only the limits may then be exceeded
        common::ensure(again.error().code == storage::QueryErrc::too_long ||
                           again.error().code == storage::QueryErrc::too_deep ||
                           again.error().code == storage::QueryErrc::bad_regex,
                       "what is printed parses");
        return 0;
    }
    common::ensure(storage::print_query(*again) == printed, "printing is stable");
    common::ensure(again->last == query->last, "the time span survives");
    return 0;
}
