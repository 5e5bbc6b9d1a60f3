/// Makes test load out of recorded events: each generated line is a recorded JSON line in which hosts, users, GUIDs,
/// addresses, process ids and times are remapped and values re-drawn, so that nothing is looped unmutated.
///
/// Repeats: of the (field, value) pairs that rules look at, at most 96 % have been generated before; with `unique`,
/// none but those that say what kind of event it is (Channel, EventID, provider and the like). Deterministic by seed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace canhgac::app {

struct GeneratorOptions {
    std::uint64_t seed = 1;
    bool unique = false;
    unsigned hosts = 1'000;
    unsigned users = 2'000;
    unsigned streams = 64; ///< interleaved runs of the recording, each with its own remapping
};

/// Not thread safe.
class EventGenerator {
public:
    explicit EventGenerator(const GeneratorOptions& options);
    /// Adds the JSON lines of a recording as templates; returns how many were taken (others are no JSON objects).
    std::size_t add_recording(std::string_view text);
    [[nodiscard]] std::size_t templates() const noexcept { return templates_.size(); }
    /// Appends one event and a line feed. Needs at least one template.
    void append(std::string& out);

private:
    enum class Slot : std::uint8_t { literal, time, guid, address, host, user, process, logon, text };
    struct Piece {
        Slot slot = Slot::literal;
        std::uint32_t offset = 0; ///< into text_
        std::uint32_t size = 0;
    };
    struct Template {
        std::uint32_t first = 0; ///< into pieces_
        std::uint32_t count = 0;
    };
    struct Stream {
        std::uint64_t key = 0;
        std::size_t next = 0; ///< template
        std::uint64_t left = 0;
    };
    class Splitter;

    std::uint64_t draw() noexcept;
    void append_piece(const Piece& piece, const Stream& stream, std::string& out);
    void append_text(std::string_view value, std::string& out);

    GeneratorOptions options_;
    std::uint64_t state_;
    std::uint64_t made_ = 0;
    std::string text_;
    std::vector<Piece> pieces_;
    std::vector<Template> templates_;
    std::vector<Stream> streams_;
};

} // namespace canhgac::app
