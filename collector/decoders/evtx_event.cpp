#include "collector/decoders/evtx_event.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "collector/decoders/windows_event.hpp"

namespace canhgac::collector {

namespace {

constexpr EvtxType item_type(std::uint8_t type) noexcept {
    return static_cast<EvtxType>(type & ~kEvtxTypeArray);
}

bool is_null(const EvtxValue& value) noexcept {
    return value.type == static_cast<std::uint8_t>(EvtxType::null);
}

/// "EVTX: <what> at byte <where> of the chunk" in the arena.
std::string_view describe(const EvtxError& error, event::Arena& arena) {
    std::array<char, 12> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), error.offset);
    const std::array<std::string_view, 5> parts = {
        "EVTX: ", to_string(error.code), " at byte ",
        std::string_view(digits.data(), static_cast<std::size_t>(end.ptr - digits.data())), " of the chunk"};
    std::size_t size = 0;
    for (const std::string_view part : parts) {
        size += part.size();
    }
    char* const text = arena.allocate(size);
    char* out = text;
    for (const std::string_view part : parts) {
        out = std::copy(part.begin(), part.end(), out);
    }
    return {text, size};
}

} // namespace

std::string_view to_string(EvtxErrc code) noexcept {
    switch (code) {
    case EvtxErrc::none:
        return "no error";
    case EvtxErrc::no_record:
        return "frame of the record broken";
    case EvtxErrc::truncated:
        return "text ends inside an element";
    case EvtxErrc::bad_token:
        return "token that may not stand there";
    case EvtxErrc::bad_name:
        return "name outside the chunk";
    case EvtxErrc::bad_template:
        return "template missing or another one than named";
    case EvtxErrc::bad_substitution:
        return "value missing that the template asks for";
    case EvtxErrc::too_deep:
        return "nested too deep";
    case EvtxErrc::too_large:
        return "expands beyond the limits";
    }
    return "unknown error";
}

void EvtxDecoder::start_batch() noexcept {
    chunk_ = {};
}

void EvtxDecoder::start_chunk(std::string_view chunk, EventDraft& draft) noexcept {
    chunk_ = chunk;
    programs_.clear();
    templates_.clear();
    loose_.clear();
    names_.reset();
    last_program_ = 0;
    budget_ = kTemplateWork;
    chunk_steps_ = kChunkSteps;
    chunk_text_ = kChunkText;
    compiler_.start(draft.tree(), draft.arena(), names_, budget_);
}

common::Result<void, EvtxError> EvtxDecoder::decode(std::string_view chunk, std::uint32_t offset, std::uint32_t size,
                                                    EventDraft& draft) {
    draft_ = &draft;
    if (chunk.data() != chunk_.data() || chunk.size() != chunk_.size()) { start_chunk(chunk, draft); }
    const auto failed = [offset](EvtxErrc code, std::size_t at) {
        return common::fail(EvtxError{code, static_cast<std::uint32_t>(at == 0 ? offset : at)});
    };
    if (chunk.size() < offset || chunk.size() - offset < size || size < kEvtxRecordFrameBytes ||
        load_evtx<std::uint32_t>(chunk.data() + offset) != kEvtxRecordSignature ||
        load_evtx<std::uint32_t>(chunk.data() + offset + 4) != size) {
        return failed(EvtxErrc::no_record, 0);
    }
    record_steps_ = kRecordSteps;
    record_text_ = kRecordText;
    stopped_at_ = 0;
    repaired_ = false;
    values_.clear();
    EvtxCursor in{chunk, offset + kEvtxRecordHeaderBytes, offset + size - 4, false};
    if (const EvtxErrc error = run_fragment(in, {}); error != EvtxErrc::none) { return failed(error, stopped_at_); }
    if (repaired_) { draft.set_flag(event::flag::kRepaired); }
    if (const auto written = evtx_time(load_evtx<std::uint64_t>(chunk.data() + offset + 16))) {
        draft.set_time(*written, TimeRank::header);
    }
    return {};
}

