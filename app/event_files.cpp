#include "app/event_files.hpp"

#include <iterator>
#include <utility>

#include "app/scan_feed.hpp"

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

std::vector<InputError> EventFiles::read(const std::string& path, const Visit& visit) {
    std::vector<InputError> damage;
    ScanFeed feed(
        format_, peer_,
        [&](ScanJob&& job) {
            batch_.reset();
            keys_.clear();
            decoder_.decode(job.records, batch_, keys_);
            return visit(job.file, job.first_event, batch_);
        },
        [&damage](const std::string& file, const std::string& message) {
            damage.push_back({file, message});
        });
    auto errors =
        visit_input(path, [&feed](const std::string& name, InputStream& stream) { return feed.feed(name, stream); });
    errors.insert(errors.end(), std::make_move_iterator(damage.begin()), std::make_move_iterator(damage.end()));
    return errors;
}

} // namespace canhgac::app
