/// EVTX records: BinXML in, the fields of the same event that `windows_event` makes of evtx_dump's and Winlogbeat's
/// JSON out. Differences to evtx_dump: GUIDs have braces, times have all seven digits, blanks at the end stay, an
/// element that comes twice repeats its name (evtx_dump calls the second `NAME_1`), SizeT is hexadecimal; all five as
/// Windows itself writes them.
/// Hostile input is bounded by the limits below. Source: MS-EVEN6 section 2.2.12; libevtx's format documentation,
/// chapter 4.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "collector/decoders/event_draft.hpp"
#include "collector/decoders/evtx_program.hpp"
#include "collector/decoders/evtx_values.hpp"
#include "common/result.hpp"

namespace canhgac::collector {

/// "value missing" and so on, for people.
[[nodiscard]] std::string_view to_string(EvtxErrc code) noexcept;

/// One a worker; not thread safe; takes nothing from the heap once warm. Templates are kept while the chunk stays.
class EvtxDecoder {
public:
    static constexpr std::size_t kMaxNest = 8;                ///< fragments within values
    static constexpr std::uint32_t kRecordSteps = 16'384;     ///< values and elements of one record
    static constexpr std::uint32_t kChunkSteps = 262'144;     ///< of all records of a chunk; usual are some 10,000
    static constexpr std::size_t kRecordText = 4'194'304;     ///< bytes of values read for one record
    static constexpr std::size_t kChunkText = 16'777'216;     ///< of all records of a chunk
    static constexpr std::uint64_t kTemplateWork = 4'194'304; ///< bytes of templates and names read a chunk
    static constexpr std::size_t kMaxPrograms = 512;          ///< templates of a chunk; it has room for some 100

    /// Forgets the chunk: its bytes, or the arena behind the events, are about to change.
    void start_batch() noexcept;
    /// Reads the record at `offset` of `chunk` into `draft`. Both live as long as the batch. On error the draft may
    /// hold fields; clear it. Sets flag::kRepaired when characters had to be replaced.
    [[nodiscard]] common::Result<void, EvtxError> decode(std::string_view chunk, std::uint32_t offset,
                                                         std::uint32_t size, EventDraft& draft);

private:
    struct Program {
        std::uint32_t offset = 0; ///< of the definition
        NodeId node = 0;
        std::uint32_t first_op = 0;
        std::uint32_t op_count = 0;
        EvtxErrc error = EvtxErrc::none;
    };
    /// The values of one template instance, in values_.
    struct Values {
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };

    void start_chunk(std::string_view chunk, EventDraft& draft) noexcept;
    [[nodiscard]] EvtxErrc run_fragment(EvtxCursor& in, EvtxPlace place);
    [[nodiscard]] EvtxErrc run_instance(EvtxCursor& in, EvtxPlace place);
    [[nodiscard]] EvtxErrc run_element(EvtxCursor& in, EvtxPlace place);
    [[nodiscard]] EvtxErrc read_values(EvtxCursor& in, Values& values);
    /// Compiles it at first sight.
    [[nodiscard]] common::Result<Program, EvtxErrc> find_program(std::uint32_t offset, std::uint32_t id,
                                                                 EvtxPlace place);
    [[nodiscard]] Program compile_program(EvtxCursor in, EvtxPlace place);
    [[nodiscard]] EvtxErrc run(const EvtxCode& code, const Program& program, Values values, EvtxPlace place);
    [[nodiscard]] EvtxErrc run_text(const EvtxCode& code, const EvtxOp& op, Values values, EvtxPlace place);
    [[nodiscard]] EvtxErrc run_value(const EvtxOp& op, NameEdge& edge, const EvtxValue& value, EvtxPlace place);
    [[nodiscard]] EvtxErrc join_pieces(const EvtxCode& code, const EvtxOp& op, Values values, NameEdge& edge);
    void run_empty(const EvtxCode& code, const EvtxOp& op, Values values, NameEdge& edge);
    [[nodiscard]] NameEdge* edge_of(const EvtxOp& op, Values values, EvtxPlace place);
    [[nodiscard]] EvtxText text_of(const EvtxValue& value);
    [[nodiscard]] bool spend(std::uint32_t steps, std::size_t text) noexcept;

    EventDraft* draft_ = nullptr;
    std::string_view chunk_;
    EvtxCompiler compiler_;
    EvtxCode templates_;
    EvtxCode loose_; ///< elements outside of templates: read, run and forgotten
    std::vector<Program> programs_;
    std::vector<EvtxValue> values_;
    event::Arena names_;
    std::uint64_t budget_ = 0;
    std::uint32_t record_steps_ = 0; ///< left
    std::uint32_t chunk_steps_ = 0;
    std::size_t record_text_ = 0;
    std::size_t chunk_text_ = 0;
    std::size_t last_program_ = 0; ///< found last
    std::size_t stopped_at_ = 0;
    bool repaired_ = false;
};

/// Reads one record of RecordBatch with Protocol::evtx into `draft`, or makes it an unparsed event whose `message` is
/// the readable text inside. `record` lies within `chunk`, else nothing outside of it can be resolved.
void decode_evtx_record(std::string_view chunk, std::string_view record, EvtxDecoder& decoder, EventDraft& draft);

} // namespace canhgac::collector