/// Elements and template instances up to the end; what follows them and is none of these is padding.
EvtxErrc EvtxDecoder::run_fragment(EvtxCursor& in, EvtxPlace place) {
    if (place.nest > kMaxNest) { return EvtxErrc::too_deep; }
    bool empty = true;
    while (in.left() != 0) {
        EvtxErrc error = EvtxErrc::none;
        const std::size_t before = in.at;
        switch (token_of(in.peek())) {
        case EvtxToken::end_of_fragment:
            return EvtxErrc::none;
        case EvtxToken::fragment_header:
            in.skip(4);
            continue;
        case EvtxToken::template_instance:
            error = run_instance(in, place);
            break;
        case EvtxToken::open_element:
            error = run_element(in, place);
            break;
        default:
            error = empty ? EvtxErrc::bad_token : EvtxErrc::none;
            in.at = in.end;
            break;
        }
        if (error != EvtxErrc::none) {
            if (stopped_at_ == 0) { stopped_at_ = error == EvtxErrc::bad_token && empty ? before : in.at; }
            return error;
        }
        empty = false;
    }
    return EvtxErrc::none;
}

/// An element that is not in a template. Inside a value it has no dependency identifier.
EvtxErrc EvtxDecoder::run_element(EvtxCursor& in, EvtxPlace place) {
    const std::size_t first_op = loose_.ops.size();
    const std::size_t first_piece = loose_.pieces.size();
    const EvtxErrc error = compiler_.compile(in, place, place.nest == 0, loose_);
    if (error != EvtxErrc::none) { return error; }
    Program program;
    program.first_op = static_cast<std::uint32_t>(first_op);
    program.op_count = static_cast<std::uint32_t>(loose_.ops.size() - first_op);
    const EvtxErrc done = run(loose_, program, {}, place);
    loose_.ops.resize(first_op);
    loose_.pieces.resize(first_piece);
    return done;
}

EvtxErrc EvtxDecoder::run_instance(EvtxCursor& in, EvtxPlace place) {
    in.skip(2); // the token, and a byte that is always 1
    const auto id = in.take<std::uint32_t>();
    const auto offset = in.take<std::uint32_t>();
    if (in.failed) { return EvtxErrc::truncated; }
    if (offset == in.at) { // defined here, at its first use
        const std::string_view header = in.take_bytes(kEvtxTemplateHeaderBytes);
        if (in.failed) { return EvtxErrc::truncated; }
        in.skip(load_evtx<std::uint32_t>(header.data() + 20));
    }
    Values values;
    if (const EvtxErrc error = read_values(in, values); error != EvtxErrc::none) { return error; }
    const auto program = find_program(offset, id, place);
    if (!program) { return program.error(); }
    const EvtxErrc error = run(templates_, *program, values, place);
    values_.resize(values.first);
    return error;
}

EvtxErrc EvtxDecoder::read_values(EvtxCursor& in, Values& values) {
    constexpr std::size_t kDescriptorBytes = 4; // size, type, zero
    values.first = static_cast<std::uint32_t>(values_.size());
    values.count = in.take<std::uint32_t>();
    if (in.failed || in.left() / kDescriptorBytes < values.count) { return EvtxErrc::truncated; }
    constexpr std::uint32_t kValuesPerStep = 8; // reading one costs less than using it
    if (!spend(1 + values.count / kValuesPerStep, 0)) { return EvtxErrc::too_large; }
    std::size_t data = in.at + kDescriptorBytes * values.count;
    for (std::uint32_t i = 0; i < values.count; ++i) {
        EvtxValue value;
        value.size = in.take<std::uint16_t>();
        value.type = in.take<std::uint8_t>();
        in.skip(1);
        value.offset = static_cast<std::uint32_t>(data);
        data += value.size;
        values_.push_back(value);
    }
    if (data > in.end) { return EvtxErrc::truncated; }
    in.at = data;
    return EvtxErrc::none;
}

common::Result<EvtxDecoder::Program, EvtxErrc> EvtxDecoder::find_program(std::uint32_t offset, std::uint32_t id,
                                                                         EvtxPlace place) {
    if (offset >= chunk_.size() || chunk_.size() - offset < kEvtxTemplateHeaderBytes) {
        return common::fail(EvtxErrc::bad_template);
    }
    // The identifier is the first part of the definition's GUID: a stale pointer does not pass for a template.
    if (load_evtx<std::uint32_t>(chunk_.data() + offset + 4) != id) { return common::fail(EvtxErrc::bad_template); }
    const auto is_it = [offset, place](const Program& program) {
        return program.offset == offset && program.node == place.node;
    };
    if (last_program_ >= programs_.size() || !is_it(programs_[last_program_])) {
        const auto known = std::find_if(programs_.begin(), programs_.end(), is_it);
        last_program_ = static_cast<std::size_t>(known - programs_.begin());
        if (known == programs_.end()) {
            if (programs_.size() == kMaxPrograms) { return common::fail(EvtxErrc::too_large); }
            const std::size_t size = load_evtx<std::uint32_t>(chunk_.data() + offset + 20);
            const std::size_t start = offset + kEvtxTemplateHeaderBytes;
            if (chunk_.size() - start < size) { return common::fail(EvtxErrc::bad_template); }
            programs_.push_back(compile_program({chunk_, start, start + size, false}, place));
            programs_.back().offset = offset;
        }
    }
    const Program& program = programs_[last_program_];
    if (program.error != EvtxErrc::none) { return common::fail(EvtxErrc(program.error)); }
    return program;
}

