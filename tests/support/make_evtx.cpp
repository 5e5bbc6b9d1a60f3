// Makes EVTX files for measuring and fuzzing, out of nothing or of events in JSON.
//   make_evtx events < EVENTS.jsonl > OUT.evtx   one record a line, typed as Windows would: integers, GUIDs, hex
//   numbers make_evtx seeds DIR                          seeds for fuzz_evtx
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include "collector/record_decoder.hpp"
#include "tests/support/evtx_writer.hpp"

namespace canhgac::support {
namespace {

std::optional<std::string> guid_bytes(std::string_view text) {
    if (text.size() != 38 || text.front() != '{' || text.back() != '}') { return std::nullopt; }
    std::string digits;
    for (const char c : text.substr(1, 36)) {
        if (c != '-') { digits += c; }
    }
    if (digits.size() != 32 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
        return std::nullopt;
    }
    std::string bytes;
    for (const int at : {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}) {
        unsigned value = 0;
        std::from_chars(digits.data() + 2 * at, digits.data() + 2 * at + 2, value, 16);
        bytes += static_cast<char>(value);
    }
    return bytes;
}

EvtxInput input_of(const event::Field& field) {
    const std::string_view text = field.text();
    if (auto guid = guid_bytes(text)) { return {15, *guid, {}}; }
    const bool hex = text.starts_with("0x");
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + (hex ? 2 : 0), end, number, hex ? 16 : 10);
    const bool is_number = !text.empty() && read.ec == std::errc() && read.ptr == end;
    if (is_number && hex) { return {21, little_endian(number), {}}; }
    if (is_number && field.type() == event::ValueType::integer && number <= UINT32_MAX) {
        return {8, little_endian(static_cast<std::uint32_t>(number)), {}};
    }
    return {1, utf16(text), {}};
}

/// System goes into the System element, the rest into EventData.
EvtxEvent event_of(const event::EventBatch& batch, const event::Event& event, const event::FieldTable& table) {
    EvtxEvent out;
    out.file_time = static_cast<std::uint64_t>(event.time / 100 + 116'444'736'000'000'000);
    for (const event::Field& field : batch.fields(event)) {
        const std::string name(table.name(field.name()));
        const std::string text(field.text());
        if (name == "Provider_Name") {
            out.provider = text;
        } else if (name == "EventID") {
            out.event_id = static_cast<std::uint16_t>(std::strtoul(text.c_str(), nullptr, 10));
        } else if (name == "Channel") {
            out.channel = text;
        } else if (name == "Computer") {
            out.computer = text;
        } else if (!event::is_envelope(field.name()) && text.size() < 30'000) {
            out.data.emplace_back(name, input_of(field));
        }
    }
    return out;
}

int make_events() {
    event::FieldTable table;
    collector::PeerTable peers;
    const event::PeerId peer = peers.intern_local("make");
    collector::RecordDecoder decoder(table, peers, nullptr);
    EvtxWriter writer;
    std::uint64_t number = 0;
    for (std::string line; std::getline(std::cin, line);) {
        event::RecordBatch records;
        records.bytes = line;
        event::Record record;
        record.size = static_cast<std::uint32_t>(line.size());
        record.peer = peer;
        records.records.push_back(record);
        event::EventBatch batch;
        std::vector<std::uint64_t> keys;
        decoder.decode(records, batch, keys);
        EvtxEvent event = event_of(batch, batch.events().front(), table);
        event.number = ++number;
        writer.add(event);
    }
    const std::string file = writer.finish();
    return std::fwrite(file.data(), 1, file.size(), stdout) == file.size() ? 0 : 1;
}

void write(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

/// BinXML as it lies in the first record of a chunk.
std::string binxml(const std::function<void(EvtxXml&)>& body) {
    EvtxWriter writer;
    std::string bytes;
    writer.add(1, 0, [&](std::size_t offset) {
        EvtxXml xml(writer, offset);
        xml.fragment();
        body(xml);
        bytes = xml.end_of_fragment().bytes();
        return bytes;
    });
    return "\x01" + bytes;
}

int make_seeds(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    EvtxWriter writer;
    EvtxEvent event;
    event.data = {{"Image", {1, utf16("a.exe"), {}}}, {"", {0x81, utf16("b"), {}}}};
    writer.add(event);
    event.number = 2;
    writer.add(event);
    const std::string file = writer.finish();
    write(folder / "01-chunk", std::string(1, '\0') + file.substr(4'096, file.find_last_not_of('\0') - 4'096 + 4));
    write(folder / "02-loose-element", binxml([](EvtxXml& xml) {
              xml.open("Event").close_start().open("System").close_start();
              xml.open("EventID", true).attribute("Qualifiers").text("0").close_start().text("1").end().end();
              xml.open("UserData").close_start().open("X").close_empty().end().end();
          }));
    const auto template_of = [](std::uint8_t type) {
        return [type](EvtxXml& body) {
            body.open("Event").close_start().open("EventData").close_start();
            body.open("Data", true).attribute("Name").text("V").close_start().value(0, type, true).end().end().end();
        };
    };
    for (const int type : {1, 2, 3, 6, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 33, 35, 0x81, 0x88, 0x93}) {
        const std::string sid("\x01\x01\0\0\0\0\0\x05\x12\0\0\0\0\0\0\0", 16);
        char name[32];
        std::snprintf(name, sizeof name, "1-type-%02x", static_cast<unsigned>(type));
        write(folder / name, binxml([&](EvtxXml& xml) {
                  xml.instance("t", template_of(static_cast<std::uint8_t>(type)),
                               {{static_cast<std::uint8_t>(type), sid, {}}});
              }));
    }
    write(folder / "03-joined", binxml([](EvtxXml& xml) {
              xml.open("Event").close_start().text("a").entity("amp").raw("\x08\x42\x00", 3);
              xml.raw("\x07\x01\x00\x43\x00", 5).end();
          }));
    return 0;
}

} // namespace
} // namespace canhgac::support

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "events") { return canhgac::support::make_events(); }
    if (mode == "seeds" && argc == 3) { return canhgac::support::make_seeds(argv[2]); }
    std::fputs("usage: make_evtx events < EVENTS.jsonl > OUT.evtx | make_evtx seeds DIR\n", stderr);
    return 2;
}
