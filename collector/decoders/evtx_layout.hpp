/// The numbers of the Windows XML event log format, and a bounded reader of its bytes. All integers are little endian.
/// Source: MS-EVEN6 section 2.2.12 and 3.1.4.7 (BinXML tokens and value types); file, chunk and record headers, names
/// and template definitions as published in the format documentation of libevtx (chapters 2 to 4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace canhgac::collector {

inline constexpr std::size_t kEvtxFileHeaderBytes = 4'096;
inline constexpr std::size_t kEvtxChunkBytes = 65'536;
inline constexpr std::size_t kEvtxChunkHeaderBytes = 512;
inline constexpr std::size_t kEvtxRecordHeaderBytes = 24;
inline constexpr std::size_t kEvtxRecordFrameBytes = kEvtxRecordHeaderBytes + 4; ///< with the copy of the size behind
inline constexpr std::size_t kEvtxTemplateHeaderBytes = 24; ///< next definition, GUID, size of the definition
inline constexpr std::string_view kEvtxFileSignature{"ElfFile\0", 8};
inline constexpr std::string_view kEvtxChunkSignature{"ElfChnk\0", 8};
inline constexpr std::uint32_t kEvtxRecordSignature = 0x0000'2A2A;

/// BinXML tokens; most may carry kMore.
enum class EvtxToken : std::uint8_t {
    end_of_fragment = 0x00,
    open_element = 0x01,
    close_start = 0x02,
    close_empty = 0x03,
    end_element = 0x04,
    value = 0x05,
    attribute = 0x06,
    cdata = 0x07,
    character = 0x08,
    entity = 0x09,
    pi_target = 0x0A,
    pi_data = 0x0B,
    template_instance = 0x0C,
    normal_substitution = 0x0D,
    optional_substitution = 0x0E,
    fragment_header = 0x0F,
};
inline constexpr std::uint8_t kEvtxTokenMore = 0x40; ///< attributes follow, or more of the same content
[[nodiscard]] constexpr EvtxToken token_of(std::uint8_t byte) noexcept {
    return static_cast<EvtxToken>(byte & ~kEvtxTokenMore);
}

enum class EvtxType : std::uint8_t {
    null = 0x00,
    utf16 = 0x01,
    ansi = 0x02,
    int8 = 0x03,
    uint8 = 0x04,
    int16 = 0x05,
    uint16 = 0x06,
    int32 = 0x07,
    uint32 = 0x08,
    int64 = 0x09,
    uint64 = 0x0A,
    real32 = 0x0B,
    real64 = 0x0C,
    boolean = 0x0D,
    binary = 0x0E,
    guid = 0x0F,
    size = 0x10,
    file_time = 0x11,
    system_time = 0x12,
    sid = 0x13,
    hex32 = 0x14,
    hex64 = 0x15,
    handle = 0x20,
    binxml = 0x21,
    xml = 0x23,
};
inline constexpr std::uint8_t kEvtxTypeArray = 0x80;

enum class EvtxErrc : std::uint8_t {
    none,
    no_record,        ///< signature or sizes of the record are not those of a record
    truncated,        ///< the fragment ends inside a token
    bad_token,        ///< a byte that is no token, or not one that may stand there
    bad_name,         ///< a name lies outside the chunk
    bad_template,     ///< a template definition lies outside the chunk or is another one than the record says
    bad_substitution, ///< the template asks for a value the record does not have
    too_deep,         ///< nested beyond the limits
    too_large,        ///< expands beyond the limits
};
struct EvtxError {
    EvtxErrc code = EvtxErrc::none;
    std::uint32_t offset = 0; ///< bytes from the start of the chunk
};

template <typename T>
[[nodiscard]] inline T load_evtx(const char* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof value); // the machines we run on are little endian too
    return value;
}
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "integers of EVTX are read as they lie");

/// Reads forward within [at, end) of a chunk. Reading past the end gives zeros and sets `failed`. A plain value.
struct EvtxCursor {
    std::string_view chunk;
    std::size_t at = 0;
    std::size_t end = 0; ///< at most chunk.size()
    bool failed = false;

    [[nodiscard]] std::size_t left() const noexcept { return end - at; }
    template <typename T>
    [[nodiscard]] T take() noexcept {
        if (left() < sizeof(T)) {
            failed = true;
            at = end;
            return T{};
        }
        const T value = load_evtx<T>(chunk.data() + at);
        at += sizeof(T);
        return value;
    }
    [[nodiscard]] std::string_view take_bytes(std::size_t size) noexcept {
        if (left() < size) {
            failed = true;
            at = end;
            return {};
        }
        const std::string_view bytes = chunk.substr(at, size);
        at += size;
        return bytes;
    }
    void skip(std::size_t size) noexcept {
        failed = failed || left() < size;
        at += size < left() ? size : left();
    }
    [[nodiscard]] std::uint8_t peek() const noexcept {
        return at < end ? static_cast<std::uint8_t>(chunk[at]) : std::uint8_t{0};
    }
};

} // namespace canhgac::collector