EvtxDecoder::Program EvtxDecoder::compile_program(EvtxCursor in, EvtxPlace place) {
    Program program;
    program.node = place.node;
    program.first_op = static_cast<std::uint32_t>(templates_.ops.size());
    if (token_of(in.peek()) == EvtxToken::fragment_header) { in.skip(4); }
    const bool element = token_of(in.peek()) == EvtxToken::open_element && in.left() != 0;
    program.error = element ? compiler_.compile(in, place, true, templates_) : EvtxErrc::bad_template;
    program.op_count = static_cast<std::uint32_t>(templates_.ops.size()) - program.first_op;
    return program;
}

EvtxErrc EvtxDecoder::run(const EvtxCode& code, const Program& program, Values values, EvtxPlace place) {
    for (std::uint32_t i = 0; i < program.op_count; ++i) {
        if (!spend(1, 0)) { return EvtxErrc::too_large; }
        const EvtxOp op = code.ops[program.first_op + i]; // a copy: nested fragments may move the list
        if (op.step == EvtxStep::system) {
            draft_->note(Role::system_wrapper, {"System", 0});
            continue;
        }
        if (op.step == EvtxStep::empty) {
            if (NameEdge* const edge = edge_of(op, values, place)) { run_empty(code, op, values, *edge); }
            continue;
        }
        if (const EvtxErrc error = run_text(code, op, values, place); error != EvtxErrc::none) { return error; }
    }
    return EvtxErrc::none;
}

NameEdge* EvtxDecoder::edge_of(const EvtxOp& op, Values values, EvtxPlace place) {
    if (op.name_value == kNoSubstitution) { return op.edge; }
    if (static_cast<std::uint32_t>(op.name_value) >= values.count) { return nullptr; }
    const EvtxText name = text_of(values_[values.first + static_cast<std::uint32_t>(op.name_value)]);
    const bool kept = op.node < NameTree::kFirstScratchNode;
    // A template compiled further out may run deep inside: the tree's room for one look-up ends somewhere.
    const std::size_t depth = std::min<std::size_t>(op.depth + place.depth, kMaxEvtxDepth);
    return &draft_->tree().find(kept ? op.node : NameTree::kOther, name.text, depth);
}

void EvtxDecoder::run_empty(const EvtxCode& code, const EvtxOp& op, Values values, NameEdge& edge) {
    for (std::uint32_t i = 0; i < op.piece_count; ++i) {
        const auto index = static_cast<std::uint32_t>(code.pieces[op.first_piece + i].value);
        if (index < values.count && !is_null(values_[values.first + index])) { return; }
    }
    draft_->add(edge, {}, event::ValueType::null);
}

EvtxErrc EvtxDecoder::run_text(const EvtxCode& code, const EvtxOp& op, Values values, EvtxPlace place) {
    for (std::uint32_t i = 0; i < op.piece_count; ++i) {
        const EvtxPiece& piece = code.pieces[op.first_piece + i];
        if (piece.value >= 0 && static_cast<std::uint32_t>(piece.value) >= values.count) {
            return EvtxErrc::bad_substitution;
        }
    }
    NameEdge* const edge = edge_of(op, values, place);
    if (edge == nullptr) { return EvtxErrc::bad_substitution; }
    if (op.piece_count > 1) { return join_pieces(code, op, values, *edge); }
    const EvtxPiece piece = op.piece_count == 0 ? EvtxPiece{} : code.pieces[op.first_piece];
    if (piece.value == kNoSubstitution) {
        draft_->add(*edge, piece.literal);
        return EvtxErrc::none;
    }
    const EvtxValue value = values_[values.first + static_cast<std::uint32_t>(piece.value)];
    if (is_null(value) && (op.attribute || op.quiet)) { return EvtxErrc::none; }
    return run_value(op, *edge, value, place);
}

