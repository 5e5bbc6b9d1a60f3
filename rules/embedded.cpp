#include "rules/embedded.hpp"

#include <iterator>
#include <string>
#include <utility>

#include "common/ensure.hpp"

namespace canhgac::rules {

LogSourceTable load_embedded_logsources() {
    LogSourceTable table;
    for (const auto& file : embedded_files()) {
        if (!file.path.starts_with("rules/logsources/")) { continue; }
        auto part = parse_logsource_table(file.path, file.text);
        common::ensure(part.has_value(), "a log source table built into the program does not parse");
        table.insert(table.end(), std::make_move_iterator(part->begin()), std::make_move_iterator(part->end()));
    }
    return table;
}

ReadResult read_embedded_pack(ReadOptions options) {
    Reader reader(std::move(options));
    for (const auto& file : embedded_files()) {
        const bool is_rule = file.path.starts_with("rules/pack/") && !file.path.ends_with(".test.yaml");
        if (is_rule) { reader.add_text(file.path, file.text); }
    }
    return reader.finish();
}

} // namespace canhgac::rules
