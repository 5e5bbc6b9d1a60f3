#include "tests/support/evtx_writer.hpp"

#include <algorithm>
#include <functional>
#include <zlib.h>

namespace canhgac::support {

namespace {

constexpr std::size_t kFileHeaderBytes = 4'096;
constexpr std::size_t kChunkHeaderBytes = 512;

std::uint32_t checksum(std::string_view bytes, std::uint32_t start = 0) {
    return static_cast<std::uint32_t>(
        ::crc32(start, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

template <typename T>
void put(std::string& bytes, std::size_t at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

/// The same key gives the same identifier.
std::string guid_of(const std::string& key) {
    const std::uint64_t hash = std::hash<std::string>()(key) | 1U;
    return little_endian(hash) + little_endian(~hash);
}

std::string join(const std::vector<std::pair<std::string, EvtxInput>>& data) {
    std::string key;
    for (const auto& [name, input] : data) {
        key += name;
        key += static_cast<char>(input.type);
    }
    return key;
}

} // namespace

std::string utf16(std::string_view utf8) {
    std::string out;
    const auto unit = [&out](std::uint32_t code) { out += little_endian(static_cast<std::uint16_t>(code)); };
    for (std::size_t i = 0; i < utf8.size();) {
        const auto lead = static_cast<unsigned char>(utf8[i]);
        const std::size_t more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        std::uint32_t code = more == 0 ? lead : lead & (0x3FU >> more);
        for (std::size_t j = 1; j <= more && i + j < utf8.size(); ++j) {
            code = code << 6U | (static_cast<unsigned char>(utf8[i + j]) & 0x3FU);
        }
        i += more + 1;
        if (code >= 0x1'0000) {
            unit(0xD800 + ((code - 0x1'0000) >> 10U));
            unit(0xDC00 + ((code - 0x1'0000) & 0x3FFU));
        } else {
            unit(code);
        }
    }
    return out;
}

EvtxXml& EvtxXml::raw(const char* bytes, std::size_t size) {
    bytes_.append(bytes, size);
    return *this;
}

void EvtxXml::name(std::string_view name) {
    const auto known = writer_->names_.find(name);
    if (known != writer_->names_.end()) {
        raw(little_endian(static_cast<std::uint32_t>(known->second)));
        return;
    }
    const std::size_t at = here() + 4;
    writer_->names_.emplace(name, at);
    const std::string units = utf16(name);
    std::uint32_t hash = 0;
    for (std::size_t i = 0; i < units.size(); i += 2) {
        hash = hash * 65'599 + static_cast<unsigned char>(units[i]);
    }
    raw(little_endian(static_cast<std::uint32_t>(at)) + std::string(4, '\0'));
    raw(little_endian(static_cast<std::uint16_t>(hash)) + little_endian(static_cast<std::uint16_t>(units.size() / 2)));
    raw(units + std::string(2, '\0'));
}

EvtxXml& EvtxXml::open(std::string_view element, bool attributes, bool dependency) {
    raw(attributes ? "\x41" : "\x01", 1);
    if (dependency) { raw("\xFF\xFF", 2); }
    open_.push_back(bytes_.size());
    raw(std::string(4, '\0'));
    name(element);
    if (attributes) {
        attributes_at_ = bytes_.size();
        raw(std::string(4, '\0'));
    }
    return *this;
}

EvtxXml& EvtxXml::attribute(std::string_view attribute_name, bool last) {
    raw(last ? "\x06" : "\x46", 1);
    name(attribute_name);
    return *this;
}

void EvtxXml::put_size(std::size_t at) {
    put(bytes_, at, static_cast<std::uint32_t>(bytes_.size() - at - 4));
}

void EvtxXml::close_attributes() {
    if (attributes_at_ != 0) { put_size(attributes_at_); }
    attributes_at_ = 0;
}

EvtxXml& EvtxXml::close_start() {
    close_attributes();
    return raw("\x02", 1);
}

EvtxXml& EvtxXml::close_empty() {
    close_attributes();
    raw("\x03", 1);
    put_size(open_.back());
    open_.pop_back();
    return *this;
}

EvtxXml& EvtxXml::end() {
    raw("\x04", 1);
    put_size(open_.back());
    open_.pop_back();
    return *this;
}

EvtxXml& EvtxXml::text(std::string_view utf8) {
    const std::string units = utf16(utf8);
    return raw("\x05\x01", 2).raw(little_endian(static_cast<std::uint16_t>(units.size() / 2)) + units);
}

EvtxXml& EvtxXml::value(std::uint16_t index, std::uint8_t type, bool optional) {
    return raw(optional ? "\x0E" : "\x0D", 1).raw(little_endian(index) + static_cast<char>(type));
}

EvtxXml& EvtxXml::entity(std::string_view entity_name) {
    raw("\x09", 1);
    name(entity_name);
    return *this;
}

EvtxXml& EvtxXml::instance(const std::string& key, const std::function<void(EvtxXml&)>& define,
                           const std::vector<EvtxInput>& values) {
    const std::string guid = guid_of(key);
    raw("\x0C\x01", 2).raw(guid.substr(0, 4));
    const auto known = writer_->templates_.find(key);
    if (known != writer_->templates_.end()) {
        raw(little_endian(static_cast<std::uint32_t>(known->second)));
    } else {
        const std::size_t at = here() + 4;
        writer_->templates_.emplace(key, at);
        raw(little_endian(static_cast<std::uint32_t>(at)) + std::string(4, '\0') + guid);
        EvtxXml definition(*writer_, here() + 4);
        definition.fragment();
        define(definition);
        definition.end_of_fragment();
        raw(little_endian(static_cast<std::uint32_t>(definition.bytes().size())) + definition.bytes());
    }
    std::string descriptors = little_endian(static_cast<std::uint32_t>(values.size()));
    std::string data;
    const std::size_t start = here() + 4 + 4 * values.size();
    for (const EvtxInput& value : values) {
        const std::string bytes = value.nested ? value.nested(start + data.size()) : value.bytes;
        descriptors += little_endian(static_cast<std::uint16_t>(bytes.size()));
        descriptors += static_cast<char>(value.type);
        descriptors += '\0';
        data += bytes;
    }
    return raw(descriptors + data);
}

void EvtxWriter::start_chunk() {
    chunk_.assign(kChunkHeaderBytes, '\0');
    names_.clear();
    templates_.clear();
    first_number_ = next_number_;
}

void EvtxWriter::add(std::uint64_t number, std::uint64_t file_time,
                     const std::function<std::string(std::size_t)>& body) {
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto names = names_;
        const auto templates = templates_;
        std::string xml = body(chunk_.size() + 24);
        xml.resize((xml.size() + 28 + 7) / 8 * 8 - 28, '\0');
        const auto size = static_cast<std::uint32_t>(xml.size() + 28);
        if (chunk_.size() + size > kChunkBytes && chunk_.size() > kChunkHeaderBytes) {
            names_ = names;
            templates_ = templates;
            finish_chunk();
            continue;
        }
        last_record_ = chunk_.size();
        last_number_ = number;
        next_number_ = number + 1;
        if (chunk_.size() == kChunkHeaderBytes) { first_number_ = number; }
        chunk_ += std::string("**\0\0", 4) + little_endian(size) + little_endian(number) + little_endian(file_time);
        chunk_ += xml + little_endian(size);
        return;
    }
}

void EvtxWriter::finish_chunk() {
    const std::size_t end = chunk_.size();
    chunk_.resize(kChunkBytes, '\0');
    std::memcpy(chunk_.data(), "ElfChnk", 8);
    for (const std::size_t at : {8, 24}) {
        put(chunk_, at, first_number_);
        put(chunk_, at + 8, last_number_);
    }
    put(chunk_, 40, std::uint32_t{128});
    put(chunk_, 44, static_cast<std::uint32_t>(last_record_));
    put(chunk_, 48, static_cast<std::uint32_t>(end));
    file_ += chunk_;
    start_chunk();
}

std::string EvtxWriter::finish(std::uint32_t flags) {
    if (chunk_.size() > kChunkHeaderBytes) { finish_chunk(); }
    std::string whole(kFileHeaderBytes, '\0');
    std::memcpy(whole.data(), "ElfFile", 8);
    const std::size_t chunks = file_.size() / kChunkBytes;
    put(whole, 16, static_cast<std::uint64_t>(chunks == 0 ? 0 : chunks - 1));
    put(whole, 24, next_number_);
    put(whole, 32, std::uint32_t{128});
    put(whole, 36, std::uint16_t{1});
    put(whole, 38, std::uint16_t{3});
    put(whole, 40, static_cast<std::uint16_t>(kFileHeaderBytes));
    put(whole, 42, static_cast<std::uint16_t>(chunks));
    put(whole, 120, flags);
    put(whole, 124, checksum(std::string_view(whole).substr(0, 120)));
    whole += file_;
    for (std::size_t at = kFileHeaderBytes; at < whole.size(); at += kChunkBytes) {
        fix_evtx_checksums(whole, at);
    }
    return whole;
}

void fix_evtx_checksums(std::string& file, std::size_t chunk_at) {
    const std::string_view chunk = std::string_view(file).substr(chunk_at, EvtxWriter::kChunkBytes);
    std::uint32_t end = 0;
    std::memcpy(&end, chunk.data() + 48, sizeof end);
    if (end < kChunkHeaderBytes || end > chunk.size()) { return; }
    put(file, chunk_at + 52, checksum(chunk.substr(kChunkHeaderBytes, end - kChunkHeaderBytes)));
    put(file, chunk_at + 124, checksum(chunk.substr(128, 384), checksum(chunk.substr(0, 120))));
}

void EvtxWriter::add(const EvtxEvent& event) {
    const auto event_data = [&](std::size_t offset) {
        std::vector<EvtxInput> values;
        for (const auto& [name, input] : event.data) {
            values.push_back(input);
        }
        EvtxXml xml(*this, offset);
        xml.fragment().instance(
            "data " + join(event.data),
            [&event](EvtxXml& body) {
                body.open("EventData").close_start();
                std::uint16_t index = 0;
                for (const auto& [name, input] : event.data) {
                    body.open("Data", !name.empty());
                    if (!name.empty()) { body.attribute("Name").text(name); }
                    body.close_start().value(index++, input.type).end();
                }
                body.end();
            },
            values);
        return xml.bytes();
    };
    const auto define = [&event](EvtxXml& body) {
        body.open("Event", true).attribute("xmlns").text("http://schemas.microsoft.com/win/2004/08/events/event");
        body.close_start().open("System").close_start();
        body.open("Provider", true).attribute("Name").text(event.provider).close_empty();
        body.open("EventID", true).attribute("Qualifiers").value(1, 6, true).close_start().value(0, 6, true).end();
        body.open("Level").close_start().value(2, 4, true).end();
        body.open("Keywords").close_start().value(3, 21, true).end();
        body.open("TimeCreated", true).attribute("SystemTime").value(4, 17, true).close_empty();
        body.open("EventRecordID").close_start().value(5, 10, true).end();
        body.open("Correlation", true).attribute("ActivityID").value(6, 15, true).close_empty();
        body.open("Execution", true).attribute("ProcessID", false).value(7, 8, true);
        body.attribute("ThreadID").value(8, 8, true).close_empty();
        body.open("Channel").close_start().text(event.channel).end();
        body.open("Computer").close_start().text(event.computer).end();
        body.open("Security", true).attribute("UserID").value(9, 19, true).close_empty();
        body.end().value(10, 33, true).end();
    };
    const std::vector<EvtxInput> values = {
        {6, little_endian(event.event_id), {}},
        {0, {}, {}},
        {4, little_endian(std::uint8_t{4}), {}},
        {21, little_endian(std::uint64_t{0x8000'0000'0000'0000}), {}},
        {17, little_endian(event.file_time), {}},
        {10, little_endian(event.number), {}},
        {0, {}, {}},
        {8, little_endian(std::uint32_t{2'948}), {}},
        {8, little_endian(std::uint32_t{3'104}), {}},
        {19, std::string("\x01\x01\0\0\0\0\0\x05\x12\0\0\0", 12), {}},
        {33, {}, event_data},
    };
    const std::string key = "event " + event.provider + event.channel + event.computer;
    add(event.number, event.file_time, [&](std::size_t offset) {
        EvtxXml xml(*this, offset);
        xml.fragment().instance(key, define, values).end_of_fragment();
        return xml.bytes();
    });
}

} // namespace canhgac::support
