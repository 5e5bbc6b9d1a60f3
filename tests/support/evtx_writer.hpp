// Writes small EVTX files for tests: chunks, records, names and templates as Windows lays them out, from BinXML tokens
// given one by one. Whatever may be wrong in a file can be written too.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace canhgac::support {

/// "é" -> E9 00.
[[nodiscard]] std::string utf16(std::string_view utf8);

template <typename T>
[[nodiscard]] std::string little_endian(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

/// A value of a template instance; `type` as in EvtxType.
struct EvtxInput {
    std::uint8_t type = 0;
    std::string bytes;
    /// A BinXML value is written once its place is known; then `bytes` is not used.
    std::function<std::string(std::size_t offset)> nested;
};

class EvtxWriter;

/// BinXML that will lie at `offset` of the writer's current chunk.
class EvtxXml {
public:
    EvtxXml(EvtxWriter& writer, std::size_t offset) : writer_(&writer), offset_(offset) {}

    EvtxXml& fragment() { return raw("\x0F\x01\x01\x00", 4); }
    /// `dependency` false: as elements written directly into a value are.
    EvtxXml& open(std::string_view name, bool attributes = false, bool dependency = true);
    /// Its value follows. `last`: no other attribute.
    EvtxXml& attribute(std::string_view name, bool last = true);
    EvtxXml& close_start();
    EvtxXml& close_empty();
    EvtxXml& end();
    EvtxXml& text(std::string_view utf8);
    EvtxXml& value(std::uint16_t index, std::uint8_t type, bool optional = false);
    EvtxXml& entity(std::string_view name);
    EvtxXml& raw(const char* bytes, std::size_t size);
    EvtxXml& raw(std::string_view bytes) { return raw(bytes.data(), bytes.size()); }
    EvtxXml& end_of_fragment() { return raw("\0", 1); }
    /// A template instance; `define` writes the element, at the first use of `key` in the chunk.
    EvtxXml& instance(const std::string& key, const std::function<void(EvtxXml&)>& define,
                      const std::vector<EvtxInput>& values);

    [[nodiscard]] std::size_t here() const { return offset_ + bytes_.size(); }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

private:
    void name(std::string_view name);
    void close_attributes();
    void put_size(std::size_t at);

    EvtxWriter* writer_;
    std::size_t offset_;
    std::string bytes_;
    std::vector<std::size_t> open_; ///< where the sizes of open elements stand
    std::size_t attributes_at_ = 0; ///< where the size of the attribute list stands; 0 = none open
};

/// An event as Windows writes most of them.
struct EvtxEvent {
    std::string provider = "Microsoft-Windows-Sysmon";
    std::uint16_t event_id = 1;
    std::string channel = "Microsoft-Windows-Sysmon/Operational";
    std::string computer = "host.example";
    std::uint64_t number = 1;
    std::uint64_t file_time = 134'400'000'000'000'000; ///< 2026-11-24T13:20:00Z
    std::vector<std::pair<std::string, EvtxInput>> data;
};

class EvtxWriter {
public:
    static constexpr std::size_t kChunkBytes = 65'536;

    EvtxWriter() { start_chunk(); }
    /// One record whose BinXML is `body(offset)`; called again when it does not fit into the chunk.
    void add(std::uint64_t number, std::uint64_t file_time, const std::function<std::string(std::size_t)>& body);
    /// System and EventData, each from a template.
    void add(const EvtxEvent& event);
    /// Ends the chunk, so that the next record begins another.
    void finish_chunk();
    /// The whole file. `flags`: 1 dirty, 2 full.
    [[nodiscard]] std::string finish(std::uint32_t flags = 0);

private:
    friend class EvtxXml;
    void start_chunk();

    std::string file_;  ///< finished chunks
    std::string chunk_; ///< of the current one: header and records so far
    std::uint64_t first_number_ = 0;
    std::uint64_t last_number_ = 0;
    std::uint64_t next_number_ = 1;
    std::size_t last_record_ = 0;
    std::map<std::string, std::size_t, std::less<>> names_;     ///< where they lie in the chunk
    std::map<std::string, std::size_t, std::less<>> templates_; ///< by key
};

/// Sets the checksums of a chunk right again after its bytes were changed.
void fix_evtx_checksums(std::string& file, std::size_t chunk_at);

} // namespace canhgac::support
