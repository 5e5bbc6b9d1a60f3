#include "collector/decoders/evtx_program.hpp"

#include <algorithm>

#include "collector/decoders/evtx_values.hpp"

namespace canhgac::collector {

namespace {

constexpr std::size_t kStepCost = 16; ///< a step's share of the budget, beside its texts

std::string_view entity_text(std::string_view name) noexcept {
    if (name == "lt") { return "<"; }
    if (name == "gt") { return ">"; }
    if (name == "amp") { return "&"; }
    if (name == "quot") { return "\""; }
    return name == "apos" ? "'" : std::string_view{};
}

} // namespace

bool EvtxCompiler::spend(std::size_t bytes) noexcept {
    const bool enough = *budget_ >= bytes;
    *budget_ -= enough ? bytes : *budget_;
    return enough;
}

/// A name lies where it is used first; elsewhere an offset leads to it.
EvtxErrc EvtxCompiler::read_name(EvtxCursor& in, std::string_view& name) {
    constexpr std::size_t kNameHeaderBytes = 8; // next name with this hash, hash, number of characters
    const std::size_t offset = in.take<std::uint32_t>();
    if (in.failed) { return EvtxErrc::truncated; }
    if (offset >= in.chunk.size() || in.chunk.size() - offset < kNameHeaderBytes) { return EvtxErrc::bad_name; }
    const std::size_t bytes = 2 * std::size_t{load_evtx<std::uint16_t>(in.chunk.data() + offset + 6)};
    if (in.chunk.size() - offset - kNameHeaderBytes < bytes) { return EvtxErrc::bad_name; }
    if (!spend(bytes)) { return EvtxErrc::too_large; }
    if (offset == in.at) {
        in.skip(kNameHeaderBytes + bytes + 2);
        if (in.failed) { return EvtxErrc::truncated; }
    }
    bool repaired = false;
    name = evtx_utf16(in.chunk.substr(offset + kNameHeaderBytes, bytes), *names_, repaired);
    return EvtxErrc::none;
}

/// Appends one part of a text; `found` false: the token at `in` is none.
EvtxErrc EvtxCompiler::read_piece(EvtxCursor& in, std::vector<EvtxPiece>& pieces, bool& found) {
    found = true;
    bool repaired = false;
    switch (token_of(in.peek())) {
    case EvtxToken::value:
    case EvtxToken::cdata: {
        const bool typed = token_of(in.take<std::uint8_t>()) == EvtxToken::value;
        if (typed && in.take<std::uint8_t>() != static_cast<std::uint8_t>(EvtxType::utf16)) {
            return EvtxErrc::bad_token; // MS-EVEN6: a value text is a string
        }
        const std::size_t bytes = 2 * std::size_t{in.take<std::uint16_t>()};
        const std::string_view text = in.take_bytes(bytes);
        if (in.failed) { return EvtxErrc::truncated; }
        if (!spend(bytes)) { return EvtxErrc::too_large; }
        pieces.push_back({evtx_utf16(text, *literals_, repaired), kNoSubstitution});
        return EvtxErrc::none;
    }
    case EvtxToken::character: {
        const std::string_view text = in.take_bytes(3);
        if (in.failed) { return EvtxErrc::truncated; }
        pieces.push_back({evtx_utf16(text.substr(1), *literals_, repaired), kNoSubstitution});
        return EvtxErrc::none;
    }
    case EvtxToken::entity: {
        in.skip(1);
        std::string_view name;
        if (const EvtxErrc error = read_name(in, name); error != EvtxErrc::none) { return error; }
        pieces.push_back({entity_text(name), kNoSubstitution});
        return EvtxErrc::none;
    }
    case EvtxToken::normal_substitution:
    case EvtxToken::optional_substitution: {
        const std::string_view token = in.take_bytes(4);
        if (in.failed) { return EvtxErrc::truncated; }
        pieces.push_back({{}, load_evtx<std::uint16_t>(token.data() + 1)});
        return EvtxErrc::none;
    }
    default:
        found = false;
        return EvtxErrc::none;
    }
}

EvtxErrc EvtxCompiler::read_attributes(EvtxCursor& in) {
    attributes_.clear();
    attribute_pieces_.clear();
    while (token_of(in.peek()) == EvtxToken::attribute && in.left() != 0) {
        in.skip(1);
        if (!spend(kStepCost)) { return EvtxErrc::too_large; }
        Attribute attribute;
        if (const EvtxErrc error = read_name(in, attribute.name); error != EvtxErrc::none) { return error; }
        attribute.first_piece = static_cast<std::uint32_t>(attribute_pieces_.size());
        for (bool found = true; found;) {
            if (!spend(kStepCost)) { return EvtxErrc::too_large; }
            if (const EvtxErrc error = read_piece(in, attribute_pieces_, found); error != EvtxErrc::none) {
                return error;
            }
        }
        attribute.piece_count = static_cast<std::uint32_t>(attribute_pieces_.size()) - attribute.first_piece;
        attributes_.push_back(attribute);
    }
    return EvtxErrc::none;
}

NameEdge* EvtxCompiler::edge_of(NodeId node, std::string_view key, std::size_t depth) {
    NameEdge& edge = tree_->find(node, key, depth);
    if (edge.kept) { return &edge; }
    NameEdge& own = code_->edges.emplace_back(edge); // beyond the tree's limits: the edge lives for one look-up
    if (own.overflow) { own.name = names_->copy(own.name); }
    return &own;
}

NodeId EvtxCompiler::node_of(Open& open) {
    if (open.node == 0) {
        open.node = open.edge == nullptr ? NameTree::kOther : tree_->child(*open.edge, open_.size() + place_.depth);
    }
    return open.node;
}

EvtxOp& EvtxCompiler::add_op(EvtxStep step, const Open& open) {
    EvtxOp& op = code_->ops.emplace_back();
    op.step = step;
    op.edge = open.edge;
    op.node = open.parent;
    op.name_value = open.name_value;
    op.depth = static_cast<std::uint8_t>(open_.size());
    op.first_piece = static_cast<std::uint32_t>(code_->pieces.size());
    return op;
}

/// `<Data Name="X">` is called X, and its other attributes say nothing; everything else is called what it is.
void EvtxCompiler::name_element(Open& open, std::string_view name) {
    const auto named = name == "Data" ? std::find_if(attributes_.begin(), attributes_.end(),
                                                     [](const Attribute& one) { return one.name == "Name"; })
                                      : attributes_.end();
    if (named != attributes_.end() && named->piece_count == 1) {
        const EvtxPiece& piece = attribute_pieces_[named->first_piece];
        if (piece.value != kNoSubstitution) {
            open.name_value = piece.value;
            attributes_.clear();
            return;
        }
        name = piece.literal;
        attributes_.clear();
    }
    open.edge = edge_of(open.parent, name, open_.size() + place_.depth);
}

void EvtxCompiler::add_attributes(Open& open) {
    if (attributes_.empty()) { return; }
    const std::size_t depth = open_.size() + place_.depth;
    NameEdge* const list = edge_of(node_of(open), "#attributes", depth + 1);
    const NodeId node = tree_->child(*list, depth + 1);
    for (const Attribute& attribute : attributes_) {
        Open place;
        place.edge = edge_of(node, attribute.name, depth + 2);
        if (place.edge->role == Role::dropped) {
            open.has_content = true;
            continue;
        }
        EvtxOp& op = add_op(EvtxStep::text, place);
        op.attribute = true;
        op.piece_count = attribute.piece_count;
        for (std::uint32_t i = 0; i < attribute.piece_count; ++i) {
            const EvtxPiece& piece = attribute_pieces_[attribute.first_piece + i];
            code_->pieces.push_back(piece);
            open.has_content = open.has_content || piece.value == kNoSubstitution;
            if (piece.value != kNoSubstitution) { attribute_values_.push_back(piece); }
        }
    }
}

/// Reads up to the end of the start tag.
EvtxErrc EvtxCompiler::open_element(EvtxCursor& in, bool dependency) {
    constexpr std::size_t kSizeBytes = 4;
    const bool more = (in.take<std::uint8_t>() & kEvtxTokenMore) != 0;
    if (open_.size() + place_.depth >= kMaxEvtxDepth) { return EvtxErrc::too_deep; }
    if (!spend(kStepCost)) { return EvtxErrc::too_large; }
    // The size of the element tells where there is an identifier in front of it, whatever the context promises.
    const auto fits = [&in](std::size_t skip) {
        return in.left() >= skip + kSizeBytes &&
               load_evtx<std::uint32_t>(in.chunk.data() + in.at + skip) <= in.left() - skip - kSizeBytes;
    };
    if (!fits(dependency ? 2 : 0) && fits(dependency ? 0 : 2)) { dependency = !dependency; }
    in.skip((dependency ? 2 : 0) + kSizeBytes);
    std::string_view name;
    if (const EvtxErrc error = read_name(in, name); error != EvtxErrc::none) { return error; }
    attributes_.clear();
    if (more) {
        in.skip(kSizeBytes);
        if (const EvtxErrc error = read_attributes(in); error != EvtxErrc::none) { return error; }
    }
    Open open;
    if (open_.empty()) {
        open.parent = place_.node;
    } else {
        Open& above = open_.back();
        flush_content(above, true);
        above.has_content = true;
        open.parent = node_of(above);
    }
    open.first_attribute_value = static_cast<std::uint32_t>(attribute_values_.size());
    open.first_content = static_cast<std::uint32_t>(content_.size());
    open_.push_back(open);
    name_element(open_.back(), name);
    if (open_.back().edge != nullptr && open_.back().edge->role == Role::system_wrapper) {
        add_op(EvtxStep::system, open_.back());
    }
    add_attributes(open_.back());
    switch (token_of(in.take<std::uint8_t>())) {
    case EvtxToken::close_start:
        return EvtxErrc::none;
    case EvtxToken::close_empty:
        close_element();
        return EvtxErrc::none;
    default:
        return in.failed ? EvtxErrc::truncated : EvtxErrc::bad_token;
    }
}

/// Writes out the text read so far.
void EvtxCompiler::flush_content(Open& open, bool quiet) {
    if (content_.size() == open.first_content) { return; }
    EvtxOp& op = add_op(EvtxStep::text, open);
    op.quiet = quiet || open.has_content || attribute_values_.size() != open.first_attribute_value;
    op.piece_count = static_cast<std::uint32_t>(content_.size()) - open.first_content;
    code_->pieces.insert(code_->pieces.end(), content_.begin() + open.first_content, content_.end());
    content_.resize(open.first_content);
}

void EvtxCompiler::close_element() {
    Open& open = open_.back();
    if (content_.size() == open.first_content && !open.has_content) {
        EvtxOp& op = add_op(EvtxStep::empty, open);
        op.piece_count = static_cast<std::uint32_t>(attribute_values_.size()) - open.first_attribute_value;
        code_->pieces.insert(code_->pieces.end(), attribute_values_.begin() + open.first_attribute_value,
                             attribute_values_.end());
    }
    flush_content(open, false);
    attribute_values_.resize(open.first_attribute_value);
    open_.pop_back();
}

/// One token of an element's content.
EvtxErrc EvtxCompiler::read_content(EvtxCursor& in, bool dependency) {
    if (in.left() == 0) { return EvtxErrc::truncated; }
    if (!spend(kStepCost)) { return EvtxErrc::too_large; }
    switch (token_of(in.peek())) {
    case EvtxToken::open_element:
        return open_element(in, dependency);
    case EvtxToken::end_element:
        in.skip(1);
        close_element();
        return EvtxErrc::none;
    case EvtxToken::pi_target: {
        in.skip(1);
        std::string_view name;
        return read_name(in, name);
    }
    case EvtxToken::pi_data:
        in.skip(1);
        in.skip(2 * std::size_t{in.take<std::uint16_t>()});
        return in.failed ? EvtxErrc::truncated : EvtxErrc::none;
    default: {
        bool found = false;
        const EvtxErrc error = read_piece(in, content_, found);
        return error == EvtxErrc::none && !found ? EvtxErrc::bad_token : error;
    }
    }
}

EvtxErrc EvtxCompiler::compile(EvtxCursor& in, EvtxPlace place, bool dependency, EvtxCode& code) {
    code_ = &code;
    place_ = place;
    open_.clear();
    attribute_values_.clear();
    content_.clear();
    EvtxErrc error = open_element(in, dependency);
    while (error == EvtxErrc::none && !open_.empty()) {
        error = read_content(in, dependency);
    }
    return error;
}

} // namespace canhgac::collector
