#include "app/event_files.hpp"

#include <utility>

#include "app/scan_splitter.hpp"
#include "common/clock.hpp"

namespace canhgac::app {

namespace {

collector::DecoderOptions decoder_options() {
    collector::DecoderOptions options;
    options.trust_logsource = true;
    return options;
}

} // namespace

EventFiles::EventFiles(event::FieldTable& fields, std::string format)
    : format_(std::move(format)), peer_(peers_.intern_local("file")),
      decoder_(fields, peers_, nullptr, decoder_options()) {}

bool EventFiles::hand_over(const std::string& name, event::RecordBatch& records, std::uint64_t& first,
                           const Visit& visit) {
    if (records.records.empty()) { return true; }
    records.protocol = event::Protocol::file;
    records.received = common::SystemClock().now();
    batch_.reset();
    keys_.clear();
    decoder_.decode(records, batch_, keys_);
    const bool more = visit(name, first, batch_);
    first += records.records.size();
    records.records.clear();
    records.bytes.clear();
    return more;
}

common::Result<void, std::string> EventFiles::read_stream(const std::string& name, InputStream& stream,
                                                          const Visit& visit) {
    ScanSplitter splitter(format_);
    splitter.start();
    event::RecordBatch records;
    std::uint64_t first = 0;
    bool at_start = true;
    for (;;) {
        auto got = splitter.fill(stream);
        if (!got) { return common::fail(std::move(got.error())); }
        if (std::exchange(at_start, false) && splitter.begins_with("ElfFile")) {
            return common::fail(std::string("is a Windows EVTX file, which is not read yet: export it as JSON first"));
        }
        while (const auto record = splitter.next()) {
            event::Record made;
            made.offset = static_cast<std::uint32_t>(records.bytes.size());
            made.size = static_cast<std::uint32_t>(record->size());
            made.peer = peer_;
            records.bytes += *record;
            records.records.push_back(made);
            if (records.bytes.size() >= event::kBatchBytes && !hand_over(name, records, first, visit)) { return {}; }
        }
        if (*got == 0) { break; }
    }
    static_cast<void>(hand_over(name, records, first, visit));
    return {};
}

bool EventFiles::reads(const std::string& path) {
    return !path.ends_with(".evtx");
}

std::vector<InputError> EventFiles::read(const std::string& path, const Visit& visit) {
    return visit_input(path,
                       [&](const std::string& name, InputStream& stream) { return read_stream(name, stream, visit); });
}

} // namespace canhgac::app