EvtxErrc EvtxDecoder::run_value(const EvtxOp& op, NameEdge& edge, const EvtxValue& value, EvtxPlace place) {
    const EvtxType type = item_type(value.type);
    if (value.type == static_cast<std::uint8_t>(EvtxType::binxml)) {
        EvtxCursor in{chunk_, value.offset, std::size_t{value.offset} + value.size, false};
        const auto depth = static_cast<std::uint8_t>(std::min<std::size_t>(place.depth + op.depth, kMaxEvtxDepth));
        const NodeId node = edge.kept ? draft_->tree().child(edge, depth) : NameTree::kOther;
        const bool kept = node < NameTree::kFirstScratchNode;
        const auto nest = static_cast<std::uint8_t>(place.nest + 1);
        return run_fragment(in, {kept ? node : NameTree::kOther, depth, nest});
    }
    if ((value.type & kEvtxTypeArray) == 0 || value.size == 0) {
        if (!spend(0, value.size)) { return EvtxErrc::too_large; }
        if (type == EvtxType::file_time && edge.role == Role::time_created && value.size == 8) {
            const auto time = evtx_time(load_evtx<std::uint64_t>(chunk_.data() + value.offset));
            if (time) { draft_->set_time(*time, TimeRank::own); }
        }
        const EvtxText text = value.type == static_cast<std::uint8_t>(type) ? text_of(value) : EvtxText{};
        draft_->add(edge, text.text, text.type);
        return EvtxErrc::none;
    }
    for (std::string_view rest = chunk_.substr(value.offset, value.size); !rest.empty();) {
        if (!spend(1, value.size)) { return EvtxErrc::too_large; }
        const EvtxText text = evtx_text(take_evtx_item(rest, type), type, draft_->arena(), repaired_);
        draft_->add(edge, text.text, text.type);
    }
    return EvtxErrc::none;
}

EvtxErrc EvtxDecoder::join_pieces(const EvtxCode& code, const EvtxOp& op, Values values, NameEdge& edge) {
    std::size_t room = 0;
    for (std::uint32_t i = 0; i < op.piece_count; ++i) {
        const EvtxPiece& piece = code.pieces[op.first_piece + i];
        const std::size_t size =
            piece.value < 0 ? 0 : values_[values.first + static_cast<std::uint32_t>(piece.value)].size;
        room += std::max(piece.literal.size(), 64 + 3 * size);
    }
    if (!spend(0, room)) { return EvtxErrc::too_large; }
    std::string_view whole;
    for (std::uint32_t i = 0; i < op.piece_count; ++i) {
        const EvtxPiece& piece = code.pieces[op.first_piece + i];
        const std::string_view part =
            piece.value < 0 ? piece.literal
                            : text_of(values_[values.first + static_cast<std::uint32_t>(piece.value)]).text;
        char* const text = draft_->arena().allocate(whole.size() + part.size());
        std::copy(part.begin(), part.end(), std::copy(whole.begin(), whole.end(), text));
        whole = {text, whole.size() + part.size()};
    }
    draft_->add(edge, whole);
    return EvtxErrc::none;
}

EvtxText EvtxDecoder::text_of(const EvtxValue& value) {
    return evtx_text(chunk_.substr(value.offset, value.size), static_cast<EvtxType>(value.type), draft_->arena(),
                     repaired_);
}

bool EvtxDecoder::spend(std::uint32_t steps, std::size_t text) noexcept {
    if (record_steps_ < steps || chunk_steps_ < steps || record_text_ < text || chunk_text_ < text) { return false; }
    record_steps_ -= steps;
    chunk_steps_ -= steps;
    record_text_ -= text;
    chunk_text_ -= text;
    return true;
}

void decode_evtx_record(std::string_view chunk, std::string_view record, EvtxDecoder& decoder, EventDraft& draft) {
    const std::less_equal<> before;
    const bool inside =
        before(chunk.data(), record.data()) && before(record.data() + record.size(), chunk.data() + chunk.size());
    const auto offset = inside ? static_cast<std::uint32_t>(record.data() - chunk.data()) : 0U;
    const auto done = decoder.decode(inside ? chunk : record, offset, static_cast<std::uint32_t>(record.size()), draft);
    if (!done) {
        draft.clear();
        draft.set_unparsed(evtx_readable_text(record, draft.arena()), describe(done.error(), draft.arena()));
        return;
    }
    if (!finish_windows_event(draft)) { draft.set_format(event::Format::windows_event); }
}

} // namespace canhgac::collector
