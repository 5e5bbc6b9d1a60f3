/// Recorded events for rule authors' commands: files as `scan` reads them (plain, .gz, .zip members, standard input;
/// JSON values, lines or Windows event logs), decoded as the server decodes them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/input_files.hpp"
#include "collector/peer_table.hpp"
#include "collector/record_decoder.hpp"
#include "event/batch.hpp"
#include "event/field_table.hpp"
#include "event/record.hpp"

namespace canhgac::app {

/// Not thread safe. Memory: one batch of event::kBatchBytes of records (the last record or chunk may reach beyond).
class EventFiles {
public:
    /// Events of one batch; `first` is the index of its first event within the file. Views die with the call. Returns
    /// false to end the reading of this file.
    using Visit = std::function<bool(const std::string& file, std::uint64_t first, const event::EventBatch& batch)>;

    /// `format`: "auto", "json", "lines" or "evtx", as of `scan`. The table must outlive it.
    explicit EventFiles(event::FieldTable& fields, std::string format = "auto");
    /// What cannot be opened or read, and what is damaged, is in the list returned; the rest is still visited.
    [[nodiscard]] std::vector<InputError> read(const std::string& path, const Visit& visit);

private:
    std::string format_;
    collector::PeerTable peers_;
    event::PeerId peer_;
    collector::RecordDecoder decoder_;
    event::EventBatch batch_;
    std::vector<std::uint64_t> keys_;
};

} // namespace canhgac::app
