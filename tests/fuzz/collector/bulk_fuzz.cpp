// Whatever the body of a _bulk request: no byte of a line that is not blank is lost, every record stays within its
// batch, the answer has one well-formed object per item.
#include <cstdint>
#include <string>
#include <string_view>

#include "collector/protocols/elastic_bulk.hpp"
#include "common/ensure.hpp"
#include "event/schema.hpp"

namespace {

using namespace canhgac;

std::size_t count_of(std::string_view text, std::string_view what) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) {
        ++count;
    }
    return count;
}

/// Lines that are not blank, without their ends.
std::string lines_of(std::string_view body) {
    std::string out;
    while (!body.empty()) {
        std::string_view line = body.substr(0, body.find('\n'));
        body.remove_prefix(std::min(line.size() + 1, body.size()));
        if (!line.empty() && line.back() == '\r') { line.remove_suffix(1); }
        if (line.find_first_not_of(" \t\r") != std::string_view::npos) { out.append(line).push_back('\n'); }
    }
    return out;
}

bool balanced(std::string_view json) {
    int depth = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_text && c == '\\') {
            ++i;
        } else if (c == '"') {
            in_text = !in_text;
        } else if (!in_text) {
            depth += c == '{' || c == '[' ? 1 : (c == '}' || c == ']' ? -1 : 0);
            if (depth < 0) { return false; }
        }
    }
    return depth == 0 && !in_text;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    const std::string body(reinterpret_cast<const char*>(data), size);
    const collector::BulkRequest request = collector::parse_bulk(body, event::PeerId{1}, 1);
    std::string seen;
    std::size_t records = 0;
    for (const auto& batch : request.batches) {
        for (const event::Record& record : batch->records) {
            common::ensure(record.offset + std::size_t{record.size} <= batch->bytes.size(), "text within the batch");
            common::ensure(record.meta_offset + std::size_t{record.meta_size} <= batch->bytes.size(), "meta within");
            const bool same = record.meta_offset == record.offset && record.meta_size == record.size;
            if (record.meta_size != 0 && !same) { seen.append(batch->meta(record)).push_back('\n'); }
            seen.append(batch->text(record)).push_back('\n');
            ++records;
        }
    }
    common::ensure(records == request.records, "records are counted");
    common::ensure(seen == lines_of(body), "every line is kept, once, in order");
    const std::string answer = collector::bulk_answer(request, 1, "i", "p");
    common::ensure(answer.starts_with(R"({"took":1,"errors":false,"items":[)"), "the head clients look for");
    common::ensure(balanced(answer), "the answer is JSON");
    common::ensure(count_of(answer, R"(,"status":20)") >= request.items.size(), "one status an item");
    return 0;
}
